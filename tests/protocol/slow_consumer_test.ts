/** Clients that read slowly, or never: publishers wait, then messages are dropped and counted. */

import { assert, assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../_client.ts";
import { frame, properties, publish, RawClient, text } from "./_helpers.ts";

const MIB = 1 << 20;

/** Subscribes to `t` and reads no more. */
async function lazy(broker: Broker, qos: number): Promise<RawClient> {
  const reader = await RawClient.connect(broker, "lazy");
  await reader.send(frame(0x82, [0, 1, ...properties(), ...text("t"), qos]));
  assertEquals((await reader.frame())[0], 0x90);
  return reader;
}

/** Whole PUBLISH packets of QoS 0 to `t`, for version 5, in one array. */
function packets(count: number, size: number): Uint8Array {
  const one = frame(0x30, [
    ...text("t"),
    ...properties(),
    ...new Array<number>(size).fill(0x78),
  ]);
  const all = new Uint8Array(count * one.length);
  for (let i = 0; i < count; i++) all.set(one, i * one.length);
  return all;
}

/** Waits until the client's PINGREQ is answered: all before it was handled. */
async function ping(client: RawClient): Promise<void> {
  await client.send([0xc0, 0]);
  assertEquals(await client.frame(), [0xd0, 0]);
}

Deno.test("a slow reader of QoS 0 messages loses none: the publisher waits", async () => {
  await using broker = await startBroker({ maxOutputBytes: MIB });
  using reader = await lazy(broker, 0);
  using sender = await RawClient.connect(broker, "sender");
  const batch = packets(250, 4096);
  const batches = 40;
  const expected = batch.length * batches;
  // More than sockets and the broker can hold together.
  assert(expected > 39 * MIB);
  const sending = (async () => {
    for (let i = 0; i < batches; i++) await sender.send(batch);
    await ping(sender);
  })();
  let received = 0;
  while (received < expected) {
    const count = await reader.skip();
    assert(count !== null);
    received += count;
    await new Promise((done) => setTimeout(done, 1));
  }
  await sending;
  assertEquals(received, expected);
  assertEquals(broker.context.stats().dropped.output_full, 0);
  assertEquals(broker.context.stats().publishSent, 250 * batches);
});

Deno.test("a client that never reads is dropped from, counted, and holds nobody up for long", async () => {
  await using broker = await startBroker({ maxOutputBytes: MIB });
  using reader = await lazy(broker, 0);
  await using other = await TestClient.connect(broker, { version: 5 });
  await other.subscribe("else");
  using sender = await RawClient.connect(broker, "sender");
  const batch = packets(250, 4096);
  const { bytesSent } = broker.context.stats();
  const batches = 24;
  for (let i = 0; i < batches; i++) await sender.send(batch);
  await ping(sender);
  const { dropped, publishSent, bytesSent: after } = broker.context.stats();
  assert(dropped.output_full > 0);
  // Every message was either handed on or counted.
  assertEquals(publishSent + dropped.output_full, 250 * batches);
  // What is not in the sockets' own buffers is within the limit.
  const held = publishSent * (batch.length / 250) - (after - bytesSent);
  assert(held <= MIB + 65536, `${held} bytes wait`);
  // Nobody waits for it now; else each batch took a second.
  const since = Date.now();
  for (let i = 0; i < batches; i++) await sender.send(batch);
  await sender.send(frame(0x30, [...text("else"), 0, 0x78]));
  assertEquals(await other.message(), "else: x");
  assert(Date.now() - since < 10_000);
  // Once it reads again, it gets messages again.
  const seen = broker.context.stats().publishSent;
  const reading = (async () => {
    while (await reader.skip() !== null);
  })().catch(() => {});
  await eventually(() => {
    broker.context.publish("t", "again");
    return broker.context.stats().publishSent > seen;
  });
  reader[Symbol.dispose]();
  await reading;
});

Deno.test("messages of QoS 1 for a client that never reads: queue and window are bounded", async () => {
  await using broker = await startBroker({
    maxQueuedMessages: 100,
    maxInflight: 10,
  });
  using _reader = await lazy(broker, 1);
  await using sender = await TestClient.connect(broker, { version: 5 });
  for (let i = 0; i < 200; i++) {
    await sender.send(publish("t", "x", { qos: 1, messageId: 1 }));
    assertEquals((await sender.expect("puback")).messageId, 1);
  }
  const { queued, inflightOut, dropped } = broker.context.stats();
  assertEquals([inflightOut, queued, dropped.queue_full], [10, 100, 90]);
});

Deno.test("the bytes of a queue are bounded too", async () => {
  await using broker = await startBroker({
    maxQueuedBytes: 10_000,
    maxInflight: 1,
  });
  using _reader = await lazy(broker, 1);
  // With its topic a message weighs 1,000 bytes.
  for (let i = 0; i < 20; i++) {
    broker.context.publish("t", new Uint8Array(999), { qos: 1 });
  }
  const { queued, dropped } = broker.context.stats();
  assertEquals([queued, dropped.queue_full], [10, 9]);
});

Deno.test("a reader that catches up gets queued QoS 1 messages in order, none lost", async () => {
  await using broker = await startBroker({ maxInflight: 5 });
  await using reader = await TestClient.connect(broker, { version: 5 });
  await reader.subscribe("t", 1);
  await using sender = await TestClient.connect(broker, { version: 5 });
  for (let i = 0; i < 500; i++) {
    await sender.send(publish("t", `${i}`, { qos: 1, messageId: 1 }));
  }
  for (let i = 0; i < 500; i++) {
    const packet = await reader.expect("publish");
    assertEquals(`${packet.payload}`, `${i}`);
    await reader.send({ cmd: "puback", messageId: packet.messageId });
  }
});

Deno.test("a client that sends and never reads the answers is disconnected, its answers are bounded", async () => {
  await using broker = await startBroker({
    maxOutputBytes: 65536,
    maxPacketSize: 65536,
  });
  using flood = await RawClient.connect(broker, "flood");
  // Eight bytes each; the answer has five.
  const one = frame(0x32, [...text("t"), 0, 1, 0]);
  const many = new Uint8Array(MIB);
  for (let i = 0; i < many.length; i += one.length) many.set(one, i);
  let sent = 0;
  try {
    while (sent < 64) {
      await flood.send(many);
      sent++;
    }
  } catch {
    // The broker has closed the connection.
  }
  await eventually(() => broker.context.getSession("flood") === undefined);
  assert(sent < 64);
});

Deno.test("a large window in flight is repeated in pieces, in order, to whom it belongs", async () => {
  await using broker = await startBroker({
    maxOutputBytes: 65536,
    maxPacketSize: 200_000,
  });
  const lasting = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  const count = 150;
  const payload = new Uint8Array(100_000);
  const ids: number[] = [];
  {
    await using client = await TestClient.connect(broker, lasting);
    await client.subscribe("t", 2);
    for (let i = 0; i < count; i++) {
      broker.context.publish("t", payload, { qos: i % 2 ? 1 : 2 });
      ids.push((await client.expect("publish")).messageId!);
    }
  }
  // It asks for something at once, while all this is on its way.
  await using client = await TestClient.open(broker, 5);
  await client.send(connectPacket(lasting), { cmd: "pingreq" });
  await client.expect("connack");
  const got: number[] = [];
  while (got.length < count) {
    const packet = await client.next();
    if (packet.cmd === "pingresp") continue;
    assert(packet.cmd === "publish" && packet.dup);
    got.push(packet.messageId!);
  }
  assertEquals(got, ids);
  const { inflightOut, queued } = broker.context.stats();
  assertEquals([inflightOut, queued], [count, 0]);
});
