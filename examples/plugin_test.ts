/** How a plugin is tested: without sockets, one step at a time. */

import { assertEquals } from "@std/assert";
import { TestBroker } from "@dinomq/broker/testing";
import Counter from "./plugin.ts";

Deno.test("Counter tells how many messages a client has sent", async () => {
  await using broker = await TestBroker.start({ plugins: [Counter] });
  const client = await broker.connect({ clientId: "alice" });
  await client.subscribe("count/alice");
  await client.publish("a/b", "hello");
  assertEquals((await client.receive()).text, "1");
});
