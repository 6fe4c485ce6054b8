/** QoS 1 and 2 from the broker to a client: what is repeated after a reconnection, and how. */

import { assertEquals, assertNotEquals } from "@std/assert";
import type { ProtocolVersion } from "../../codec/mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { flight, gone, publish } from "./_helpers.ts";

const VERSIONS: ProtocolVersion[] = [3, 4, 5];

for (const version of VERSIONS) {
  const lasting = {
    version,
    clientId: "reader",
    clean: false,
    ...version === 5 && { properties: { sessionExpiryInterval: 60 } },
  };

  Deno.test(`MQTT ${version}: QoS 2 goes on where it broke off, at each stage [MQTT-4.4.0-1]`, async () => {
    await using broker = await startBroker();
    let messageId = 0;
    {
      await using reader = await TestClient.connect(broker, lasting);
      await reader.subscribe("t", 2);
      broker.context.publish("t", "once", { qos: 2 });
      // [MQTT-4.3.3-2]
      const packet = await reader.expect("publish");
      assertEquals(flight(packet), ["once", 2, false, packet.messageId]);
      messageId = packet.messageId!;
      assertNotEquals(messageId, 0);
    }
    {
      // PUBLISH was not acknowledged: it is repeated [MQTT-3.3.1-1].
      await using reader = await TestClient.connect(broker, lasting);
      assertEquals(flight(await reader.expect("publish")), [
        "once",
        2,
        true,
        messageId,
      ]);
      await reader.send({ cmd: "pubrec", messageId });
      assertEquals((await reader.expect("pubrel")).messageId, messageId);
    }
    {
      // PUBREL was not acknowledged: it is repeated, PUBLISH is not [MQTT-4.3.3-6].
      await using reader = await TestClient.connect(broker, lasting);
      assertEquals((await reader.expect("pubrel")).messageId, messageId);
      await reader.ping();
      // A second PUBREC has the same answer.
      await reader.send({ cmd: "pubrec", messageId });
      assertEquals((await reader.expect("pubrel")).messageId, messageId);
      await reader.send({ cmd: "pubcomp", messageId });
      await reader.ping();
      assertEquals(broker.context.stats().inflightOut, 0);
    }
    await using reader = await TestClient.connect(broker, lasting);
    await reader.ping();
  });

  Deno.test(`MQTT ${version}: messages in flight are repeated in order, with DUP and their identifiers [MQTT-4.6.0-1]`, async () => {
    await using broker = await startBroker();
    const sent: [string, number, boolean, number | undefined][] = [];
    {
      await using reader = await TestClient.connect(broker, lasting);
      await reader.subscribe("t", 2);
      for (let i = 0; i < 6; i++) {
        broker.context.publish("t", `${i}`, { qos: i % 2 ? 1 : 2 });
        sent.push(flight(await reader.expect("publish")));
      }
      // The second and the third arrive, the rest do not.
      await reader.send({ cmd: "puback", messageId: sent[1][3]! });
      await reader.send({ cmd: "pubrec", messageId: sent[2][3]! });
      await reader.expect("pubrel");
      await reader.send({ cmd: "pubcomp", messageId: sent[2][3]! });
      await reader.ping();
    }
    await gone(broker, "reader");
    broker.context.publish("t", "queued", { qos: 1 });
    await using reader = await TestClient.connect(broker, lasting);
    for (const i of [0, 3, 4, 5]) {
      const [payload, qos, , messageId] = sent[i];
      assertEquals(
        flight(await reader.expect("publish")),
        [payload, qos, true, messageId],
      );
    }
    const last = flight(await reader.expect("publish"));
    assertEquals(last.slice(0, 3), ["queued", 1, false]);
    await reader.ping();
  });

  Deno.test(`MQTT ${version}: what is in flight is not repeated while the connection lasts [MQTT-4.4.0-1]`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, lasting);
    await reader.subscribe("t", 1);
    broker.context.publish("t", "1", { qos: 1 });
    broker.context.publish("t", "2", { qos: 1 });
    assertEquals(await reader.message(), "t: 1");
    assertEquals(await reader.message(), "t: 2");
    await reader.ping();
  });

  Deno.test(`MQTT ${version}: acknowledgements that nobody waits for harm nothing`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker, lasting);
    await reader.subscribe("t", 2);
    await reader.send(
      { cmd: "puback", messageId: 9 },
      { cmd: "pubcomp", messageId: 9 },
    );
    await reader.ping();
    await reader.send({ cmd: "pubrec", messageId: 9 });
    const pubrel = await reader.expect("pubrel");
    if (version === 5) assertEquals(pubrel.reasonCode, 0x92);
    broker.context.publish("t", "still", { qos: 2 });
    assertEquals(await reader.message(), "t: still");
  });
}

Deno.test("MQTT 5: a PUBREC with a reason code of 0x80 or more ends the exchange [MQTT-4.4.0-2]", async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "reader",
    clean: false,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
  } as const;
  await using reader = await TestClient.connect(broker, lasting);
  await reader.subscribe("t", 2);
  broker.context.publish("t", "unwanted", { qos: 2 });
  broker.context.publish("t", "next", { qos: 2 });
  const { messageId } = await reader.expect("publish");
  await reader.send({ cmd: "pubrec", messageId, reasonCode: 0x97 });
  assertEquals(await reader.message(), "t: next");
  await reader.ping();
  await reader.close();
  await using back = await TestClient.connect(broker, lasting);
  assertEquals(await back.message(), "t: next");
  await back.ping();
});

Deno.test("packet identifiers in use are not given to new messages after a reconnection [MQTT-2.2.1-4]", async () => {
  await using broker = await startBroker();
  const lasting = { clientId: "reader", clean: false } as const;
  const used = new Set<number>();
  {
    await using reader = await TestClient.connect(broker, lasting);
    await reader.subscribe("t", 2);
    for (let i = 0; i < 3; i++) {
      broker.context.publish("t", `${i}`, { qos: 2 });
      used.add((await reader.expect("publish")).messageId!);
    }
  }
  await using reader = await TestClient.connect(broker, lasting);
  for (let i = 0; i < 3; i++) await reader.expect("publish");
  broker.context.publish("t", "new", { qos: 1 });
  const fresh = await reader.expect("publish");
  assertEquals(used.has(fresh.messageId!), false);
  assertEquals(used.size, 3);
});

Deno.test("QoS of a delivery is the lower of publication and subscription [MQTT-3.8.4-8]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, { version: 5 });
  await using sender = await TestClient.connect(broker, { version: 4 });
  for (const granted of [0, 1, 2] as const) {
    await reader.subscribe(`t/${granted}`, granted);
    for (const qos of [0, 1, 2] as const) {
      await sender.publish(`t/${granted}`, "x", { qos });
      const packet = await reader.expect("publish");
      assertEquals(packet.qos, Math.min(granted, qos));
    }
  }
  await sender.send(publish("t/0", "end"));
  assertEquals(await reader.message(), "t/0: end");
});
