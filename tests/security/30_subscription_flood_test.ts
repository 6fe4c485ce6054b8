/** Class 30: more subscriptions than a broker wants. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { limitsOf } from "../limits/_helpers.ts";
import { VERSIONS } from "./_attack.ts";

function filters(client: number, count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => ["", "$share/g/"][i % 2] + `c${client}/${i}/+/#`,
  );
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a client, and all together, have so many and no more`, async () => {
    await using broker = await startBroker({
      maxSubscriptionsPerClient: 50,
      maxSubscriptions: 120,
    });
    const full = version === 5 ? 0x97 : 0x80;
    const clients: TestClient[] = [];
    const granted: number[] = [];
    for (let i = 0; i < 4; i++) {
      const client = await TestClient.connect(broker, { version });
      clients.push(client);
      const codes = await client.subscribe(filters(i, 80));
      granted.push(codes.filter((code) => code === 0).length);
      assertEquals(codes.filter((code) => code !== 0 && code !== full), []);
    }
    assertEquals(granted, [50, 50, 20, 0]);
    assertEquals(broker.context.stats().subscriptions, 120);
    assertEquals(limitsOf(broker), {
      maxSubscriptionsPerClient: 60,
      maxSubscriptions: 140,
    });
    // What it has, a client may renew; and who leaves makes room.
    assertEquals(await clients[0].subscribe(filters(0, 1)), [0]);
    await clients[1].close();
    await clients[3].ping();
    for (const client of [clients[0], clients[2], clients[3]]) {
      await client.close();
    }
  });
}

Deno.test("nothing of many subscriptions is left when their client has gone", async () => {
  await using broker = await startBroker();
  for (let round = 0; round < 3; round++) {
    await using client = await TestClient.connect(broker);
    await client.subscribe(filters(round, 5000));
    await client.unsubscribe(...filters(round, 2500));
    assertEquals(broker.context.stats().subscriptions, 2500);
    await client.disconnect();
    assertEquals(broker.context.stats().subscriptions, 0);
  }
});
