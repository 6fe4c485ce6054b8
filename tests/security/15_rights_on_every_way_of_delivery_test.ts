/** Class 15: a way of delivery on which nobody asks whether the client may have the message. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { deny, lasting, Rights } from "./_attack.ts";

const READER = { ...lasting(5), clientId: "reader" };

async function start(): Promise<Broker> {
  return await startBroker({
    plugins: [{ auth_anonymous: null }, Rights],
    maxInflight: 2,
  });
}

async function leave(broker: Broker, client: TestClient): Promise<void> {
  await client.close();
  await gone(broker, client.connack ? "reader" : "");
}

for (const qos of [0, 1, 2] as const) {
  Deno.test(`QoS ${qos}: a message that is published now`, async () => {
    await using broker = await start();
    await using reader = await TestClient.connect(broker, READER);
    await reader.subscribe("#", qos);
    using _ = deny("receive secret");
    broker.context.publish("secret", "x", { qos });
    await reader.ping();
    assertEquals(broker.context.stats().dropped.denied, 1);
  });
}

for (const qos of [1, 2] as const) {
  Deno.test(`QoS ${qos}: a message that was queued while the client was away`, async () => {
    await using broker = await start();
    const reader = await TestClient.connect(broker, READER);
    await reader.subscribe("#", qos);
    await leave(broker, reader);
    broker.context.publish("secret", "x", { qos });
    broker.context.publish("public", "x", { qos });
    using _ = deny("receive secret");
    await using back = await TestClient.connect(broker, READER);
    assertEquals(await back.message(), "public: x");
    await back.ping();
  });

  Deno.test(`QoS ${qos}: a message that was sent, and would be sent again`, async () => {
    await using broker = await start();
    const reader = await TestClient.connect(broker, READER);
    await reader.subscribe("#", qos);
    broker.context.publish("secret", "x", { qos });
    broker.context.publish("public", "x", { qos });
    await reader.expect("publish");
    await reader.expect("publish");
    await leave(broker, reader);
    using _ = deny("receive secret");
    await using back = await TestClient.connect(broker, READER);
    const { topic, dup } = await back.expect("publish");
    assertEquals([topic, dup], ["public", true]);
    await back.ping();
    assertEquals(broker.context.stats().inflightOut, 1);
  });

  Deno.test(`QoS ${qos}: a message that waited for a place in the window`, async () => {
    await using broker = await start();
    await using reader = await TestClient.connect(broker, READER);
    await reader.subscribe("#", qos);
    for (const topic of ["1", "2", "secret", "public"]) {
      broker.context.publish(topic, "x", { qos });
    }
    const { messageId } = await reader.expect("publish");
    await reader.expect("publish");
    using _ = deny("receive secret");
    if (qos === 1) await reader.send({ cmd: "puback", messageId });
    else {
      await reader.send({ cmd: "pubrec", messageId });
      await reader.expect("pubrel");
      await reader.send({ cmd: "pubcomp", messageId });
    }
    assertEquals(await reader.message(), "public: x");
    await reader.ping();
  });
}

Deno.test("a retained message", async () => {
  await using broker = await start();
  broker.context.publish("secret", "x", { retain: true });
  using _ = deny("receive secret");
  await using reader = await TestClient.connect(broker, READER);
  await reader.subscribe("#");
  await reader.ping();
});

Deno.test("what a member of a shared subscription leaves to another one", async () => {
  await using broker = await start();
  const first = await TestClient.connect(broker, { clientId: "first" });
  await first.subscribe("$share/g/#", 1);
  broker.context.publish("secret", "x", { qos: 1 });
  await first.expect("publish");
  await using second = await TestClient.connect(broker, { clientId: "second" });
  await second.subscribe("$share/g/#", 1);
  using _ = deny("receive secret");
  await first.close();
  await gone(broker, "first");
  await second.ping();
  assertEquals(broker.context.stats().dropped.denied, 1);
});

Deno.test("a will", async () => {
  await using broker = await start();
  await using reader = await TestClient.connect(broker, READER);
  await reader.subscribe("#");
  const client = await TestClient.connect(broker, {
    clientId: "c",
    will: { topic: "secret", payload: "w" as never, qos: 0, retain: false },
  });
  using _ = deny("receive secret");
  await client.close();
  await gone(broker, "c");
  await reader.ping();
});
