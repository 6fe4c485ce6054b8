/** Subscriptions: identifiers, options, overlapping filters, and topics that begin with `$`. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone, publish, subscribe } from "./_helpers.ts";

const v5 = { version: 5 } as const;

/** Identifiers of the next PUBLISH in ascending order. */
async function identifiers(client: TestClient): Promise<number[]> {
  const { properties } = await client.expect("publish");
  const value = properties?.subscriptionIdentifier;
  return value === undefined ? [] : [value].flat().sort((a, b) => a - b);
}

Deno.test("a subscription's identifier comes with its messages [MQTT-3.3.4-3]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, v5);
  await subscribe(reader, { topic: "a", qos: 1 }, 1);
  await subscribe(reader, { topic: "b", qos: 2 }, 268_435_455);
  await subscribe(reader, { topic: "c", qos: 0 });
  for (const qos of [0, 1, 2] as const) {
    broker.context.publish("a", "x", { qos });
    assertEquals(await identifiers(reader), [1]);
    broker.context.publish("b", "x", { qos });
    assertEquals(await identifiers(reader), [268_435_455]);
    broker.context.publish("c", "x", { qos });
    assertEquals(await identifiers(reader), []);
  }
});

Deno.test("a new SUBSCRIBE replaces identifier and QoS [MQTT-3.8.4-3]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, v5);
  await subscribe(reader, { topic: "a", qos: 2 }, 1);
  await subscribe(reader, { topic: "a", qos: 0 }, 2);
  broker.context.publish("a", "x", { qos: 2 });
  const packet = await reader.expect("publish");
  assertEquals([packet.qos, packet.properties?.subscriptionIdentifier], [0, 2]);
  await subscribe(reader, { topic: "a", qos: 0 });
  broker.context.publish("a", "x");
  assertEquals(await identifiers(reader), []);
  await reader.ping();
  assertEquals(broker.context.stats().subscriptions, 1);
});

Deno.test("identifiers come with queued, repeated and retained messages too [MQTT-3.3.4-3]", async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  broker.context.publish("a/r", "retained", { retain: true });
  {
    await using reader = await TestClient.connect(broker, lasting);
    await subscribe(reader, { topic: "a/#", qos: 1 }, 9);
    assertEquals(await identifiers(reader), [9]);
    broker.context.publish("a/1", "in flight", { qos: 1 });
    assertEquals(await identifiers(reader), [9]);
  }
  await gone(broker, "c");
  broker.context.publish("a/2", "queued", { qos: 1 });
  await using reader = await TestClient.connect(broker, lasting);
  assertEquals(await identifiers(reader), [9]);
  assertEquals(await identifiers(reader), [9]);
});

Deno.test("overlapping filters: one copy, the highest QoS, every identifier [MQTT-3.3.4-2] [MQTT-3.3.4-4]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, v5);
  await subscribe(reader, { topic: "a/#", qos: 1 }, 1);
  await subscribe(reader, { topic: "a/+", qos: 2 }, 2);
  await subscribe(reader, { topic: "a/b", qos: 0 }, 3);
  await subscribe(reader, { topic: "#", qos: 0 });
  broker.context.publish("a/b", "x", { qos: 2 });
  const packet = await reader.expect("publish");
  const ids = packet.properties?.subscriptionIdentifier as unknown as number[];
  assertEquals([packet.qos, ids.toSorted()], [2, [1, 2, 3]]);
  await reader.ping();
  await reader.unsubscribe("a/+");
  broker.context.publish("a/b", "x", { qos: 2 });
  assertEquals((await reader.expect("publish")).qos, 1);
  await reader.ping();
});

Deno.test("overlapping filters: one copy for clients of MQTT 3.1.1", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("a/#", 1);
  await reader.subscribe("a/+", 2);
  broker.context.publish("a/b", "x", { qos: 2 });
  assertEquals((await reader.expect("publish")).qos, 2);
  await reader.ping();
});

for (const version of [4, 5] as const) {
  Deno.test(`MQTT ${version}: overlapping filters, configured so: a copy for each (section 3.3.4)`, async () => {
    await using broker = await startBroker({ overlapping: "each" });
    await using reader = await TestClient.connect(broker, { version });
    const number = (id: number) => version === 5 ? id : undefined;
    await subscribe(reader, { topic: "a/#", qos: 1 }, number(1));
    await subscribe(reader, { topic: "a/+", qos: 2 }, number(2));
    broker.context.publish("a/b", "x", { qos: 2 });
    const copies = [
      await reader.expect("publish"),
      await reader.expect("publish"),
    ];
    assertEquals(copies.map((copy) => copy.qos).sort(), [1, 2]);
    for (const { qos, properties } of copies) {
      assertEquals(properties?.subscriptionIdentifier, number(qos));
    }
    await reader.ping();
  });
}

Deno.test("no local: a client does not get its own messages [MQTT-3.8.3-3]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, v5);
  await using other = await TestClient.connect(broker, v5);
  await subscribe(client, [{ topic: "a", qos: 1, nl: true }, {
    topic: "b",
    qos: 1,
  }]);
  await client.publish("a", "own", { qos: 1 });
  await client.ping();
  await other.publish("a", "other's");
  assertEquals(await client.message(), "a: other's");
  await client.send(publish("b", "own"));
  assertEquals(await client.message(), "b: own");
});

Deno.test("no local: an overlapping filter without it still gets the message, with its own options only [MQTT-3.8.3-3]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, v5);
  await subscribe(client, { topic: "a/#", qos: 2, nl: true }, 1);
  await subscribe(client, { topic: "a/b", qos: 1 }, 2);
  await client.send(publish("a/b", "own", { qos: 2, messageId: 1 }));
  const packet = await client.expect("publish");
  assertEquals(
    [packet.qos, packet.properties?.subscriptionIdentifier],
    [1, 2],
  );
});

Deno.test("retain as published keeps the flag, else it is cleared [MQTT-3.3.1-12] [MQTT-3.3.1-13]", async () => {
  await using broker = await startBroker();
  await using plain = await TestClient.connect(broker, v5);
  await using kept = await TestClient.connect(broker, v5);
  await using old = await TestClient.connect(broker);
  await plain.subscribe("a");
  await old.subscribe("a");
  await subscribe(kept, { topic: "a", qos: 0, rap: true });
  await using sender = await TestClient.connect(broker);
  for (const retain of [true, false]) {
    await sender.publish("a", "x", { retain });
    assertEquals((await plain.expect("publish")).retain, false);
    assertEquals((await old.expect("publish")).retain, false);
    assertEquals((await kept.expect("publish")).retain, retain);
  }
  // A retained message that answers a subscription says so in any case.
  await plain.subscribe("a");
  assertEquals((await plain.expect("publish")).retain, true);
});

Deno.test("retain handling 0, 1 and 2 [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]", async () => {
  await using broker = await startBroker();
  broker.context.publish("a", "kept", { retain: true, qos: 1 });
  await using client = await TestClient.connect(broker, v5);
  await subscribe(client, { topic: "a", qos: 1, rh: 2 });
  await client.ping();
  await subscribe(client, { topic: "a", qos: 1, rh: 1 });
  await client.ping();
  await subscribe(client, { topic: "a", qos: 1, rh: 0 });
  const packet = await client.expect("publish");
  assertEquals([packet.qos, packet.retain, packet.dup], [1, true, false]);
  await client.unsubscribe("a");
  await subscribe(client, { topic: "a", qos: 1, rh: 1 });
  assertEquals(await client.message(), "a: kept");
});

for (const version of [3, 4, 5] as const) {
  Deno.test(`MQTT ${version}: retained messages are set, replaced and cleared [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]`, async () => {
    await using broker = await startBroker();
    await using sender = await TestClient.connect(broker, { version });
    await using reader = await TestClient.connect(broker, { version });
    const retained = async (filter: string) => {
      await using late = await TestClient.connect(broker, { version });
      await late.subscribe(filter, 2);
      const packet = await late.expect("publish");
      await late.ping();
      return [packet.topic, `${packet.payload}`, packet.qos, packet.retain];
    };
    await reader.subscribe("a/b");
    await sender.publish("a/b", "1", { retain: true, qos: 2 });
    assertEquals(await retained("a/+"), ["a/b", "1", 2, true]);
    await sender.publish("a/b", "2", { retain: true, qos: 0 });
    await sender.publish("a/b", "3");
    await sender.publish("a/b", "");
    assertEquals(await retained("#"), ["a/b", "2", 0, true]);
    await sender.publish("a/b", "", { retain: true });
    // [MQTT-3.3.1-7]
    assertEquals(broker.context.retained.size, 0);
    await using late = await TestClient.connect(broker, { version });
    await late.subscribe("#");
    await late.ping();
    // Subscribers get every one of them, the empty ones too.
    for (const payload of ["1", "2", "3", "", ""]) {
      assertEquals(await reader.message(), `a/b: ${payload}`);
    }
  });
}

Deno.test("topics that begin with $ are not selected by a leading wildcard [MQTT-4.7.2-1]", async () => {
  await using broker = await startBroker();
  broker.context.publish("$SYS/kept", "r", { retain: true });
  await using wild = await TestClient.connect(broker);
  await wild.subscribe(["#", "+/kept", "+/live", "+/#"]);
  await using named = await TestClient.connect(broker);
  await named.subscribe("$SYS/#");
  assertEquals(await named.message(), "$SYS/kept: r");
  broker.context.publish("$SYS/live", "x");
  assertEquals(await named.message(), "$SYS/live: x");
  await wild.ping();
  await using plus = await TestClient.connect(broker);
  await plus.subscribe("$SYS/+");
  assertEquals(await plus.message(), "$SYS/kept: r");
});

Deno.test("SUBACK and UNSUBACK answer each filter, in order [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-3.11.3-1]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, v5);
  const filters = ["a", "a/#/b", "+x", "$share/g", "$share/g/b", "#"];
  assertEquals(
    await client.subscribe(filters, 1),
    [1, 0x8f, 0x8f, 0x8f, 1, 1],
  );
  const unsuback = await client.unsubscribe("a", "never", "$share/g/b", "a");
  assertEquals(unsuback.granted, [0, 0x11, 0, 0x11]);
  await using old = await TestClient.connect(broker);
  assertEquals(await old.subscribe(filters, 1), [1, 128, 128, 128, 1, 1]);
});

Deno.test("after UNSUBACK nothing new comes, what was sent is completed [MQTT-3.10.4-2] [MQTT-3.10.4-3]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe("a", 2);
  broker.context.publish("a", "1", { qos: 2 });
  const { messageId } = await client.expect("publish");
  await client.unsubscribe("a");
  broker.context.publish("a", "2", { qos: 2 });
  await client.send({ cmd: "pubrec", messageId });
  await client.expect("pubrel");
  await client.send({ cmd: "pubcomp", messageId });
  await client.ping();
});
