import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  parseHash,
  type PasswordHash,
} from "../../../plugins/_password/hash.ts";
import { PasswordPool } from "../../../plugins/_password/pool.ts";
import { PasswordVerifier } from "../../../plugins/_password/verifier.ts";
import { RecordingLogger } from "./_context.ts";

const HASH = parseHash(
  "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
) as PasswordHash;
const SLOW_PBKDF2 = parseHash(
  "$7$100000$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==",
) as PasswordHash;

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

Deno.test("PasswordPool denies what a full queue cannot take, and warns once", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 1, queueLimit: 2 });
  try {
    const checks = Array.from(
      { length: 6 },
      () => pool.verify(HASH, secret()),
    );
    assertEquals(
      await Promise.all(checks),
      [true, true, true, false, false, false],
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

Deno.test("PasswordPool denies when its worker crashes, and starts another one", async () => {
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
    assertEquals(await Promise.all(checks), [true, false, true, false]);
    assertEquals(await pool.verify(HASH, secret()), true);
    assertEquals(logger.lines.length, 2);
    assertStringIncludes(logger.lines[0], "error: Cannot check a password");
    assertStringIncludes(logger.lines[0], "broken on purpose");
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool denies everybody when its worker cannot start", async () => {
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
    assertEquals(await Promise.all(checks), [false, false, false]);
    assertStringIncludes(logger.lines[0], "does not start");
  } finally {
    pool.close();
  }
});

Deno.test("PasswordPool denies when the check itself fails", async () => {
  const logger = new RecordingLogger();
  const pool = new PasswordPool({ logger, workers: 1, queueLimit: 10 });
  try {
    const broken = { ...HASH, salt: new Uint8Array(3) } as PasswordHash;
    assertEquals(await pool.verify(broken, secret()), false);
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
  assertEquals(await Promise.all(checks), [false, false]);
  assertEquals(await pool.verify(HASH, secret()), false);
});

Deno.test("PasswordVerifier limits the PBKDF2 checks that run at once", async () => {
  const logger = new RecordingLogger();
  const verifier = new PasswordVerifier({ logger, workers: 1, queueLimit: 2 });
  const checks = Array.from(
    { length: 3 },
    () => verifier.verify(SLOW_PBKDF2, secret()),
  );
  assertEquals(await checks[2], false);
  assertEquals(logger.lines.length, 1);
  await verifier.close();
  await Promise.all(checks);
  assertEquals(await verifier.verify(SLOW_PBKDF2, secret()), false);
});
