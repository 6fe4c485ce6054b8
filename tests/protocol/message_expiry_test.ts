/** Messages that get old (MQTT 5, section 3.3.2.3.3). */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { gone, publish, subscribe } from "./_helpers.ts";

const expiry = (seconds: number) => ({
  properties: { messageExpiryInterval: seconds },
});

/** Waits until a message that was sent at `since` has less than `seconds` of `from` left. */
async function older(since: number, milliseconds: number): Promise<void> {
  await eventually(() => Date.now() - since > milliseconds, "time");
}

Deno.test("MQTT 5: a message that is delivered at once has its whole interval [MQTT-3.3.2-6]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, { version: 5 });
  await using old = await TestClient.connect(broker, { version: 4 });
  await using sender = await TestClient.connect(broker, { version: 5 });
  await reader.subscribe("t", 2);
  await old.subscribe("t", 2);
  for (const qos of [0, 1, 2] as const) {
    await sender.publish("t", "x", { qos, ...expiry(100) });
    const packet = await reader.expect("publish");
    assertEquals(packet.properties?.messageExpiryInterval, 100);
    assertEquals(await old.message(), "t: x");
  }
  await sender.publish("t", "for ever");
  const { properties } = await reader.expect("publish");
  assertEquals(properties?.messageExpiryInterval, undefined);
});

Deno.test("MQTT 5: queued messages lose the time that they waited, or expire [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  {
    await using client = await TestClient.connect(broker, lasting);
    await client.subscribe("t", 2);
  }
  await gone(broker, "c");
  await using sender = await TestClient.connect(broker, { version: 5 });
  const since = Date.now();
  await sender.publish("t", "short", { qos: 1, ...expiry(1) });
  await sender.publish("t", "long", { qos: 2, ...expiry(100) });
  await sender.publish("t", "endless", { qos: 1 });
  await older(since, 1100);
  await using client = await TestClient.connect(broker, lasting);
  const long = await client.expect("publish");
  assertEquals(`${long.payload}`, "long");
  const left = long.properties!.messageExpiryInterval!;
  assert(left === 99 || left === 98, `${left}`);
  assertEquals(await client.message(), "t: endless");
  await client.ping();
  assertEquals(broker.context.stats().dropped.expired, 1);
  assertEquals(broker.context.stats().queued, 0);
});

Deno.test("MQTT 5: retained messages lose the time that they waited, or expire [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async () => {
  await using broker = await startBroker();
  await using sender = await TestClient.connect(broker, { version: 5 });
  const since = Date.now();
  await sender.publish("t/short", "x", { retain: true, ...expiry(1) });
  await sender.publish("t/long", "y", { retain: true, ...expiry(100) });
  {
    await using early = await TestClient.connect(broker, { version: 4 });
    await early.subscribe("t/short");
    assertEquals(await early.message(), "t/short: x");
  }
  await older(since, 1100);
  await using reader = await TestClient.connect(broker, { version: 5 });
  await reader.subscribe("t/#");
  const packet = await reader.expect("publish");
  assertEquals([packet.topic, packet.retain], ["t/long", true]);
  const left = packet.properties!.messageExpiryInterval!;
  assert(left === 99 || left === 98, `${left}`);
  await reader.ping();
  await reader.subscribe("t/short");
  await reader.ping();
});

Deno.test("MQTT 5: a QoS 2 message that was sent once does not expire [MQTT-4.3.3-7]", async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  const since = Date.now();
  {
    await using client = await TestClient.connect(broker, lasting);
    await client.subscribe("t", 2);
    broker.context.publish("t", "x", { qos: 2, ...expiry(1) });
    assertEquals(await client.message(), "t: x");
  }
  await older(since, 1100);
  await using client = await TestClient.connect(broker, lasting);
  const packet = await client.expect("publish");
  assertEquals([`${packet.payload}`, packet.dup], ["x", true]);
  await client.send({ cmd: "pubrec", messageId: packet.messageId });
  await client.expect("pubrel");
});

Deno.test("MQTT 5: a will's interval begins when the will is sent (section 3.1.3.2.4)", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, { version: 5 });
  await subscribe(reader, { topic: "will", qos: 0 });
  const since = Date.now();
  await using client = await TestClient.connect(broker, {
    version: 5,
    will: {
      topic: "will",
      payload: "w" as never,
      qos: 0,
      retain: false,
      ...expiry(100),
    },
  });
  await older(since, 1100);
  await client.close();
  const packet = await reader.expect("publish");
  assertEquals(packet.properties?.messageExpiryInterval, 100);
  await reader.send(publish("nobody", ""));
});

Deno.test("MQTT 5: nor does it expire while it waits to be sent again [MQTT-4.3.3-7]", async () => {
  await using broker = await startBroker();
  const lasting = { version: 5, clientId: "c", clean: false } as const;
  const since = Date.now();
  {
    await using client = await TestClient.connect(broker, {
      ...lasting,
      properties: { sessionExpiryInterval: 60 },
    });
    await client.subscribe("t", 2);
    for (const payload of ["1", "2"]) {
      broker.context.publish("t", payload, { qos: 2, ...expiry(1) });
      assertEquals(await client.message(), `t: ${payload}`);
    }
  }
  await older(since, 1100);
  await using client = await TestClient.connect(broker, {
    ...lasting,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
  });
  for (const payload of ["1", "2"]) {
    const packet = await client.expect("publish");
    assertEquals([`${packet.payload}`, packet.dup], [payload, true]);
    const { messageId } = packet;
    await client.send({ cmd: "pubrec", messageId });
    await client.expect("pubrel");
    await client.send({ cmd: "pubcomp", messageId });
  }
});
