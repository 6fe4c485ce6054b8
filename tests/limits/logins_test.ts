/** Those who try passwords: slowed, then refused for a while, without locking others out. */

import { assert, assertEquals } from "@std/assert";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type Broker,
  type BrokerConfig,
  type Decision,
  type EnhancedAuthEvent,
  type EnhancedAuthResult,
} from "../../mod.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../_client.ts";
import { limitsOf } from "./_helpers.ts";

/** The password is "right"; "broken" and "busy" are the plugin's own trouble. */
class Passwords extends BaseAuthPlugin {
  authenticate({ session }: AuthenticateEvent): Decision {
    const password = new TextDecoder().decode(session.password);
    if (password === "broken") throw new Error("broken on purpose");
    if (password === "busy") return { allow: false, reasonCode: 0x89 };
    return password === "right";
  }

  override enhancedAuthenticate(
    { data }: EnhancedAuthEvent,
  ): EnhancedAuthResult {
    return data?.[0] === 1 && { result: "success" };
  }
}

function start(config: BrokerConfig): Promise<Broker> {
  return startBroker({
    listeners: { first: { bind: "127.0.0.1:0" }, second: { bind: "[::1]:0" } },
    plugins: [Passwords],
    ...config,
  });
}

/** Logs in from one of two addresses; says what the CONNACK says. */
async function login(
  broker: Broker,
  username: string | undefined,
  password: string | undefined,
  from: "127.0.0.1" | "::1" = "127.0.0.1",
  version: 4 | 5 = 5,
): Promise<number | undefined> {
  const listener = broker.listeners[from === "::1" ? 1 : 0];
  const conn = await Deno.connect({ hostname: from, port: listener.port });
  await using client = await TestClient.connect(conn, {
    version,
    username,
    password: password as never,
  });
  return client.code;
}

Deno.test("an address that fails too often is refused for a while, even with the right password; others are not", async () => {
  await using broker = await start({
    maxLoginFailuresPerAddress: 3,
    loginBanTime: 1,
  });
  for (const user of ["a", "b", "c"]) {
    assertEquals(await login(broker, user, "wrong"), 0x87);
  }
  assertEquals(await login(broker, "d", "right"), 0x8a);
  assertEquals(await login(broker, "d", "right", "127.0.0.1", 4), 5);
  assertEquals(await login(broker, "d", "right", "::1"), 0);
  assertEquals(limitsOf(broker), { maxLoginFailuresPerAddress: 2 });
  while (await login(broker, "e", "right") !== 0);
  // It begins anew.
  assertEquals(await login(broker, "f", "wrong"), 0x87);
  assertEquals(await login(broker, "f", "right"), 0);
});

Deno.test("a user whose password is tried too often is refused for a while, except where it came from before", async () => {
  await using broker = await start({
    maxLoginFailuresPerUser: 2,
    maxLoginFailuresPerAddress: 0,
    loginBanTime: 1,
  });
  assertEquals(await login(broker, "alice", "right"), 0);
  for (const user of ["alice", "bob"]) {
    for (let i = 0; i < 2; i++) {
      assertEquals(await login(broker, user, "wrong", "::1"), 0x87);
    }
    assertEquals(await login(broker, user, "right", "::1"), 0x8a);
  }
  assertEquals(await login(broker, "alice", "right"), 0);
  assertEquals(await login(broker, "bob", "right"), 0x8a);
  assertEquals(await login(broker, "carol", "right", "::1"), 0);
  assertEquals(limitsOf(broker), { maxLoginFailuresPerUser: 3 });
  while (await login(broker, "bob", "right") !== 0);
});

Deno.test("a known user is let through from a refused address, until its own password fails too often there", async () => {
  await using broker = await start({ maxLoginFailuresPerAddress: 3 });
  assertEquals(await login(broker, "alice", "right"), 0);
  for (let i = 0; i < 3; i++) await login(broker, `u${i}`, "wrong");
  assertEquals(await login(broker, "bob", "right"), 0x8a);
  assertEquals(await login(broker, "alice", "right"), 0);
  for (let i = 0; i < 3; i++) {
    assertEquals(await login(broker, "alice", "wrong"), 0x87);
  }
  assertEquals(await login(broker, "alice", "right"), 0x8a);
});

Deno.test("failed logins are answered later and later", async () => {
  await using broker = await start({});
  const since = performance.now();
  for (let i = 0; i < 4; i++) await login(broker, "alice", "wrong");
  // 0, 100, 200 and 400 milliseconds.
  assert(performance.now() - since >= 690);
  assertEquals(await login(broker, "alice", "right"), 0);
});

Deno.test("a client that waits for its refusal does not hold up the shutdown", async () => {
  await using broker = await start({ shutdownTimeout: 1000 });
  for (let i = 0; i < 3; i++) await login(broker, "alice", "wrong");
  await using client = await TestClient.open(broker, 5);
  await client.send(
    connectPacket({
      version: 5,
      username: "alice",
      password: "wrong" as never,
    }),
  );
  await eventually(() => broker.context.stats().packetsReceived === 4);
  await broker.shutdown();
  await client.closed();
});

Deno.test("what is no guess does not count: a busy or broken plugin, a client without a name", async () => {
  await using broker = await start({
    maxLoginFailuresPerAddress: 2,
    maxLoginFailuresPerUser: 2,
  });
  for (let i = 0; i < 4; i++) {
    assertEquals(await login(broker, "alice", "busy"), 0x89);
    assertEquals(await login(broker, "alice", "broken"), 0x87);
    assertEquals(await login(broker, undefined, undefined), 0x87);
  }
  assertEquals(await login(broker, "alice", "right"), 0);
  assertEquals(limitsOf(broker), {});
});

Deno.test("with 0 nobody is refused", async () => {
  await using broker = await start({
    maxLoginFailuresPerAddress: 0,
    maxLoginFailuresPerUser: 0,
  });
  for (let i = 0; i < 30; i++) await login(broker, "alice", "wrong");
  assertEquals(await login(broker, "alice", "right"), 0);
});

Deno.test("enhanced authentication that fails counts, too", async () => {
  await using broker = await start({ maxLoginFailuresPerAddress: 2 });
  const attempt = async (byte: number) => {
    await using client = await TestClient.connect(broker.listeners[0].port, {
      version: 5,
      properties: {
        authenticationMethod: "m",
        authenticationData: Uint8Array.of(byte) as never,
      },
    });
    return client.code;
  };
  assertEquals(await attempt(1), 0);
  assertEquals([await attempt(0), await attempt(0)], [0x87, 0x87]);
  assertEquals(await attempt(1), 0x8a);
});

Deno.test("auth_file: the logins that a thread cannot check are refused as busy, not as wrong", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const passwordFile = `${folder}/passwords`;
    // bcrypt of cost 10: some 50 milliseconds.
    await Deno.writeTextFile(
      passwordFile,
      "alice:$2b$10$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n",
    );
    await using broker = await startBroker({
      plugins: { auth_file: { passwordFile, maxWaiting: 1 } },
      pluginTimeout: 60,
      maxLoginFailuresPerUser: 2,
      maxLoginFailuresPerAddress: 2,
    });
    const codes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        await using client = await TestClient.connect(broker, {
          version: 5,
          username: "alice",
          password: "wrong" as never,
        });
        return client.code;
      }),
    );
    const count = (code: number) => codes.filter((one) => one === code).length;
    assert(count(0x89) > 0, "nobody was refused as busy");
    // Those that were checked were wrong; with the second one it was enough.
    assertEquals(count(0x87) + count(0x89) + count(0x8a), 20);
    assert(count(0x87) >= 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
