/** Class 3: identifiers of QoS 2. */

import { assertEquals } from "@std/assert";
import { Broker, silentLogger } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, gone, publish } from "../protocol/_helpers.ts";
import { GatedStore } from "../store/_stores.ts";
import { lasting } from "./_attack.ts";

Deno.test("MQTT 5: at most receive-maximum messages are unreleased", async () => {
  await using broker = await startBroker({ receiveMaximum: 10 });
  await using client = await TestClient.connect(broker, { version: 5 });
  for (let messageId = 1; messageId <= 10; messageId++) {
    await client.send(publish("t", "", { qos: 2, messageId }));
    await client.expect("pubrec");
  }
  await client.send(publish("t", "", { qos: 2, messageId: 11 }));
  await assertDisconnected(client, 0x93);
});

Deno.test("MQTT 3.1.1: all identifiers there are, each delivered once, and nothing is left", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t");
  await using client = await TestClient.connect(broker, {
    ...lasting(4),
    clientId: "c",
  });
  const ids = Array.from({ length: 65535 }, (_, i) => i + 1);
  const packets = [...ids, 1, 2, 65535].map((messageId) =>
    publish("t", "", { qos: 2, messageId })
  );
  await client.send(...packets);
  for (let i = 0; i < 65538; i++) await client.expect("pubrec");
  for (let i = 0; i < 65535; i++) await reader.expect("publish");
  await reader.ping();
  assertEquals(broker.context.stats().inflightIn, 65535);
  await client.close();
  await gone(broker, "c");
  broker.context.disconnect("c", { deleteSession: true });
  assertEquals(broker.context.stats().inflightIn, 0);
});

Deno.test("an identifier is stored before anybody is told that it has come", async () => {
  const store = new GatedStore();
  await using broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_anonymous: null },
  }, { store, logger: silentLogger });
  await broker.start();
  await using client = await TestClient.connect(broker, lasting(5));
  store.shut();
  await client.send(publish("t", "", { qos: 2, messageId: 1 }));
  await store.waiting;
  // Whatever does not wait for the store comes first.
  await client.ping();
  store.pass();
  assertEquals((await client.expect("pubrec")).messageId, 1);
  assertEquals([...store.incoming()].length, 1);
});
