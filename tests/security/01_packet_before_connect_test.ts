/** Class 1: memory before anybody is authenticated. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { frame, text } from "../protocol/_helpers.ts";
import { assertServes, sendAndBeClosed } from "./_attack.ts";

/** The first bytes of a CONNECT of the given size. */
function beginning(size: number, version: number): number[] {
  const length: number[] = [];
  for (let rest = size; rest > 0; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
  }
  return [0x10, ...length, ...text("MQTT"), version, 2, 0, 0];
}

Deno.test("a CONNECT that is too large is refused before it has come", async () => {
  await using broker = await startBroker();
  for (const size of [128 * 1024, 1 << 20, 268_435_455]) {
    await sendAndBeClosed(broker, beginning(size, 4));
    await using client = await TestClient.open(broker, 5);
    await client.raw(beginning(size, 5));
    assertEquals((await client.expect("connack")).reasonCode, 0x95);
    await client.closed();
  }
  await assertServes(broker);
});

Deno.test("nothing but CONNECT is taken first, of whatever size", async () => {
  await using broker = await startBroker();
  for (let type = 0; type < 16; type++) {
    if (type === 1) continue;
    for (const flags of [0, 2]) {
      await sendAndBeClosed(broker, [type << 4 | flags, 0]);
      await sendAndBeClosed(broker, frame(type << 4 | flags, text("a")));
    }
  }
  // Announced, and not sent.
  await sendAndBeClosed(broker, [0x30, 0xff, 0xff, 0x7f]);
  assertEquals(broker.context.stats().publishReceived, 0);
  await assertServes(broker);
});

Deno.test("who is refused gets no other limit: a large packet behind a bad login is not read", async () => {
  await using broker = await startBroker({ plugins: [] });
  await using client = await TestClient.open(broker, 5);
  await client.raw(frame(0x10, [
    ...[...text("MQTT"), 5, 2, 0, 0, 0, ...text("c")],
  ]));
  assertEquals((await client.expect("connack")).reasonCode, 0x87);
  await client.raw([0x30, 0xff, 0xff, 0x7f]).catch(() => {});
  await client.closed();
  assertEquals(broker.context.stats().publishReceived, 0);
});
