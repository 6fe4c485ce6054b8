/** Class 13: retained messages that should not be there, or not be seen. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { deny, Rights, VERSIONS } from "./_attack.ts";

const PLUGINS = [{ auth_anonymous: null }, Rights];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: what may not be published is not retained, and clears nothing`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    await using client = await TestClient.connect(broker, { version });
    broker.context.publish("door", "open", { retain: true });
    using _ = deny("publish door", "publish window");
    for (const qos of [0, 1, 2] as const) {
      for (
        const [topic, payload] of [["door", ""], ["door", "shut"], [
          "window",
          "x",
        ]]
      ) {
        await client.send(publish(topic, payload, {
          retain: true,
          qos,
          ...qos > 0 && { messageId: ++client.lastId },
        }));
        if (qos === 1) await client.expect("puback");
        if (qos === 2) await client.expect("pubrec");
      }
    }
    await client.ping();
    const retained = [...broker.context.retained.match("#")];
    assertEquals(
      retained.map(({ topic, payload }) =>
        `${topic} ${new TextDecoder().decode(payload)}`
      ),
      ["door open"],
    );
  });

  Deno.test(`MQTT ${version}: who may not subscribe, or not receive, gets no retained message`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    broker.context.publish("door", "open", { retain: true });
    broker.context.publish("window", "shut", { retain: true });
    await using client = await TestClient.connect(broker, { version });
    {
      using _ = deny("subscribe door");
      const refusal = version === 5 ? 0x87 : 0x80;
      assertEquals(await client.subscribe("door"), [refusal]);
      await client.ping();
    }
    using _ = deny("receive door");
    await client.subscribe(["door", "#"]);
    assertEquals(await client.message(), "window: shut");
    await client.ping();
  });
}

Deno.test("a retained message tells who left it: when that client loses its rights, a plugin can take it away", async () => {
  await using broker = await startBroker();
  const { retained } = broker.context;
  await using mallory = await TestClient.connect(broker, {
    clientId: "mallory",
  });
  await using alice = await TestClient.connect(broker, { clientId: "alice" });
  await mallory.publish("door", "open", { retain: true });
  await alice.publish("window", "shut", { retain: true });
  for (const { topic, publisher } of [...retained.match("#")]) {
    if (publisher === "mallory") retained.clear(topic);
  }
  await alice.subscribe("#");
  assertEquals(await alice.message(), "window: shut");
  await alice.ping();
});
