/** Class 31: sessions without end, and what waits for clients that never come back. */

import { assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { limitsOf } from "../limits/_helpers.ts";
import { codeOf, lasting, VERSIONS } from "./_attack.ts";

for (const version of VERSIONS) {
  const full = version === 5 ? 0x97 : 3;

  Deno.test(`MQTT ${version}: sessions are bounded, in all and for each user`, async () => {
    await using broker = await startBroker({
      maxSessions: 5,
      maxSessionsPerUser: 3,
    });
    const codes: (number | undefined)[] = [];
    for (const user of ["a", "a", "a", "a", "b", "b", "b"]) {
      const clientId = `${user}${codes.length}`;
      const options = { ...lasting(version), clientId, username: user };
      codes.push(await codeOf(broker, options));
    }
    assertEquals(codes, [0, 0, 0, full, 0, 0, full]);
    // Who has one may come back to it.
    const again = { ...lasting(version), clientId: "a0", username: "a" };
    assertEquals(await codeOf(broker, again), 0);
    assertEquals(limitsOf(broker), { maxSessionsPerUser: 1, maxSessions: 1 });
  });

  Deno.test(`MQTT ${version}: session-expiry-interval ends what a client wants to last for ever`, async () => {
    await using broker = await startBroker({ sessionExpiryInterval: 0.3 });
    const client = await TestClient.connect(broker, {
      ...lasting(version, {
        properties: { sessionExpiryInterval: 0xffffffff },
      }),
      clientId: "c",
    });
    await client.subscribe("t", 1);
    await client.disconnect();
    broker.context.publish("t", "x", { qos: 1 });
    await eventually(() => broker.context.getSession("c") === undefined);
    const { subscriptions, queued, queuedBytes } = broker.context.stats();
    assertEquals([subscriptions, queued, queuedBytes], [0, 0, 0]);
  });

  Deno.test(`MQTT ${version}: what waits for a client that is away is bounded, for it and for all`, async () => {
    await using broker = await startBroker({
      maxQueuedMessages: 10,
      maxTotalQueuedMessages: 25,
    });
    for (const clientId of ["1", "2", "3"]) {
      const client = await TestClient.connect(broker, {
        ...lasting(version),
        clientId,
      });
      await client.subscribe("#", 1);
      await client.disconnect();
    }
    for (let i = 0; i < 40; i++) broker.context.publish("t", "x", { qos: 1 });
    const { queued, dropped } = broker.context.stats();
    assertEquals([queued, dropped.queue_full], [25, 95]);
  });
}
