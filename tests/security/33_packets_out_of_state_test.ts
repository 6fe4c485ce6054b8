/** Class 33: packets that nobody asked for. */

import { assertEquals } from "@std/assert";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { encode, type Packet } from "../../codec/mod.ts";
import { frame, publish } from "../protocol/_helpers.ts";
import { assertServes, lasting, leftOver, VERSIONS } from "./_attack.ts";

const PROTOCOL_ERROR = 0x82;

/** What a connected client must not send. */
function misplaced(
  version: 3 | 4 | 5,
): ReadonlyArray<readonly [string, Uint8Array | number[]]> {
  return [
    ["CONNECT", encode(connectPacket({ version }), version)],
    [
      "CONNECT of another version",
      encode(connectPacket({ version: version === 5 ? 4 : 5 }), 5),
    ],
    [
      "CONNECT of no version",
      frame(0x10, [0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0]),
    ],
    ["CONNACK", frame(0x20, version === 5 ? [0, 0, 0] : [0, 0])],
    ["SUBACK", frame(0x90, version === 5 ? [0, 1, 0, 0] : [0, 1, 0])],
    ["UNSUBACK", frame(0xb0, version === 5 ? [0, 1, 0, 0] : [0, 1])],
    ["PINGRESP", [0xd0, 0]],
  ];
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: what only a server sends, and a second CONNECT, end the connection`, async () => {
    await using broker = await startBroker();
    for (const [what, bytes] of misplaced(version)) {
      await using client = await TestClient.connect(broker, { version });
      await client.raw(bytes);
      if (version === 5) {
        const { reasonCode } = await client.expect("disconnect");
        assertEquals(reasonCode, PROTOCOL_ERROR, what);
      }
      assertEquals(await leftOver(client), [], what);
    }
    await assertServes(broker);
  });

  Deno.test(`MQTT ${version}: acknowledgements of nothing have an orderly answer, or none`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    const unknown = version === 5 ? 0x92 : undefined;
    for (const messageId of [1, 77, 65535]) {
      await client.send({ cmd: "puback", messageId }, {
        cmd: "pubcomp",
        messageId,
      });
      await client.send({ cmd: "pubrec", messageId });
      const { reasonCode: first } = await client.expect("pubrel");
      await client.send({ cmd: "pubrel", messageId });
      const { reasonCode: second } = await client.expect("pubcomp");
      if (version === 5) assertEquals([first, second], [unknown, unknown]);
    }
    await client.ping();
  });

  Deno.test(`MQTT ${version}: acknowledgements of the wrong kind complete nothing`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, {
      ...lasting(version),
      clientId: "c",
    });
    await client.subscribe("#", 2);
    broker.context.publish("t", "1", { qos: 1 });
    broker.context.publish("t", "2", { qos: 2 });
    const { messageId: one } = await client.expect("publish");
    const { messageId: two } = await client.expect("publish");
    await client.send({ cmd: "pubrec", messageId: one });
    await client.expect("pubrel");
    await client.send({ cmd: "pubcomp", messageId: one }, {
      cmd: "puback",
      messageId: two,
    });
    await client.ping();
    assertEquals(broker.context.stats().inflightOut, 2);
    await client.send({ cmd: "puback", messageId: one });
    await client.ping();
    assertEquals(broker.context.stats().inflightOut, 1);
  });

  Deno.test(`MQTT ${version}: nothing is done before CONNACK, and nothing after DISCONNECT`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("#");
    const packets: Packet[] = [publish("t", "x"), {
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "#", qos: 0 }],
    }];
    for (const packet of packets) {
      await using early = await TestClient.open(broker, version);
      await early.send(packet, connectPacket({ version }));
      assertEquals(await leftOver(early), []);
      await using late = await TestClient.connect(broker, { version });
      await late.send({ cmd: "disconnect" }, packet);
      assertEquals(await leftOver(late), []);
    }
    await reader.ping();
    assertEquals(broker.context.stats().subscriptions, 1);
  });
}

Deno.test("AUTH that nobody asked for ends the connection", async () => {
  await using broker = await startBroker();
  for (const reasonCode of [0x18, 0x19]) {
    await using client = await TestClient.connect(broker, { version: 5 });
    await client.send({
      cmd: "auth",
      reasonCode,
      properties: { authenticationMethod: "SCRAM-SHA-1" },
    });
    const packet = await client.expect("disconnect");
    assertEquals(packet.reasonCode, PROTOCOL_ERROR);
    assertEquals(await leftOver(client), []);
  }
  await using client = await TestClient.connect(broker, { version: 4 });
  await client.raw([0xf0, 0]);
  assertEquals(await leftOver(client), []);
});
