import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import type { BrokerConfig } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { ARGON2, PASSWORD } from "../plugins/bundled/_passwords.ts";
import { recorder } from "./_recorder.ts";

const VERSIONS = [3, 4, 5] as const;

for (const version of VERSIONS) {
  Deno.test(`aMQTT 3: connecting with level ${version} gives CONNACK 0, a session and both events`, async () => {
    const { plugin, names, of } = recorder();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", plugin],
    });
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "c1",
      keepalive: 30,
    });
    assertEquals(client.code, 0);
    assertEquals(client.connack?.sessionPresent, false);
    const session = broker.context.getSession("c1");
    assert(session?.connected);
    assertEquals(session.protocolVersion, version);
    assertEquals(session.keepAlive, 30);
    assertEquals(session.remoteAddress, "127.0.0.1");
    assertEquals(session.listener, "default");
    assertEquals(names.slice(2), ["onBrokerClientConnected"]);
    await client.disconnect();
    assertEquals(names.slice(3), ["onBrokerClientDisconnected"]);
    const [{ clientId, clientSession }] = of("onBrokerClientDisconnected");
    assertEquals([clientId, clientSession.connected], ["c1", false]);
    assertEquals([...broker.context.sessions], []);
  });
}

Deno.test("aMQTT 5: a will is kept with the session, and a DISCONNECT drops it", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("#", 2);
  await using client = await TestClient.connect(broker, {
    clientId: "c1",
    clean: false,
    will: {
      topic: "gone",
      payload: Buffer.from("c1"),
      qos: 1,
      retain: true,
    },
  });
  const will = broker.context.getSession("c1")?.will;
  assertEquals(will?.topic, "gone");
  assertEquals(new TextDecoder().decode(will?.payload), "c1");
  assertEquals([will?.qos, will?.retain], [1, true]);
  await client.disconnect();
  assertEquals(of("onBrokerClientDisconnected").length, 1);
  assertEquals(broker.context.getSession("c1")?.will, undefined);
  assertEquals(broker.context.retained.size, 0);
  await watcher.ping();
});

/** A CONNECT that the codec refuses to encode. */
function connectWithoutId(version: 3 | 4, clean: boolean): Uint8Array {
  const name = new TextEncoder().encode(version === 3 ? "MQIsdp" : "MQTT");
  const body = [0, name.length, ...name, version, clean ? 2 : 0, 0, 60, 0, 0];
  return Uint8Array.of(0x10, body.length, ...body);
}

for (const [version, clean] of [[3, true], [3, false], [4, false]] as const) {
  Deno.test(`aMQTT 5: level ${version} with an empty client identifier and clean=${clean} gets 0x02 and no session`, async () => {
    const { plugin, of } = recorder();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", plugin],
    });
    await using client = await TestClient.open(broker, version);
    await client.raw(connectWithoutId(version, clean));
    assertEquals((await client.expect("connack")).returnCode, 2);
    await client.closed();
    assertEquals([...broker.context.sessions], []);
    assertEquals(of("onBrokerClientConnected"), []);
  });
}

Deno.test("aMQTT 5: an empty client identifier and clean=1 gets one from the broker", async () => {
  await using broker = await startBroker();
  await using old = await TestClient.connect(broker, { clientId: "" });
  assertEquals(old.code, 0);
  await using modern = await TestClient.connect(broker, {
    version: 5,
    clientId: "",
    clean: false,
  });
  const ids = [...broker.context.sessions].map(({ clientId }) => clientId);
  assertEquals(ids.length, 2);
  assert(ids.every((id) => id !== ""));
  assert(ids[0] !== ids[1]);
  assertEquals(modern.connack?.properties?.assignedClientIdentifier, ids[1]);
});

const CLOSED_DOORS: [string, BrokerConfig][] = [
  ["plugins: {}", { plugins: {} }],
  ["plugins: []", { plugins: [] }],
  ["plugins without one that authenticates", {
    plugins: ["event_logger", "topic_taboo"],
  }],
  ["auth with an empty list", {
    plugins: undefined,
    auth: { plugins: [], allowAnonymous: true },
  }],
  ["auth that does not allow anonymous clients", {
    plugins: undefined,
    auth: { allowAnonymous: false },
  }],
  ["topic-check without auth, where aMQTT lets everybody in", {
    plugins: undefined,
    topicCheck: { enabled: true },
  }],
  ["no plugins at all, where aMQTT lets everybody in", { plugins: undefined }],
];

for (const [what, config] of CLOSED_DOORS) {
  Deno.test(`aMQTT 19: nobody connects with ${what}`, async () => {
    await using broker = await startBroker(config);
    for (const version of VERSIONS) {
      await using client = await TestClient.connect(broker, { version });
      assertEquals(client.code, version === 5 ? 0x87 : 5);
      await client.closed();
    }
    assertEquals([...broker.context.sessions], []);
  });
}

Deno.test("aMQTT 19: a configuration in the older style works", async () => {
  await using broker = await startBroker({
    plugins: undefined,
    auth: { plugins: ["auth_anonymous"], allowAnonymous: true },
    topicCheck: {
      enabled: true,
      plugins: ["topic_taboo", "topic_acl"],
      acl: { anonymous: ["allowed/#", "prohibited"] },
    },
    sysInterval: 0,
  });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 0);
  assertEquals(await client.subscribe(["allowed/x", "other", "prohibited"]), [
    0,
    0x80,
    0x80,
  ]);
});

const PASSWORD_FILE = `alice:${ARGON2}\n`;

const PASSWORD_STYLES: [string, (passwordFile: string) => BrokerConfig][] = [
  ["aMQTT 21: with plugins", (passwordFile) => ({
    plugins: { auth_file: { passwordFile } },
  })],
  ["aMQTT 19: auth without a list means all authentication plugins:", (
    passwordFile,
  ) => ({
    plugins: undefined,
    auth: { allowAnonymous: true, passwordFile },
  })],
];

for (const [what, configure] of PASSWORD_STYLES) {
  Deno.test(`${what} a wrong password, an unknown user and no user get 0x05`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/passwords`, PASSWORD_FILE);
      await using broker = await startBroker(configure(`${folder}/passwords`));
      const code = async (username: string, password: string) => {
        await using client = await TestClient.connect(broker, {
          clientId: "c1",
          username,
          password: Buffer.from(password),
        });
        if (client.code !== 0) await client.closed();
        return client.code;
      };
      assertEquals(await code("alice", "wrong"), 5);
      assertEquals(await code("bob", PASSWORD), 5);
      assertEquals([...broker.context.sessions], []);
      assertEquals(await code("alice", PASSWORD), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("aMQTT 21: a refused client changes nothing of the session that it named, unlike in aMQTT", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/passwords`, PASSWORD_FILE);
    await using broker = await startBroker({
      plugins: { auth_file: { passwordFile: `${folder}/passwords` } },
    });
    const alice = {
      clientId: "c1",
      username: "alice",
      password: Buffer.from(PASSWORD),
    };
    await using owner = await TestClient.connect(broker, alice);
    await owner.subscribe("t");
    for (const clean of [true, false]) {
      await using thief = await TestClient.connect(broker, {
        ...alice,
        clean,
        password: Buffer.from("guessed"),
      });
      assertEquals(thief.code, 5);
    }
    await owner.ping();
    assertEquals([...broker.context.subscriptions("c1")].length, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("aMQTT 21: a socket that sends no CONNECT first is closed", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.open(broker);
  await client.send({ cmd: "pingreq" });
  await client.closed();
  await assertRejects(() => client.next(), Error, "has ended");
});
