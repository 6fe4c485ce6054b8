import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  parseHash,
  type PasswordHash,
  type Pbkdf2Hash,
} from "../../../plugins/_password/hash.ts";
import { PasswordPool } from "../../../plugins/_password/pool.ts";
import { PasswordVerifier } from "../../../plugins/_password/verifier.ts";
import { RecordingLogger } from "./_context.ts";

const HASH = parseHash(
  "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
) as PasswordHash;
const SLOW_PBKDF2 = parseHash(
  "$7$100000$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==",
) as Pbkdf2Hash;

const QUICK_PBKDF2 = parseHash(
  "$7$101$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==",
) as Pbkdf2Hash;

function secret(): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode("correct horse");
}

/** A worker's module with the given code. */
function script(code: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Answers `true`, but dies of a password that begins with "!". */
const FRAGILE = script(`
  self.onmessage = ({ data }) => {
    if (data.password[0] === 33) throw new Error("broken on purpose");
    self.postMessage({ ok: true });
  };
`);

Deno.test("PasswordPool does not check what a full queue cannot take, and warns once", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 1, queueLimit: 2 });
  try {
    const checks = Array.from(
      { length: 6 },
      () => pool.verify(HASH, secret()),
    );
    assertEquals(
      await Promise.all(checks),
      [true, true, true, undefined, undefined, undefined],
    );
    assertEquals(logger.lines.length, 1);
    assertStringIncludes(logger.lines[0], "warn: Cannot check a password: 2");
    assertEquals(await pool.verify(HASH, secret()), true);
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool works with several workers", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 3, queueLimit: 10 });
  try {
    const checks = Array.from(
      { length: 9 },
      () => pool.verify(HASH, secret()),
    );
    assertEquals(await Promise.all(checks), Array(9).fill(true));
    assertEquals(logger.lines, []);
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool has no answer when its worker crashes, and starts another one", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({
    logger,
    workers: 1,
    queueLimit: 10,
    script: FRAGILE,
  });
  try {
    const checks = ["a", "!", "b", "!"].map((text) =>
      pool.verify(HASH, new TextEncoder().encode(text))
    );
    assertEquals(await Promise.all(checks), [true, undefined, true, undefined]);
    assertEquals(await pool.verify(HASH, secret()), true);
    assertEquals(logger.lines.length, 2);
    assertStringIncludes(logger.lines[0], "error: Cannot check a password");
    assertStringIncludes(logger.lines[0], "broken on purpose");
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool has no answers when its worker cannot start", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({
    logger,
    workers: 1,
    queueLimit: 10,
    script: script("throw new Error('does not start');"),
  });
  try {
    const checks = Array.from(
      { length: 3 },
      () => pool.verify(HASH, secret()),
    );
    assertEquals(await Promise.all(checks), Array(3).fill(undefined));
    assertStringIncludes(logger.lines[0], "does not start");
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool has no answer when the check itself fails", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 1, queueLimit: 10 });
  try {
    const broken = { ...HASH, salt: new Uint8Array(3) } as PasswordHash;
    assertEquals(await pool.verify(broken, secret()), undefined);
    assertEquals(logger.lines.length, 1);
    assertStringIncludes(logger.lines[0], "warn: Cannot check a password: ");
    assertEquals(await pool.verify(HASH, secret()), true);
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool ends running and waiting checks when it is closed", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 1, queueLimit: 10 });
  const checks = [pool.verify(HASH, secret()), pool.verify(HASH, secret())];
  pool.close();
  assertEquals(await Promise.all(checks), [undefined, undefined]);
  assertEquals(await pool.verify(HASH, secret()), undefined);
});

Deno.test("PasswordPool does not check what has waited too long: nobody waits for it any more", async () => {
  const logger = new RecordingLogger();
  const slow = script(`
    self.onmessage = async () => {
      await new Promise((done) => setTimeout(done, 200));
      self.postMessage({ ok: true });
    };
  `);
  const pool = new PasswordPool({
    logger,
    workers: 1,
    queueLimit: 10,
    patience: 100,
    script: slow,
  });
  try {
    const checks = Array.from({ length: 3 }, () => pool.verify(HASH, secret()));
    assertEquals(await Promise.all(checks), [true, undefined, undefined]);
    assertEquals(await pool.verify(HASH, secret()), true);
  } finally {
    pool.close();
  }
});

for (const hash of [SLOW_PBKDF2, QUICK_PBKDF2]) {
  Deno.test(`PasswordVerifier limits the PBKDF2 checks of ${hash.iterations} rounds`, async () => {
    const logger = new RecordingLogger();
    const verifier = new PasswordVerifier({
      logger,
      workers: 1,
      queueLimit: 2,
    });
    const checks = Array.from(
      { length: 4 },
      () => verifier.verify(hash, secret()),
    );
    assertEquals(await checks[3], undefined);
    await verifier.close();
    await Promise.all(checks);
    assertEquals(await verifier.verify(hash, secret()), undefined);
  });
}
Deno.test("PasswordVerifier makes hashes in its workers", async () => {
  const logger = new RecordingLogger();
  const verifier = new PasswordVerifier({ logger, workers: 1 });
  const text = await verifier.make("argon2", secret());
  const hash = parseHash(text ?? "") as PasswordHash;
  assertEquals(await verifier.verify(hash, secret()), true);
  assertEquals(await verifier.make("bcrypt", new Uint8Array(100)), undefined);
  await verifier.close();
  assertEquals(await verifier.make("argon2", secret()), undefined);
  assertEquals(logger.lines, []);
});
