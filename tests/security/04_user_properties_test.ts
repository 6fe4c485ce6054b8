/** Class 4: packets full of user properties. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected } from "../protocol/_helpers.ts";
import { type PacketSpec, wire } from "../fuzz/wire.ts";
import { assertServes } from "./_attack.ts";

function users(count: number): [number, [string, string]][] {
  return Array.from({ length: count }, (_, i) => [38, [`${i % 7}`, ""]]);
}

function packets(count: number): PacketSpec[] {
  const properties = users(count);
  return [
    {
      cmd: "publish",
      topic: "t",
      payload: "x",
      qos: 0,
      retain: false,
      dup: false,
      id: 0,
      properties,
    },
    { cmd: "subscribe", id: 1, filters: [["t", 0]], properties },
    { cmd: "unsubscribe", id: 1, filters: [["t", 0]], properties },
    { cmd: "ack", type: 4, id: 1, reason: 0, properties },
    { cmd: "other", first: 0xe0, body: [0], properties },
  ];
}

async function sendTo(broker: Broker, packet: PacketSpec): Promise<TestClient> {
  const client = await TestClient.connect(broker, { version: 5 });
  await client.raw(wire(packet, 5));
  return client;
}

Deno.test("a packet with more user properties than allowed ends the connection", async () => {
  await using broker = await startBroker();
  for (const packet of packets(257)) {
    await using client = await sendTo(broker, packet);
    await assertDisconnected(client, 0x97);
  }
  const connect = {
    cmd: "connect",
    clientId: "c",
    clean: true,
    keepAlive: 0,
  } as const;
  const will = {
    topic: "w",
    payload: "",
    qos: 0,
    retain: false,
    properties: users(257),
  };
  for (
    const packet of [
      { ...connect, properties: users(257) },
      { ...connect, properties: [], will },
    ]
  ) {
    await using client = await TestClient.open(broker, 5);
    await client.raw(wire(packet, 5));
    assertEquals((await client.expect("connack")).reasonCode, 0x97);
    await client.closed();
  }
  await assertServes(broker);
});

Deno.test("even a packet that is nothing but user properties is read in one go", async () => {
  // More than fit into the largest packet: no limit but its size.
  await using broker = await startBroker({ maxUserProperties: 1_000_000 });
  const [message, subscribe, ...rest] = packets(250_000);
  {
    await using client = await sendTo(broker, message);
    await client.ping();
  }
  {
    await using client = await sendTo(broker, subscribe);
    await client.expect("suback");
  }
  for (const packet of rest) {
    await using client = await sendTo(broker, packet);
    if (packet.cmd === "unsubscribe") await client.expect("unsuback");
    else if (packet.cmd === "ack") await client.ping();
    else await client.closed();
  }
  await assertServes(broker);
});
