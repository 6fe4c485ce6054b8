import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { parseHash } from "../../../plugins/_password/hash.ts";
import {
  decoyHash,
  isOutdated,
  makeHash,
  type NewHashScheme,
} from "../../../plugins/_password/make.ts";
import { verifyPassword } from "../../../plugins/_password/verify.ts";

async function verify(text: string, password: string): Promise<boolean> {
  const hash = parseHash(text);
  assert(typeof hash !== "string", `${text}: ${hash}`);
  return await verifyPassword(hash, new TextEncoder().encode(password));
}

/** Each row: what made the hash, the hash, the password. */
const VECTORS: ReadonlyArray<[string, string, string]> = [
  [
    "argon2id with the parameters of aMQTT",
    "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$L1b1NjppUoj/KIEORq1pof4waLxklM0mqKZzt9nCsKI",
    "correct horse",
  ],
  [
    "argon2i",
    "$argon2i$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$KuC7rtmbFYDshX2KbKZjJ6KD/vxEmx9HeYrx1ZrGSWE",
    "correct horse",
  ],
  [
    "argon2d",
    "$argon2d$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$XR/4TZL+nz3YNKwFGdftKI9IgtFHjOF0sqgzOy/oIps",
    "correct horse",
  ],
  [
    "openssl passwd -6",
    "$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
    "correct horse",
  ],
  [
    "openssl passwd -5",
    "$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC",
    "correct horse",
  ],
  [
    "crypt(3), sha512 with rounds",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
    "Hello world!",
  ],
  [
    "crypt(3), sha256 with rounds",
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
    "Hello world!",
  ],
  [
    "crypt(3), sha512 with a long password",
    "$6$rounds=1001$abcdefgh$bYhf57uaQ5BVLY.MjsneOWVaEtpjW940TTgoave5ZbSSvcqPU08sytNOsqZuxEXRIqDjcu6rnWmtGNCwS5Kvg/",
    "x".repeat(100),
  ],
  [
    "crypt(3), sha256 with a long password",
    "$5$rounds=1001$abcdefgh$nz5bc7.urf7QIz8MLJ.0UQQlIXXEudOEbSTm1hJa9f9",
    "x".repeat(100),
  ],
  [
    "crypt(3), sha512 with a password beyond ASCII",
    "$6$rounds=1000$s$EA1li0uV28VsN/ElKoJrC/QVETpgfv/5AWb7KMkcwnbJ7uDP6n1neUzaqW2ktwv1OCfU7/aq69tdYazPt07cA0",
    "café",
  ],
  [
    "bcrypt 2b",
    "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "correct horse",
  ],
  [
    "bcrypt 2y",
    "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "correct horse",
  ],
  [
    "bcrypt 2a with a password beyond ASCII",
    "$2a$04$abcdefghijklmnopqrstuuusvfeYzFuQdqd.KjimlRKkZ2QcoHWhO",
    "café",
  ],
  [
    "bcrypt with a password that is longer than it reads",
    "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
    "x".repeat(100),
  ],
  [
    "mosquitto_passwd, PBKDF2",
    "$7$101$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==",
    "correct horse",
  ],
  [
    "mosquitto_passwd, SHA-512",
    "$6$HoU14qjfCCetkBwX$2C2FjlQYTDahlStVi0jYyMTkgXr2OfJI2m90SoteFB9iW7UoBikFfCFjHdrhphbkmnZHdwafudDqI9M+E3CpBA==",
    "correct horse",
  ],
  [
    "passlib, pbkdf2-sha256 with dots in its base 64",
    "$pbkdf2-sha256$1000$....AAECAwQFBgcICQoLDA$Rd/AWIkwp1Wxc5JZtZBEqEbH5XlMtkZyydEDn2liAbc",
    "correct horse",
  ],
  [
    "passlib, scrypt",
    "$scrypt$ln=10,r=8,p=1$++++AAECAwQFBgcICQoLDA$U+BaaVemzw0wxSMXAFlh6mUfEOetddHIAFC0u4Csluc",
    "correct horse",
  ],
];

for (const [name, hash, password] of VECTORS) {
  Deno.test(`verifyPassword() accepts only the right password: ${name}`, async () => {
    assertEquals(await verify(hash, password), true);
    assertEquals(await verify(hash, `y${password}`), false);
  });
}

Deno.test("verifyPassword() takes a null byte as no end of a bcrypt password", async () => {
  const hash = "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
  assertEquals(await verify(hash, "correct horse\0correct horse"), false);
});

/** Each row: a hash that cannot be used, and a part of the reason. */
const REFUSED: ReadonlyArray<[string, string]> = [
  ["secret", "not known"],
  ["$1$abc$OGyl6dDvZCDiGmIVbeuCq/", "not known"],
  ["$2x$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", "not known"],
  ["$2b$05$tooshort", "malformed"],
  [
    "$2b$31$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "the cost 31",
  ],
  ["$5$salt$x", "malformed"],
  ["$6$salt$x", "malformed"],
  [`$6$rounds=900000000$salt$${"x".repeat(86)}`, "900000000 rounds"],
  [`$5$salt$${"x".repeat(86)}`, "malformed"],
  ["$7$101$8g03eNwaXoXWJaCV$pnh2", "malformed"],
  [`$7$999999999$8g03eNwaXoXWJaCV$${"A".repeat(86)}==`, "iterations"],
  ["$argon2id$v=19$m=65536$abc", "malformed"],
  [
    "$argon2id$v=16$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$KuC7rtmbFYDshX2KbKZjJ6KD/vxEmx9HeYrx1ZrGSWE",
    "version 16",
  ],
  [
    "$argon2id$v=19$m=4194304,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$KuC7rtmbFYDshX2KbKZjJ6KD/vxEmx9HeYrx1ZrGSWE",
    "4194304 KiB of memory",
  ],
  [
    "$argon2id$v=19$m=256,t=2000,p=1$MDEyMzQ1Njc4OWFiY2RlZg$KuC7rtmbFYDshX2KbKZjJ6KD/vxEmx9HeYrx1ZrGSWE",
    "2000 passes",
  ],
  [
    "$argon2id$v=19$m=8,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$KuC7rtmbFYDshX2KbKZjJ6KD/vxEmx9HeYrx1ZrGSWE",
    "4 lanes",
  ],
  ["$argon2id$v=19$m=256,t=2,p=1$MDEyMz$KuC7", "malformed"],
  ["$pbkdf2-sha256$1000$AAECAw", "malformed"],
  [`$pbkdf2-sha256$999999999$AAECAw$${"A".repeat(43)}`, "iterations"],
  ["$scrypt$ln=10,r=8$AAECAw$AAECAw", "malformed"],
  [`$scrypt$ln=30,r=8,p=1$AAECAw$${"A".repeat(43)}`, "bytes of memory"],
  [`$scrypt$ln=10,r=8,p=99$AAECAw$${"A".repeat(43)}`, "99 lanes"],
];

for (const [text, reason] of REFUSED) {
  Deno.test(`parseHash() refuses ${text.slice(0, 40)}`, () => {
    const result = parseHash(text);
    assert(typeof result === "string");
    assertStringIncludes(result, reason);
    assertEquals(result.includes(text), false);
  });
}

for (const scheme of ["argon2", "bcrypt"] satisfies NewHashScheme[]) {
  Deno.test(`makeHash() makes ${scheme} hashes that nobody has to replace`, async () => {
    const password = new TextEncoder().encode("correct horse");
    const text = await makeHash(scheme, password);
    const hash = parseHash(text);
    assert(typeof hash !== "string", `${text}: ${hash}`);
    assertEquals(hash.kind, scheme);
    assertEquals(isOutdated(hash, scheme), false);
    assertEquals(isOutdated(decoyHash(scheme), scheme), false);
    assertEquals(await verify(text, "correct horse"), true);
    assertEquals(await verify(text, "wrong"), false);
    assertNotEquals(await makeHash(scheme, password), text);
  });
}

Deno.test("isOutdated() finds other kinds and weaker hashes", () => {
  const outdated = (text: string, scheme: NewHashScheme) => {
    const hash = parseHash(text);
    assert(typeof hash !== "string", `${text}: ${hash}`);
    return isOutdated(hash, scheme);
  };
  for (const [name, text] of VECTORS) {
    const isNew = name === "argon2id with the parameters of aMQTT";
    assertEquals(outdated(text, "argon2"), !isNew, name);
    assertEquals(outdated(text, "bcrypt"), true, name);
  }
  const strong = "$2b$13$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
  assertEquals(outdated(strong, "bcrypt"), false);
});

Deno.test("makeHash() refuses what bcrypt would cut off", async () => {
  for (
    const [scheme, password, reason] of [
      ["bcrypt", "x".repeat(73), "72 bytes only"],
      ["bcrypt", "a\0b", "null byte"],
      ["argon2", "", "empty"],
      ["argon2", "x".repeat(1025), "1024 bytes"],
    ] as const
  ) {
    await assertRejects(
      () => makeHash(scheme, new TextEncoder().encode(password)),
      TypeError,
      reason,
    );
  }
});
