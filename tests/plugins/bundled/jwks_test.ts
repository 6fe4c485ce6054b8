/** `auth_jwt` with key sets that change, and that cannot be had. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpServer, type Reply } from "./_http_server.ts";
import {
  jwk,
  type KeyPair,
  makeAuth,
  makeKeys,
  makeToken,
  withFolder,
} from "./_tokens.ts";
import { freePort } from "../../_ports.ts";

const ALICE = { sub: "alice" };
const first = makeKeys("ES256");
const second = makeKeys("ES256");

function setOf(keys: Record<string, KeyPair>): string {
  const members = Object.entries(keys).map(([kid, pair]) => jwk(pair, kid));
  return JSON.stringify({ keys: members });
}

/** Lets the clock run ahead. */
class Clock implements Disposable {
  readonly #now = Date.now;
  #ahead = 0;

  constructor() {
    const now = this.#now;
    Date.now = () => now() + this.#ahead;
  }

  advance(seconds: number): void {
    this.#ahead += seconds * 1000;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}

function withServer(server: HttpServer, options: object = {}) {
  return makeAuth({
    jwksUrl: `http://127.0.0.1:${server.port}/jwks.json`,
    algorithms: ["ES256"],
    ...options,
  });
}

Deno.test("auth_jwt follows the rotation of a key set, not oftener than allowed", async () => {
  using clock = new Clock();
  let keys: Record<string, KeyPair> = { first };
  await using server = await HttpServer.start(() => ({ body: setOf(keys) }));
  const { plugin, login } = await withServer(server);
  const old = makeToken(ALICE, first, "ES256", "first");
  const fresh = makeToken(ALICE, second, "ES256", "second");
  await plugin.onBrokerPreStart();
  assertEquals(server.requests.length, 1);
  assertEquals(await login("alice", old), true);
  assertEquals(await login("bob", old), false);
  // Unknown keys, again and again: the set was read a moment ago.
  for (let i = 0; i < 5; i++) {
    assertEquals(await login("alice", fresh), false);
  }
  assertEquals(server.requests.length, 1);
  keys = { second };
  clock.advance(31);
  assertEquals(await login("alice", fresh), true);
  assertEquals(server.requests.length, 2);
  // The old key is gone.
  for (let i = 0; i < 5; i++) assertEquals(await login("alice", old), false);
  assertEquals(server.requests.length, 2);
  // Without an unknown key it is read when it is old.
  clock.advance(590);
  assertEquals(await login("alice", fresh), true);
  assertEquals(server.requests.length, 2);
  clock.advance(20);
  assertEquals(await login("alice", fresh), true);
  assertEquals(server.requests.length, 3);
  plugin.close();
});

Deno.test("auth_jwt follows the rotation of a file", async () => {
  using clock = new Clock();
  await withFolder(async (folder) => {
    const jwksFile = `${folder}/key set #1.json`;
    await Deno.writeTextFile(jwksFile, setOf({ first }));
    const options = { jwksFile, algorithms: ["ES256"] };
    const { login } = await makeAuth(options);
    const fresh = makeToken(ALICE, second, "ES256", "second");
    const old = makeToken(ALICE, first, "ES256", "first");
    assertEquals(await login("alice", old), true);
    await Deno.writeTextFile(jwksFile, setOf({ second }));
    clock.advance(31);
    assertEquals(await login("alice", fresh), true);
    assertEquals(await login("alice", old), false);
    await Deno.remove(jwksFile);
    clock.advance(601);
    await assertRejects(
      () => login("alice", fresh),
      Error,
      `Cannot read the key set "${jwksFile}": there is no such file`,
    );
  });
});

Deno.test("auth_jwt tries every key that fits if the token names none", async () => {
  const body = setOf({ first, second });
  await using server = await HttpServer.start(() => ({ body }));
  const { login } = await withServer(server);
  for (const pair of [first, second]) {
    assertEquals(await login("alice", makeToken(ALICE, pair, "ES256")), true);
  }
  const stranger = makeToken(ALICE, makeKeys("ES256"), "ES256");
  assertEquals(await login("alice", stranger), false);
  const expired = makeToken({ ...ALICE, exp: 1 }, second, "ES256");
  assertEquals(await login("alice", expired), false);
});

Deno.test("auth_jwt ignores keys of a set that the token does not fit", async () => {
  const rsa = makeKeys("RS256");
  const secret = { kty: "oct", k: "c2VjcmV0", kid: "secret" };
  const keys = [jwk(rsa, "rsa"), jwk(first, "first"), secret];
  const body = JSON.stringify({ keys });
  await using server = await HttpServer.start(() => ({ body }));
  const { login } = await withServer(server);
  const cases: Array<[string, boolean]> = [
    [makeToken(ALICE, first, "ES256", "first"), true],
    [makeToken(ALICE, first, "ES256", "rsa"), false],
    [makeToken(ALICE, rsa, "RS256", "rsa"), false],
    [makeToken(ALICE, "secret", "HS256", "secret"), false],
  ];
  for (const [token, expected] of cases) {
    assertEquals(await login("alice", token), expected);
  }
});

Deno.test("auth_jwt lets nobody in while an old key set cannot be read again", async () => {
  using clock = new Clock();
  let isUp = true;
  await using server = await HttpServer.start(() =>
    isUp ? { body: setOf({ first }) } : { status: 500 }
  );
  const { login } = await withServer(server);
  const token = makeToken(ALICE, first, "ES256", "first");
  assertEquals(await login("alice", token), true);
  isUp = false;
  assertEquals(await login("alice", token), true);
  clock.advance(601);
  // They share a request and its failure.
  for (let i = 0; i < 5; i++) {
    await assertRejects(
      () => login("alice", token),
      Error,
      '/jwks.json": the status is 500',
    );
  }
  const requests = server.requests.length - 1;
  assert(requests >= 1 && requests <= 2, `${requests} requests`);
});

const WRONG: ReadonlyArray<[reply: Reply | undefined, why: string]> = [
  [undefined, "no answer in time"],
  [{ status: 302, headers: { location: "/" } }, "the status is 302"],
  [{ body: "<html>" }, "it is not JSON"],
  [{ body: "[]" }, "it is not a JSON object with a list"],
  [{ body: "null" }, "it is not a JSON object with a list"],
  [{ body: '{"keys":[1]}' }, "malformed"],
  [{ body: `{"keys":[],"x":"${"x".repeat(1 << 20)}"}` }, "it is longer than"],
];

for (const [reply, why] of WRONG) {
  Deno.test(`auth_jwt: a server that has no key set: ${why}`, async () => {
    await using server = await HttpServer.start(() => reply);
    const { plugin, login } = await withServer(server, {
      timeout: reply === undefined ? 0.05 : 20,
    });
    await assertRejects(() => plugin.onBrokerPreStart(), Error, why);
    const token = makeToken(ALICE, first, "ES256", "first");
    await assertRejects(() => login("alice", token), Error, why);
  });
}

Deno.test("auth_jwt: nobody listens where the key set should be", async () => {
  const { login } = await makeAuth({
    jwksUrl: `http://127.0.0.1:${freePort()}/`,
    algorithms: ["ES256"],
  });
  const token = makeToken(ALICE, first, "ES256", "first");
  await assertRejects(
    () => login("alice", token),
    Error,
    "Cannot read the key set",
  );
});
