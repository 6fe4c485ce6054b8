/** Class 11: a will as a way around the right to publish. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { codeOf, deny, lasting, Rights, VERSIONS } from "./_attack.ts";

const PLUGINS = [{ auth_anonymous: null }, Rights];

function will(topic: string) {
  return { topic, payload: "w" as never, qos: 1, retain: true } as const;
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a will that its client may not publish refuses the client, and is never sent`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("#", 1);
    using _ = deny("publish secret");
    for (const qos of [0, 1, 2] as const) {
      const code = await codeOf(broker, {
        version,
        will: { ...will("secret"), qos },
      });
      assertEquals(code, version === 5 ? 0x87 : 5);
    }
    await reader.ping();
    assertEquals(broker.context.retained.size, 0);
  });

  Deno.test(`MQTT ${version}: a right that is gone when the will is due keeps it back`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("#", 1);
    for (const clientId of ["short", "long"]) {
      const options = clientId === "long" ? lasting(version) : { version };
      const client = await TestClient.connect(broker, {
        ...options,
        clientId,
        will: will("secret"),
      });
      using _ = deny("publish secret");
      await client.close();
      await gone(broker, clientId);
      await reader.ping();
    }
    assertEquals(broker.context.retained.size, 0);
    assertEquals(broker.context.stats().dropped.denied, 2);
  });
}

Deno.test("a delayed will is asked about when it is sent, at the end of the session too", async () => {
  await using broker = await startBroker({ plugins: PLUGINS });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("#", 1);
  const client = await TestClient.connect(broker, {
    ...lasting(5),
    clientId: "c",
    will: { ...will("secret"), properties: { willDelayInterval: 1000 } },
  });
  await client.close();
  await gone(broker, "c");
  using _ = deny("publish secret");
  broker.context.disconnect("c", { deleteSession: true });
  await reader.ping();
  assertEquals(broker.context.stats().dropped.denied, 1);
});
