/** Class 24: clients that publish where only the broker may. */

import { assert, assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { VERSIONS } from "./_attack.ts";

const TOPICS = [
  ...["$SYS/broker/version", "$SYS/broker/disconnect/x", "$CONTROL/x", "$"],
  ...["$CONTROL/broker/v1/disconnect", "$CONTROL/broker/v1/reload"],
  ...["$share/g/t", "$SYS", "$internal", "$/a"],
];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: nothing that a client publishes to a $ topic is delivered, retained or obeyed`, async () => {
    await using broker = await startBroker({
      plugins: ["auth_anonymous", "sys"],
    });
    const versionOf = () =>
      broker.context.retained.get("$SYS/broker/version")?.payload;
    const version0 = versionOf()?.slice();
    assert(version0 !== undefined);
    await using reader = await TestClient.connect(broker, { version: 5 });
    assertEquals(
      await reader.subscribe(["$SYS/broker/disconnect/#", "$CONTROL/#", "$/#"]),
      [0, 0, 0],
    );
    await using client = await TestClient.connect(broker, { version });
    for (const topic of TOPICS) {
      for (const retain of [false, true]) {
        for (const payload of ["x", ""]) {
          await client.send(
            publish(topic, payload, { retain }),
            publish(topic, payload, { retain, qos: 1, messageId: 1 }),
          );
          const { reasonCode } = await client.expect("puback");
          if (version === 5) assertEquals(reasonCode, 0x87, topic);
        }
      }
    }
    await client.ping();
    await reader.ping();
    assertEquals(versionOf(), version0);
    assertEquals(broker.context.retained.size, 1);
  });
}

Deno.test("a topic alias is no way to a $ topic", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("$x/#");
  await using client = await TestClient.connect(broker, { version: 5 });
  const properties = { topicAlias: 1 };
  await client.send(
    publish("$x/y", "x", { properties }),
    publish("", "x", { properties, qos: 1, messageId: 1 }),
  );
  assertEquals((await client.expect("puback")).reasonCode, 0x87);
  await reader.ping();
});
