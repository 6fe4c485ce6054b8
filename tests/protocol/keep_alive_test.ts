/** Silent clients: keep alive, and the time that a CONNECT may take. */

import { assert, assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { assertClosedSilently, assertDisconnected } from "./_helpers.ts";

for (const version of [3, 4, 5] as const) {
  Deno.test(`MQTT ${version}: a client that is silent for 1.5 keep alives is disconnected [MQTT-3.1.2-22]`, async () => {
    await using broker = await startBroker();
    await using watcher = await TestClient.connect(broker);
    await watcher.subscribe("will");
    await using client = await TestClient.connect(broker, {
      version,
      keepalive: 1,
      will: { topic: "will", payload: "gone" as never, qos: 0, retain: false },
    });
    const since = Date.now();
    if (version === 5) await assertDisconnected(client, 0x8d);
    else await assertClosedSilently(client);
    assert(Date.now() - since >= 1400);
    assertEquals(await watcher.message(), "will: gone");
  });
}

Deno.test("any packet keeps a client alive [MQTT-3.1.2-22]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { keepalive: 1 });
  const end = Date.now() + 2200;
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await client.publish("a", "x", { qos: 1 });
  }
  await client.ping();
});

Deno.test("MQTT 5: the server keep alive replaces a longer one [MQTT-3.2.2-21]", async () => {
  await using broker = await startBroker({ maxKeepAlive: 1 });
  for (const keepalive of [60, 0]) {
    await using client = await TestClient.connect(broker, {
      version: 5,
      keepalive,
    });
    assertEquals(client.connack?.properties?.serverKeepAlive, 1);
    if (keepalive === 60) await assertDisconnected(client, 0x8d);
  }
  await using same = await TestClient.connect(broker, {
    version: 5,
    keepalive: 1,
  });
  assertEquals(same.connack?.properties?.serverKeepAlive, undefined);
});

Deno.test("a connection without a whole CONNECT is closed in time (section 3.1)", async () => {
  await using broker = await startBroker({ connectTimeout: 0.2 });
  await using silent = await TestClient.open(broker);
  await using half = await TestClient.open(broker);
  await half.raw([0x10, 20, 0, 4]);
  await assertClosedSilently(silent);
  await assertClosedSilently(half);
  await using good = await TestClient.connect(broker);
  await good.ping();
});
