/** Class 32: one message that becomes many, or goes round for ever. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish, subscribe } from "../protocol/_helpers.ts";
import { VERSIONS } from "./_attack.ts";

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a client with a thousand filters that overlap gets a message once`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    const levels = "a/b/c/d/e/f/g/h/i/j".split("/");
    const filters = Array.from(
      { length: 1023 },
      (_, mask) =>
        levels.map((level, i) => mask & (1 << i) ? "+" : level).join("/"),
    );
    await client.subscribe([...filters, "#", "a/#", "+/b/#"], 1);
    await client.send(publish(levels.join("/"), "x"));
    await client.message();
    await client.ping();
  });
}

Deno.test("a client that asks for it does not get what it publishes, so that an echo ends", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await subscribe(client, [
    { topic: "#", qos: 0, nl: true },
    { topic: "t", qos: 0, nl: true },
  ]);
  await client.send(publish("t", "x"));
  await client.ping();
});

Deno.test("two brokers that are bridged both ways pass a message on once", async () => {
  await using first = await startBroker();
  const topics = [{ pattern: "t/#", direction: "both" }];
  const url = `mqtt://127.0.0.1:${first.listeners[0].port}`;
  await using second = await startBroker({
    plugins: [{ auth_anonymous: null }, { bridge: { url, topics } }],
  });
  await using here = await TestClient.connect(second, { version: 5 });
  await using there = await TestClient.connect(first, { version: 5 });
  await here.subscribe(["t/#", "$SYS/broker/connection/bridge/state"]);
  await there.subscribe("t/#");
  // The bridge says when it is there.
  while (`${(await here.expect("publish")).payload}` !== "1");
  await here.send(publish("t/1", "x"));
  assertEquals(await here.message(), "t/1: x");
  assertEquals(await there.message(), "t/1: x");
  await there.send(publish("t/2", "y"));
  assertEquals(await there.message(), "t/2: y");
  assertEquals(await here.message(), "t/2: y");
  // Whatever came round would have come by now: these went the same way behind it.
  await here.send(publish("t/3", "z"));
  assertEquals(await here.message(), "t/3: z");
  assertEquals(await there.message(), "t/3: z");
  await here.ping();
  await there.ping();
});
