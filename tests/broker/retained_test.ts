import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { recorder } from "./_recorder.ts";

Deno.test("aMQTT 13: a retained message is stored with topic, payload, QoS and publisher", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  const { retained } = broker.context;
  await using client = await TestClient.connect(broker, { clientId: "c1" });
  for (const qos of [0, 1, 2] as const) {
    await client.publish(`t/${qos}`, `payload ${qos}`, { qos, retain: true });
    const message = retained.get(`t/${qos}`);
    assertEquals(message?.topic, `t/${qos}`);
    assertEquals(
      new TextDecoder().decode(message?.payload),
      `payload ${qos}`,
    );
    assertEquals([message?.qos, message?.retain], [qos, true]);
    assertEquals(message?.publisher, "c1");
  }
  assertEquals(retained.size, 3);
  assertEquals(broker.context.stats().retained, 3);
  assertEquals(
    of("onBrokerRetainedMessage").map(({ clientId, retainedMessage }) => [
      clientId,
      retainedMessage.topic,
    ]),
    [[null, "t/0"], [null, "t/1"], [null, "t/2"]],
  );
});

Deno.test("aMQTT 13: an empty retained payload clears the topic, and subscribers see it as an ordinary message", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  await using client = await TestClient.connect(broker);
  await client.publish("t", "x", { qos: 1, retain: true });
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe("t", 1);
  assertEquals((await watcher.expect("publish")).retain, true);
  await client.publish("t", "", { qos: 1, retain: true });
  const packet = await watcher.expect("publish");
  assertEquals([packet.retain, packet.payload.length], [false, 0]);
  assertEquals(broker.context.retained.size, 0);
  const [, cleared] = of("onBrokerRetainedMessage");
  assertEquals(cleared.clientId, null);
  assertEquals(cleared.retainedMessage.payload.length, 0);
  // There is nothing left to clear, so nobody is told.
  await client.publish("t", "", { qos: 1, retain: true });
  assertEquals(of("onBrokerRetainedMessage").length, 2);
  await using late = await TestClient.connect(broker);
  await late.subscribe("t", 1);
  await late.ping();
});

Deno.test("aMQTT 13: a new subscriber gets the latest retained message, at the lower QoS and with RETAIN set", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  for (const payload of ["1", "2", "3"]) {
    await client.publish("t", payload, { qos: 1, retain: true });
  }
  for (const qos of [0, 1, 2] as const) {
    await using subscriber = await TestClient.connect(broker);
    await subscriber.subscribe("+", qos);
    const packet = await subscriber.expect("publish");
    assertEquals(packet.payload.toString(), "3");
    assertEquals([packet.qos, packet.retain], [Math.min(qos, 1), true]);
    await subscriber.ping();
  }
});

Deno.test("aMQTT 13: a subscriber that is there already gets the message without RETAIN", async () => {
  await using broker = await startBroker();
  await using subscriber = await TestClient.connect(broker);
  await subscriber.subscribe("t", 1);
  await using client = await TestClient.connect(broker);
  await client.publish("t", "x", { qos: 1, retain: true });
  const packet = await subscriber.expect("publish");
  assertEquals([packet.qos, packet.retain], [1, false]);
});

Deno.test("aMQTT 13: what was retained while a persistent session was away reaches it when it is back, once", async () => {
  await using broker = await startBroker();
  const options = { clientId: "c1", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("t/#", 1);
  await first.disconnect();
  await using client = await TestClient.connect(broker);
  await client.publish("t/a", "x", { qos: 1, retain: true });
  await using back = await TestClient.connect(broker, options);
  assertEquals(back.connack?.sessionPresent, true);
  const packet = await back.expect("publish");
  assertEquals([packet.topic, packet.qos], ["t/a", 1]);
  // It is not an answer to a new subscription [MQTT-3.3.1-9].
  assertEquals(packet.retain, false);
  await back.send({ cmd: "puback", messageId: packet.messageId });
  await back.ping();
});

Deno.test("aMQTT 13: connecting replays no retained message of anybody's subscription, unlike in aMQTT", async () => {
  await using broker = await startBroker();
  const options = { clientId: "c1", clean: false };
  const owner = await TestClient.connect(broker, options);
  await owner.subscribe("private/#", 0);
  await owner.disconnect();
  broker.context.publish("private/x", "secret", { retain: true });
  await using stranger = await TestClient.connect(broker);
  await stranger.ping();
});
