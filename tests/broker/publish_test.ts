import { assert, assertEquals, assertThrows } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { recorder } from "./_recorder.ts";

Deno.test("aMQTT 9: a message of QoS 0 is told to plugins as it was sent", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  await using client = await TestClient.connect(broker, { clientId: "c1" });
  await client.publish("/topic", "data");
  for (
    const name of [
      "onBrokerMessageReceived",
      "onBrokerMessageBroadcast",
    ] as const
  ) {
    assertEquals(of(name).length, 1);
    const [{ clientId, message }] = of(name);
    assertEquals(clientId, "c1");
    assertEquals(message.topic, "/topic");
    assertEquals(new TextDecoder().decode(message.payload), "data");
    assertEquals([message.qos, message.retain], [0, false]);
    assertEquals(message.publisher, "c1");
  }
});

Deno.test("aMQTT 9: 256 KiB at QoS 2 reach plugins and subscribers unchanged, once", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  const payload = new Uint8Array(256 * 1024).map((_, i) => (i * 7) ^ (i >> 8));
  await using subscriber = await TestClient.connect(broker);
  await subscriber.subscribe("big", 2);
  await using client = await TestClient.connect(broker);
  await client.publish("big", payload, { qos: 2 });
  const delivered = await subscriber.expect("publish");
  assertEquals(delivered.qos, 2);
  assertEquals(new Uint8Array(delivered.payload as Uint8Array), payload);
  await subscriber.ping();
  assertEquals(of("onBrokerMessageReceived").length, 1);
  assertEquals(of("onBrokerMessageReceived")[0].message.payload, payload);
});

Deno.test("aMQTT 10: what the ACL allows is delivered; what it forbids is dropped in silence, the connection kept", async () => {
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_acl: {
        publishAcl: { alice: ["allowed/#"] },
        subscribeAcl: { alice: ["#"], bob: ["allowed/#"] },
      },
    },
  });
  await using alice = await TestClient.connect(broker, { username: "alice" });
  await using bob = await TestClient.connect(broker, { username: "bob" });
  await using mallory = await TestClient.connect(broker, { username: "eve" });
  assertEquals(await alice.subscribe("#", 2), [2]);
  assertEquals(await bob.subscribe(["allowed/#", "#", "other"], 2), [
    2,
    0x80,
    0x80,
  ]);
  assertEquals(await mallory.subscribe("allowed/#", 2), [0x80]);
  await using publisher = await TestClient.connect(broker, {
    username: "alice",
  });
  for (const qos of [0, 1, 2] as const) {
    await publisher.publish("forbidden", "x", { qos });
    await publisher.publish("allowed/a", `${qos}`, { qos });
    assertEquals(await alice.message(), `allowed/a: ${qos}`);
    assertEquals(await bob.message(), `allowed/a: ${qos}`);
  }
  await mallory.publish("allowed/a", "eve", { qos: 1 });
  for (const client of [alice, bob, mallory]) await client.ping();
});

Deno.test("aMQTT 10: MQTT 5 clients are told that a publication was forbidden", async () => {
  await using broker = await startBroker({
    plugins: { auth_anonymous: null, topic_acl: { publishAcl: {} } },
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  const publication = {
    cmd: "publish",
    topic: "t",
    payload: "x",
    dup: false,
    retain: false,
  } as const;
  await client.send({ ...publication, qos: 1, messageId: 1 });
  assertEquals((await client.expect("puback")).reasonCode, 0x87);
  await client.send({ ...publication, qos: 2, messageId: 2 });
  assertEquals((await client.expect("pubrec")).reasonCode, 0x87);
  await client.ping();
});

for (const version of [3, 4, 5] as const) {
  Deno.test(`aMQTT 11: level ${version}: a repeated PUBLISH of QoS 2 gets PUBREC again, one PUBCOMP and is delivered once`, async () => {
    await using broker = await startBroker();
    await using subscriber = await TestClient.connect(broker);
    await subscriber.subscribe("t", 2);
    await using client = await TestClient.connect(broker, { version });
    const publication = {
      cmd: "publish",
      topic: "t",
      payload: "x",
      qos: 2,
      retain: false,
      messageId: 7,
    } as const;
    await client.send({ ...publication, dup: false });
    assertEquals((await client.expect("pubrec")).messageId, 7);
    await client.send({ ...publication, dup: true });
    assertEquals((await client.expect("pubrec")).messageId, 7);
    await client.send({ cmd: "pubrel", messageId: 7 });
    assertEquals((await client.expect("pubcomp")).messageId, 7);
    await client.ping();
    assertEquals(await subscriber.message(), "t: x");
    await subscriber.ping();
    // The identifier is free again: this is another message.
    await client.send({ ...publication, dup: false });
    await client.expect("pubrec");
    assertEquals(await subscriber.message(), "t: x");
  });
}

for (const version of [3, 4, 5] as const) {
  for (const topic of ["a/+", "a/#", "a+b", "#"]) {
    Deno.test(`aMQTT 12: level ${version}: a PUBLISH to "${topic}" ends the connection and is never delivered, nor its payload read as packets`, async () => {
      await using broker = await startBroker();
      await using watcher = await TestClient.connect(broker);
      await watcher.subscribe(["#", "a/b"], 2);
      await using client = await TestClient.connect(broker, { version });
      // The payload looks like a PUBLISH to "a/b".
      const hidden = [0x30, 6, 0, 3, 0x61, 0x2f, 0x62, 0x21];
      const name = new TextEncoder().encode(topic);
      const body = [0, name.length, ...name];
      if (version === 5) body.push(0);
      body.push(...hidden);
      await client.raw([0x30, body.length, ...body]);
      if (version === 5) {
        const { reasonCode } = await client.expect("disconnect");
        assert([0x81, 0x90].includes(reasonCode!), `${reasonCode}`);
      }
      await client.closed();
      await watcher.ping();
    });
  }
}

Deno.test("aMQTT 12: a plugin cannot publish to a topic with a wildcard either", async () => {
  await using broker = await startBroker();
  for (const topic of ["a/+", "a/#", "a+b", "#", ""]) {
    assertThrows(
      () => broker.context.publish(topic, "x"),
      TypeError,
      `Cannot publish to "${topic}": the topic name`,
    );
  }
});

Deno.test('aMQTT 12: "*" is an ordinary character', async () => {
  await using broker = await startBroker();
  await using watcher = await TestClient.connect(broker);
  assertEquals(await watcher.subscribe("a/*/b", 1), [1]);
  await using client = await TestClient.connect(broker);
  await client.publish("a/x/b", "no", { qos: 1 });
  await client.publish("a/*/b", "yes", { qos: 1 });
  assertEquals(await watcher.message(), "a/*/b: yes");
});

Deno.test("aMQTT 14: one subscriber with filters of QoS 0, 1 and 2 gets each message at its filter's", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  for (const qos of [0, 1, 2] as const) await client.subscribe(`q${qos}`, qos);
  await using publisher = await TestClient.connect(broker);
  for (const qos of [0, 1, 2]) {
    await publisher.publish(`q${qos}`, "x", { qos: 2 });
    const packet = await client.expect("publish");
    assertEquals([packet.topic, packet.qos], [`q${qos}`, qos]);
  }
});

Deno.test("aMQTT 14: a message is never delivered at a higher QoS than it was published, unlike in aMQTT [MQTT-3.8.4-8]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe("t", 2);
  await using publisher = await TestClient.connect(broker);
  for (const qos of [0, 1, 2] as const) {
    await publisher.publish("t", "x", { qos });
    assertEquals((await client.expect("publish")).qos, qos);
  }
});

Deno.test("aMQTT 15: wildcards at the beginning never select $ topics, and what clients publish there is not delivered", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe(["#", "+/monitor/Clients"], 2);
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("$SYS/#", 2);
  broker.context.publish("$SYS/monitor/Clients", "5", { retain: true });
  assertEquals(await watcher.message(), "$SYS/monitor/Clients: 5");
  await using late = await TestClient.connect(broker);
  await late.subscribe(["#", "+/monitor/Clients"], 2);
  await late.ping();
  for (const qos of [0, 1, 2] as const) {
    await client.publish("$SYS/monitor/Clients", "fake", { qos });
    await client.publish("$other", "x", { qos });
  }
  await watcher.ping();
  await client.ping();
});

Deno.test("aMQTT 15: a client that published to a $ topic is served as before, unlike in aMQTT", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.publish("$SYS/x", "y", { qos: 1 });
  assertEquals(await client.subscribe("t", 1), [1]);
  broker.context.publish("t", "hello");
  assertEquals(await client.message(), "t: hello");
});
