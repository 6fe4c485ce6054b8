import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { makeCertificates } from "../../_certificates.ts";
import { makeAuth, makeKeys, makeToken, pem, withFolder } from "./_tokens.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const HS = { secretKey: SECRET.repeat(2), userClaim: "username" };
const ALICE = { username: "alice" };

/** Seconds since 1970, some from now. */
function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

Deno.test("aMQTT 41: auth_jwt: a valid token, an expired one", async () => {
  const { login } = await makeAuth(HS);
  const token = (exp: number) => makeToken({ ...ALICE, exp }, HS.secretKey);
  assertEquals(await login("alice", token(inSeconds(3600))), true);
  assertEquals(await login("alice", token(inSeconds(-3600))), false);
  assertEquals(await login("bob", token(inSeconds(3600))), false);
});

Deno.test("auth_jwt leaves clients without user name or password to others", async () => {
  const { login } = await makeAuth(HS);
  assertEquals(await login(undefined), undefined);
  assertEquals(await login(undefined, makeToken({}, "k")), undefined);
  assertEquals(await login("", "x"), undefined);
  assertEquals(await login("alice"), undefined);
  assertEquals(await login("alice", ""), undefined);
});

for (const algorithm of ["HS256", "HS384", "HS512"]) {
  Deno.test(`auth_jwt checks ${algorithm}`, async () => {
    const { login } = await makeAuth({ ...HS, algorithm });
    const token = makeToken(ALICE, HS.secretKey, algorithm);
    assertEquals(await login("alice", token), true);
    const other = makeToken(ALICE, SECRET, algorithm);
    assertEquals(await login("alice", other), false);
  });
}

const PUBLIC = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

for (const algorithm of PUBLIC) {
  Deno.test(`auth_jwt checks ${algorithm}`, async () => {
    await withFolder(async (folder) => {
      const keys = makeKeys(algorithm);
      const publicKeyFile = `${folder}/key.pem`;
      await Deno.writeTextFile(publicKeyFile, pem(keys));
      const { login } = await makeAuth({
        publicKeyFile,
        algorithms: [algorithm],
        userClaim: "username",
      });
      const token = makeToken(ALICE, keys, algorithm);
      assertEquals(await login("alice", token), true);
      const other = makeToken(ALICE, makeKeys(algorithm), algorithm);
      assertEquals(await login("alice", other), false);
    });
  });
}

Deno.test("auth_jwt accepts only the algorithms that are allowed", async () => {
  await withFolder(async (folder) => {
    const keys = makeKeys("RS256");
    const publicKeyFile = `${folder}/key.pem`;
    await Deno.writeTextFile(publicKeyFile, pem(keys));
    const { login } = await makeAuth({
      publicKeyFile,
      algorithms: ["RS256", "PS512"],
      userClaim: "username",
    });
    const tokens: Array<[string, boolean]> = [
      [makeToken(ALICE, keys, "RS256"), true],
      [makeToken(ALICE, keys, "PS512"), true],
      [makeToken(ALICE, keys, "RS384"), false],
      // The public key is no secret.
      [makeToken(ALICE, pem(keys), "HS256"), false],
      [makeToken(ALICE, "", "none"), false],
    ];
    for (const [token, expected] of tokens) {
      assertEquals(await login("alice", token), expected);
    }
    const [, claims, signature] = tokens[0][0].split(".");
    const header = Buffer.from('{"alg":"none"}').toString("base64url");
    for (
      const token of [
        `${header}.${claims}.`,
        `${header}.${claims}.${signature}`,
        tokens[0][0].slice(0, -4),
        `${tokens[0][0]}.`,
        "..",
        "secret",
        "\uFFFD",
      ]
    ) assertEquals(await login("alice", token), false, token);
  });
});

Deno.test("auth_jwt checks nbf, iss, aud and the claim of the user", async () => {
  const { login } = await makeAuth({
    ...HS,
    issuer: ["one", "two"],
    audience: "mqtt",
  });
  const good = { ...ALICE, iss: "two", aud: ["web", "mqtt"] };
  const cases: Array<[object, boolean]> = [
    [good, true],
    [{ ...good, nbf: inSeconds(-10), exp: inSeconds(600) }, true],
    [{ ...good, nbf: inSeconds(600) }, false],
    [{ ...good, iss: "three" }, false],
    [{ ...good, iss: undefined }, false],
    [{ ...good, aud: "web" }, false],
    [{ ...good, aud: undefined }, false],
    [{ ...good, username: "bob" }, false],
    [{ ...good, username: ["alice"] }, false],
    [{ iss: "one", aud: "mqtt", sub: "alice" }, false],
  ];
  for (const [claims, expected] of cases) {
    const token = makeToken(JSON.parse(JSON.stringify(claims)), HS.secretKey);
    assertEquals(await login("alice", token), expected, JSON.stringify(claims));
  }
});

Deno.test("auth_jwt: clock-tolerance, and sub for the user", async () => {
  const { login } = await makeAuth({
    secretKey: HS.secretKey,
    clockTolerance: 300,
  });
  const token = (exp: number) => makeToken({ sub: "alice", exp }, HS.secretKey);
  assertEquals(await login("alice", token(inSeconds(-100))), true);
  assertEquals(await login("alice", token(inSeconds(-400))), false);
});

Deno.test("auth_jwt says why it refuses a token, and shows neither token nor key", async () => {
  const { login, fake } = await makeAuth(HS);
  const token = makeToken({ ...ALICE, exp: inSeconds(-10) }, HS.secretKey);
  await login("alice", token);
  await login("bob", makeToken(ALICE, HS.secretKey));
  assertEquals(fake.logger.lines, [
    "debug: Token refused",
    "debug: Token refused",
  ]);
});

Deno.test("auth_jwt warns of a secret that can be guessed", async () => {
  const { fake } = await makeAuth({ secretKey: "secret" });
  assertEquals(fake.logger.lines, [
    'warn: "secret-key" has 6 bytes and can be guessed: at least 32 random bytes are needed',
  ]);
  const { fake: good } = await makeAuth({ secretKey: SECRET });
  assertEquals(good.logger.lines, []);
});

Deno.test("auth_jwt takes the public key of a certificate", async () => {
  await withFolder(async (folder) => {
    const { server } = await makeCertificates(folder);
    const { login } = await makeAuth({
      publicKeyFile: `${folder}/server.pem`,
      algorithms: ["ES256"],
      userClaim: "username",
    });
    const token = makeToken(ALICE, server.key, "ES256");
    assertEquals(await login("alice", token), true);
  });
});

Deno.test("auth_jwt refuses key files that cannot work", async () => {
  await withFolder(async (folder) => {
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const texts: Array<[string, string, string]> = [
      ["hello", "RS256", "it is not a public key or certificate in PEM form"],
      [
        pem(makeKeys("RS256")),
        "ES256",
        "a key that is RSA cannot check ES256",
      ],
      [
        pem(makeKeys("ES256")),
        "ES384",
        "a key that is P-256 cannot check ES384",
      ],
      [pem(short), "RS256", "it has 1024 bits, at least 2048 are needed"],
    ];
    const publicKeyFile = `${folder}/key.pem`;
    for (const [text, algorithm, why] of texts) {
      await Deno.writeTextFile(publicKeyFile, text);
      await assertRejects(
        () => makeAuth({ publicKeyFile, algorithm }),
        Error,
        `Cannot use the public key "${publicKeyFile}": ${why}`,
      );
    }
    for (const option of ["publicKeyFile", "jwksFile"]) {
      await assertRejects(
        () => makeAuth({ [option]: `${folder}/no`, algorithm: "RS256" }),
        Error,
        "there is no such file",
      );
    }
  });
});

Deno.test("auth_jwt refuses options that cannot work", async () => {
  const secretKey = SECRET;
  const jwksUrl = "https://example.org/jwks.json";
  const bad: Array<[object, string]> = [
    [{}, "exactly one of"],
    [{ secretKey, jwksUrl }, "exactly one of"],
    [{ secretKey: "" }, ""],
    [{ secretKey, algorithm: "HS256", algorithms: ["HS256"] }, "both"],
    [{ jwksUrl }, '"algorithms" must say'],
    [{ jwksUrl, algorithms: ["RS256", "HS256"] }, "HS algorithms go with"],
    [{ secretKey, algorithms: ["RS256"] }, "HS algorithms go with"],
    [{ secretKey, algorithms: [] }, ""],
    [{ secretKey, algorithm: "none" }, "it must be one of HS256, "],
    [{ secretKey, algorithm: "ES256K" }, "it must be one of HS256, "],
    [{ jwksUrl: "ftp://a/b", algorithm: "RS256" }, "it must begin with"],
    [{ secretKey, userClaim: "" }, ""],
    [{ secretKey, clockTolerance: -1 }, ""],
    [{ secretKey, issuer: [] }, ""],
    [{ secretKey, jwksMinInterval: 0 }, ""],
    [{ secretKey, a: 1 }, ""],
  ];
  for (const [options, why] of bad) {
    const error = await assertRejects(() => makeAuth(options), TypeError);
    assert(error.message.includes(why), `${error.message} lacks ${why}`);
  }
});
