import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { eventually, startBroker, TestClient } from "../_client.ts";

function will(payload: string, qos: 0 | 1 | 2 = 1, retain = false) {
  return { topic: "gone", payload: Buffer.from(payload), qos, retain };
}

for (const version of [3, 4, 5] as const) {
  for (const qos of [0, 1, 2] as const) {
    Deno.test(`aMQTT 23: level ${version}: a will of QoS ${qos} is sent when the socket closes abruptly`, async () => {
      await using broker = await startBroker();
      await using watcher = await TestClient.connect(broker);
      await watcher.subscribe("gone", 2);
      await using client = await TestClient.connect(broker, {
        version,
        will: will("c1 died", qos),
      });
      await client.close();
      const packet = await watcher.expect("publish");
      assertEquals(packet.payload.toString(), "c1 died");
      assertEquals([packet.topic, packet.qos], ["gone", qos]);
      assertEquals(packet.retain, false);
      await watcher.ping();
    });
  }
}

Deno.test("aMQTT 23: a retained will reaches later subscribers", async () => {
  await using broker = await startBroker();
  const client = await TestClient.connect(broker, {
    clientId: "c1",
    will: will("c1 died", 1, true),
  });
  await client.close();
  await eventually(() => broker.context.retained.size === 1, "retained will");
  assertEquals(broker.context.retained.get("gone")?.publisher, "c1");
  await using late = await TestClient.connect(broker);
  await late.subscribe("#", 1);
  const packet = await late.expect("publish");
  assertEquals(packet.payload.toString(), "c1 died");
  assertEquals([packet.qos, packet.retain], [1, true]);
});

Deno.test("aMQTT 23: a will with an empty payload is delivered", async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  const client = await TestClient.connect(broker, { will: will("") });
  await client.close();
  assertEquals((await watcher.expect("publish")).payload.length, 0);
});

for (const version of [3, 4, 5] as const) {
  Deno.test(`aMQTT 23: level ${version}: a clean disconnect sends no will`, async () => {
    await using broker = await startBroker();
    await using watcher = await TestClient.connect(broker);
    await watcher.subscribe("gone", 1);
    const client = await TestClient.connect(broker, {
      version,
      will: will("no", 1, true),
    });
    await client.disconnect();
    await watcher.ping();
    assertEquals(broker.context.retained.size, 0);
  });
}

Deno.test("aMQTT 23: MQTT 5's DISCONNECT 0x04 sends the will", async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  await using client = await TestClient.connect(broker, {
    version: 5,
    will: will("asked for"),
  });
  await client.send({ cmd: "disconnect", reasonCode: 4 });
  assertEquals(await watcher.message(), "gone: asked for");
});

Deno.test("aMQTT 23: a protocol error sends the will", async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  await using client = await TestClient.connect(broker, { will: will("oops") });
  await client.raw([0x00, 0x00]);
  assertEquals(await watcher.message(), "gone: oops");
  await client.closed();
});

Deno.test("aMQTT 23: a silent client's will is sent after one and a half keep alive, which aMQTT does not enforce", async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  await using client = await TestClient.connect(broker, {
    keepalive: 1,
    will: will("silent"),
  });
  const start = Date.now();
  assertEquals(await watcher.message(), "gone: silent");
  assert(Date.now() - start >= 1400);
  await client.closed();
});

Deno.test("aMQTT 23: a takeover sends the will of the old connection, and a will is sent once only", async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  const options = { clientId: "c1", clean: false };
  await using old = await TestClient.connect(broker, {
    ...options,
    will: will("first"),
  });
  await using fresh = await TestClient.connect(broker, {
    ...options,
    will: will("second"),
  });
  assertEquals(await watcher.message(), "gone: first");
  await old.closed();
  await old.close();
  await watcher.ping();
  await fresh.close();
  assertEquals(await watcher.message(), "gone: second");
});

Deno.test("aMQTT 23: a will that the ACL forbids is not sent, which aMQTT does not check", async () => {
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_acl: { publishAcl: { alice: ["gone"] } },
    },
  });
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("gone", 1);
  await using bob = await TestClient.connect(broker, {
    username: "bob",
    will: will("bob"),
  });
  assertEquals(bob.code, 5);
  const alice = await TestClient.connect(broker, {
    username: "alice",
    will: will("alice"),
  });
  assertEquals(alice.code, 0);
  await alice.close();
  assertEquals(await watcher.message(), "gone: alice");
  await watcher.ping();
});
