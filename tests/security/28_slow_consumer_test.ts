/** Class 28: a client that does not read what is sent to it. */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { frame, properties, RawClient, text } from "../protocol/_helpers.ts";

const LIMIT = 256 * 1024;

Deno.test("what waits for a client that reads nothing is bounded, for every QoS, and others are served", async () => {
  await using broker = await startBroker({
    maxOutputBytes: LIMIT,
    maxQueuedMessages: 50,
    maxInflight: 10,
  });
  const { context } = broker;
  using lazy = await RawClient.connect(broker, "lazy");
  for (const qos of [0, 1, 2]) {
    const filter = text(`qos/${qos}`);
    await lazy.send(frame(0x82, [0, 1, ...properties(), ...filter, qos]));
    await lazy.frame();
  }
  await using other = await TestClient.connect(broker, { version: 5 });
  await other.subscribe("other");
  const before = context.stats().bytesSent;
  const payload = new Uint8Array(20_000);
  for (let i = 0; i < 800; i++) {
    context.publish(`qos/${i % 3}`, payload, { qos: (i % 3) as 0 | 1 | 2 });
    if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { dropped, inflightOut, queued, publishSent, bytesSent } = context
    .stats();
  assert(dropped.output_full > 0 && dropped.queue_full > 0);
  assert(inflightOut <= 10 && queued <= 50, `${inflightOut} ${queued}`);
  // What is not with the system any more is within the limit, and the window.
  const held = publishSent * payload.length - (bytesSent - before);
  assert(held <= LIMIT + 10 * 20_100, `${held} bytes wait`);
  context.publish("other", "x");
  assertEquals(await other.message(), "other: x");
  // Nothing of it is left when it is put out.
  context.disconnect("lazy");
  await eventually(() => context.getSession("lazy") === undefined);
  const after = context.stats();
  assertEquals([after.queued, after.queuedBytes, after.inflightOut], [0, 0, 0]);
});
