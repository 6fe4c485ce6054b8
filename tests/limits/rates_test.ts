/** Clients that send faster than they may: they are made to wait, and nothing is lost. */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { limitsOf } from "./_helpers.ts";

for (const qos of [0, 1, 2] as const) {
  Deno.test(`message-rate: messages of QoS ${qos} arrive more slowly, all and in order`, async () => {
    await using broker = await startBroker({ messageRate: 100 });
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("t", 0);
    await using sender = await TestClient.connect(broker);
    const packets = Array.from(
      { length: 160 },
      (_, i) =>
        publish("t", `${i}`, { qos, ...(qos > 0 && { messageId: i + 1 }) }),
    );
    await sender.send(...packets, { cmd: "pingreq" });
    for (let i = 0; i < packets.length; i++) {
      assertEquals(await reader.message(), `t: ${i}`);
    }
    let packet = await sender.next();
    while (packet.cmd !== "pingresp") packet = await sender.next();
    assert(limitsOf(broker).messageRate > 0);
    assertEquals(limitsOf(broker).byteRate, undefined);
    assertEquals(broker.context.stats().publishReceived, packets.length);
  });
}

Deno.test("message-rate: only what is published counts", async () => {
  await using broker = await startBroker({ messageRate: 0.001 });
  await using client = await TestClient.connect(broker);
  await client.publish("t", "the only one", { qos: 1 });
  for (let i = 0; i < 50; i++) await client.ping();
  await client.subscribe("t");
  assertEquals(limitsOf(broker), {});
});

Deno.test("byte-rate: large packets pass whole, and the rest waits", async () => {
  await using broker = await startBroker({ byteRate: "400KB" });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t", 0);
  await using sender = await TestClient.connect(broker);
  const payload = new Uint8Array(150_000).fill(0x61);
  for (let i = 0; i < 4; i++) await sender.publish("t", payload, { qos: 1 });
  for (let i = 0; i < 4; i++) {
    assertEquals((await reader.expect("publish")).payload.length, 150_000);
  }
  assert(limitsOf(broker).byteRate > 0);
});

Deno.test("rates hold for each client, and for the listeners that have them", async () => {
  await using broker = await startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0", messageRate: 0.001 },
      free: { bind: "127.0.0.1:0", messageRate: 0 },
    },
    shutdownTimeout: 1000,
  });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t", 0);
  const free = await TestClient.connect(broker.listeners[1].port);
  for (let i = 0; i < 20; i++) await free.publish("t", `${i}`);
  for (let i = 0; i < 20; i++) assertEquals(await reader.message(), `t: ${i}`);
  assertEquals(limitsOf(broker), {});
  await free.close();
  // Each has one message; then it waits for minutes.
  const slow = [
    await TestClient.connect(broker, { clientId: "one" }),
    await TestClient.connect(broker, { clientId: "two" }),
  ];
  for (const client of slow) {
    await client.send(publish("t", "first"), publish("t", "second"));
    assertEquals(await reader.message(), "t: first");
  }
  await eventually(() => limitsOf(broker).messageRate === 2);
  // That does not keep the broker from disconnecting it, or from stopping.
  broker.context.disconnect("one");
  await slow[0].closed();
  for (const client of slow) await client.close();
});

Deno.test("a client that waits for its rate is not silent: its keep alive does not end it", async () => {
  await using broker = await startBroker({ messageRate: 0.4 });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t", 0);
  await using sender = await TestClient.connect(broker, { keepalive: 1 });
  // The second one waits for 2.5 seconds.
  await sender.send(publish("t", "first"), publish("t", "second"));
  assertEquals(await reader.message(), "t: first");
  assertEquals(await reader.message(), "t: second");
  await sender.ping();
});
