/** Class 18: taking over the client, or the session, of another user. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { assertUntouched, codeOf, lasting, VERSIONS } from "./_attack.ts";

for (const version of VERSIONS) {
  const alice = { ...lasting(version), clientId: "pump", username: "alice" };
  const mallory = { ...alice, username: "mallory" };
  const nobody = { ...lasting(version), clientId: "pump" };
  const conflict = version === 5 ? 0x85 : 2;

  Deno.test(`MQTT ${version}: another user does not get the client identifier, connected or not, clean or not`, async () => {
    await using broker = await startBroker();
    const first = await TestClient.connect(broker, alice);
    await first.subscribe("t", 1);
    for (const thief of [mallory, nobody]) {
      for (const clean of [false, true]) {
        assertEquals(await codeOf(broker, { ...thief, clean }), conflict);
      }
    }
    await assertUntouched(first);
    await first.close();
    await gone(broker, "pump");
    broker.context.publish("t", "for alice", { qos: 1 });
    for (const thief of [mallory, nobody]) {
      for (const clean of [false, true]) {
        assertEquals(await codeOf(broker, { ...thief, clean }), conflict);
      }
    }
    await using back = await TestClient.connect(broker, alice);
    assertEquals(await back.message(), "t: for alice");
  });

  Deno.test(`MQTT ${version}: with client-id-conflict: fresh another user begins anew, and gets nothing of the first`, async () => {
    await using broker = await startBroker({ clientIdConflict: "fresh" });
    const first = await TestClient.connect(broker, alice);
    await first.subscribe("t", 1);
    await first.close();
    await gone(broker, "pump");
    broker.context.publish("t", "for alice", { qos: 1 });
    await using thief = await TestClient.connect(broker, mallory);
    assertEquals([thief.code, thief.connack?.sessionPresent], [0, false]);
    broker.context.publish("t", "for alice, too", { qos: 1 });
    await thief.ping();
    const { subscriptions, queued } = broker.context.stats();
    assertEquals([subscriptions, queued], [0, 0]);
  });
}
