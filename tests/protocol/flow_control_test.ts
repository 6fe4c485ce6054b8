/** How much may be under way: receive maximum and maximum packet size, both directions. */

import { assertEquals } from "@std/assert";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import {
  assertClosedSilently,
  assertDisconnected,
  flight,
  frame,
  gone,
  properties,
  publish,
  RawClient,
  text,
} from "./_helpers.ts";

Deno.test("MQTT 5: the broker has no more messages in flight than the receive maximum [MQTT-3.3.4-9]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, {
    version: 5,
    properties: { receiveMaximum: 2 },
  });
  await reader.subscribe("t", 2);
  for (let i = 0; i < 5; i++) {
    broker.context.publish("t", `${i}`, { qos: i === 1 ? 2 : 1 });
  }
  const [zero, one] = [
    await reader.expect("publish"),
    await reader.expect("publish"),
  ];
  await reader.ping();
  // QoS 0 is not counted, and nothing but PUBLISH is delayed [MQTT-3.3.4-10].
  broker.context.publish("t", "zero");
  assertEquals(await reader.message(), "t: zero");
  await reader.send({ cmd: "puback", messageId: zero.messageId });
  assertEquals(await reader.message(), "t: 2");
  // PUBREC does not give the place back, PUBCOMP does.
  await reader.send({ cmd: "pubrec", messageId: one.messageId });
  await reader.expect("pubrel");
  await reader.ping();
  await reader.send({ cmd: "pubcomp", messageId: one.messageId });
  assertEquals(await reader.message(), "t: 3");
  await reader.ping();
  assertEquals(broker.context.stats().queued, 1);
});

Deno.test("the broker's own limit holds for clients of MQTT 3.1.1 too", async () => {
  await using broker = await startBroker({ maxInflight: 1 });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t", 1);
  broker.context.publish("t", "1", { qos: 1 });
  broker.context.publish("t", "2", { qos: 1 });
  const { messageId } = await reader.expect("publish");
  await reader.ping();
  await reader.send({ cmd: "puback", messageId });
  assertEquals(await reader.message(), "t: 2");
});

Deno.test("MQTT 5: a resumed session with a smaller receive maximum gets the rest later, in order [MQTT-3.3.4-9]", async () => {
  await using broker = await startBroker();
  const lasting = { version: 5, clientId: "c", clean: false } as const;
  const sent = [];
  {
    await using reader = await TestClient.connect(broker, {
      ...lasting,
      properties: { sessionExpiryInterval: 60 },
    });
    await reader.subscribe("t", 2);
    for (let i = 0; i < 4; i++) {
      broker.context.publish("t", `${i}`, { qos: 1 });
      sent.push(flight(await reader.expect("publish")));
    }
  }
  await using reader = await TestClient.connect(broker, {
    ...lasting,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
  });
  for (const [payload, qos, , messageId] of sent) {
    assertEquals(
      flight(await reader.expect("publish")),
      [payload, qos, true, messageId],
    );
    await reader.ping();
    await reader.send({ cmd: "puback", messageId });
  }
  await reader.ping();
  const { inflightOut, queued } = broker.context.stats();
  assertEquals([inflightOut, queued], [0, 0]);
});

Deno.test("MQTT 5: more unreleased messages than the receive maximum end the connection with 0x93 [MQTT-3.3.4-7]", async () => {
  await using broker = await startBroker({ receiveMaximum: 2 });
  await using sender = await TestClient.connect(broker, { version: 5 });
  assertEquals(sender.connack?.properties?.receiveMaximum, 2);
  for (const messageId of [1, 2]) {
    await sender.send(publish("t", "", { qos: 2, messageId }));
    await sender.expect("pubrec");
  }
  // A repetition takes no place, a release gives one back.
  await sender.send(publish("t", "", { qos: 2, messageId: 1, dup: true }));
  await sender.expect("pubrec");
  await sender.send({ cmd: "pubrel", messageId: 1 });
  await sender.expect("pubcomp");
  await sender.send(publish("t", "", { qos: 2, messageId: 3 }));
  await sender.expect("pubrec");
  await sender.send(publish("t", "", { qos: 2, messageId: 4 }));
  await assertDisconnected(sender, 0x93);
});

Deno.test("MQTT 5: a message larger than the client takes is as if delivered [MQTT-3.1.2-24] [MQTT-3.1.2-25]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 40, receiveMaximum: 1 },
  });
  await reader.subscribe("t", 2);
  // 30: first byte, length, 3 of topic, 2 of identifier, 1 of properties, then the payload.
  for (const qos of [0, 1, 2] as const) {
    const payload = 40 - (qos === 0 ? 6 : 8);
    broker.context.publish("t", "-".repeat(payload + 1), { qos });
    broker.context.publish("t", "+".repeat(payload), { qos });
    const packet = await reader.expect("publish");
    assertEquals(`${packet.payload}`, "+".repeat(payload));
    const { messageId } = packet;
    if (qos === 1) await reader.send({ cmd: "puback", messageId });
    if (qos === 2) {
      await reader.send({ cmd: "pubrec", messageId });
      await reader.expect("pubrel");
      await reader.send({ cmd: "pubcomp", messageId });
    }
  }
  await reader.ping();
  assertEquals(broker.context.stats().dropped.packet_too_large, 3);
  assertEquals(broker.context.stats().inflightOut, 0);
});

Deno.test("MQTT 5: a message in flight that the resumed session cannot take holds no place [MQTT-3.1.2-25]", async () => {
  await using broker = await startBroker();
  const lasting = { version: 5, clientId: "c", clean: false } as const;
  {
    await using reader = await TestClient.connect(broker, {
      ...lasting,
      properties: { sessionExpiryInterval: 60 },
    });
    await reader.subscribe("t", 2);
    broker.context.publish("t", "-".repeat(100), { qos: 1 });
    await reader.expect("publish");
  }
  await gone(broker, "c");
  broker.context.publish("t", "small", { qos: 1 });
  await using reader = await TestClient.connect(broker, {
    ...lasting,
    properties: {
      sessionExpiryInterval: 60,
      maximumPacketSize: 50,
      receiveMaximum: 1,
    },
  });
  assertEquals(await reader.message(), "t: small");
});

Deno.test("MQTT 5: a reason string that does not fit is left out, not the packet [MQTT-3.14.2-3]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 25 },
  });
  await client.raw(frame(0x82, [0, 1, 0, ...text("$share/g/t"), 4]));
  const packet = await client.expect("disconnect");
  assertEquals(packet.reasonCode, 0x82);
  assertEquals(packet.properties?.reasonString, undefined);
});

Deno.test("MQTT 5: a packet larger than the broker takes ends the connection with 0x95 [MQTT-3.2.2-15]", async () => {
  await using broker = await startBroker({ maxPacketSize: 100 });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(client.connack?.properties?.maximumPacketSize, 100);
  // 98 bytes follow the fixed header.
  await client.publish("t", "x".repeat(94), { qos: 0 });
  // Refused at its fixed header: the body never comes.
  await client.raw([0x30, 99]);
  await assertDisconnected(client, 0x95);
});

Deno.test("MQTT 3.1.1: a packet larger than the broker takes ends the connection", async () => {
  await using broker = await startBroker({ maxPacketSize: 100 });
  await using client = await TestClient.connect(broker);
  await client.raw([0x30, 99]);
  await client.closed();
});

Deno.test("MQTT 5: reason strings that do not fit are left out of PUBACK, PUBREC and SUBACK [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 25 },
  });
  const messageId = 1;
  await client.send(
    publish("$SYS/x", "", { qos: 1, messageId }),
    publish("$SYS/x", "", { qos: 2, messageId }),
    { cmd: "subscribe", messageId, subscriptions: [{ topic: "a#", qos: 0 }] },
  );
  const puback = await client.expect("puback");
  const pubrec = await client.expect("pubrec");
  const suback = await client.expect("suback");
  assertEquals(
    [puback.reasonCode, pubrec.reasonCode, suback.granted],
    [0x87, 0x87, [0x8f]],
  );
  for (const { properties } of [puback, pubrec, suback]) {
    assertEquals(properties?.reasonString, undefined);
  }
});

Deno.test("MQTT 5: a client that takes no packet as large as the CONNACK is let go [MQTT-3.1.2-24]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.open(broker, 5);
  await client.send(
    connectPacket({ version: 5, properties: { maximumPacketSize: 5 } }),
  );
  await assertClosedSilently(client);
  assertEquals([...broker.context.sessions], []);
});

Deno.test("MQTT 5: a CONNECT larger than the broker takes is refused with 0x95", async () => {
  await using broker = await startBroker({ maxConnectPacketSize: 64 });
  await using client = await TestClient.open(broker, 5);
  await client.raw(frame(0x10, [
    ...[...text("MQTT"), 5, 2, 0, 0],
    ...properties(),
    ...text("c".repeat(100)),
  ]));
  assertEquals((await client.expect("connack")).reasonCode, 0x95);
  await assertClosedSilently(client);
  // Clients of MQTT 3 know of no such code.
  await using old = await TestClient.open(broker);
  await old.send(connectPacket({ clientId: "c".repeat(100) }));
  await assertClosedSilently(old);
  using small = await RawClient.connect(broker, "c");
  await small.send([0xc0, 0]);
  assertEquals(await small.frame(), [0xd0, 0]);
});
