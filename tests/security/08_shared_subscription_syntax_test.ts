/** Class 8: shared subscriptions that are cut off or odd. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { VERSIONS } from "./_attack.ts";

const WRONG = [
  ...["$share", "$share/", "$share//", "$share//t", "$share/g", "$share/g/"],
  ...["$share/+/t", "$share/#/t", "$share/g+/t", "$share/g#/t"],
  ...["$share/g/t#", "$share/g/#/t", "$share/g/a+", "$share/g/\u0001+"],
];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: malformed shared subscriptions are refused one by one, and leave nothing`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    const refusal = version === 5 ? 0x8f : 0x80;
    assertEquals(await client.subscribe(WRONG), WRONG.map(() => refusal));
    assertEquals(
      await client.subscribe(["ok", ...WRONG, "$share/g/ok"]),
      [0, ...WRONG.map(() => refusal), 0],
    );
    const { granted } = await client.unsubscribe(...WRONG);
    if (version === 5) assertEquals(granted, WRONG.map(() => 0x8f));
    assertEquals(broker.context.stats().subscriptions, 2);
    await client.send(publish("t", "x"), publish("g/t", "x"));
    await client.ping();
  });
}

Deno.test("what only looks like a shared subscription is a subscription", async () => {
  await using broker = await startBroker({ allowDollarPublish: true });
  await using client = await TestClient.connect(broker, { version: 5 });
  const topics = ["$shared/g/t", "$Share/g/t", "$share2", " $share/g/t"];
  for (const topic of topics) {
    assertEquals(await client.subscribe(topic), [0]);
    await client.send(publish(topic, "x"));
    assertEquals(await client.message(), `${topic}: x`);
  }
  // Nobody can publish into the name of a share.
  await client.send(publish("$share/g/t", "x"));
  await client.ping();
});
