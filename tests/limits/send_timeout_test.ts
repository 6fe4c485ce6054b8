import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { frame, properties, RawClient, text } from "../protocol/_helpers.ts";
import { limitsOf, reached } from "./_helpers.ts";

/** A client that subscribes and reads no more, and messages for it that no socket holds. */
async function stuck(broker: Broker): Promise<RawClient> {
  const client = await RawClient.connect(broker, "stuck");
  await client.send(frame(0x82, [0, 1, ...properties(), ...text("t"), 0]));
  await client.frame();
  for (let i = 0; i < 200; i++) {
    broker.context.publish("t", new Uint8Array(60_000));
    // Every message is a write of its own.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return client;
}

Deno.test("send-timeout: a client that reads nothing of what waits for it is disconnected", async () => {
  await using broker = await startBroker({ sendTimeout: 0.2 });
  await using other = await TestClient.connect(broker);
  using _client = await stuck(broker);
  await reached(broker, { sendTimeout: 1 });
  await eventually(() => broker.context.getSession("stuck") === undefined);
  await other.ping();
});

Deno.test("send-timeout: who reads slowly stays", async () => {
  await using broker = await startBroker({ sendTimeout: 1 });
  using client = await stuck(broker);
  const end = Date.now() + 1600;
  while (Date.now() < end) {
    // It never catches up.
    broker.context.publish("t", new Uint8Array(60_000));
    await client.skip();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(limitsOf(broker).sendTimeout, undefined);
  assertEquals(broker.context.getSession("stuck")?.connected, true);
});

Deno.test("send-timeout: 0 lets it be", async () => {
  await using broker = await startBroker({ sendTimeout: 0 });
  using _client = await stuck(broker);
  assertEquals(broker.context.getSession("stuck")?.connected, true);
});
