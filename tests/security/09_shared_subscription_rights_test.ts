/** Class 9: a way around the rules through `$share/<group>/`. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { deny, Rights, VERSIONS } from "./_attack.ts";

const ACL = {
  subscribeAcl: { "*": ["public/#", "%u/+"], alice: ["secret/#"] },
};

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a shared subscription needs the right to its inner filter`, async () => {
    await using broker = await startBroker({
      plugins: [{ auth_anonymous: null }, { topic_acl: ACL }],
    });
    await using mallory = await TestClient.connect(broker, {
      version,
      username: "mallory",
    });
    const no = version === 5 ? 0x87 : 0x80;
    const forbidden = [
      ...["$share/g/secret/#", "$share/public/secret/#", "$share/g/#"],
      ...["$share/secret/+", "$share/g/alice/+", "$share/mallory/alice/x"],
      "$share/g/public/../secret",
    ];
    assertEquals(
      await mallory.subscribe(forbidden),
      [...forbidden.slice(0, -1).map(() => no), 0],
    );
    // The last is an odd topic below `public/`, no path.
    broker.context.publish("secret/1", "x");
    broker.context.publish("secret", "x");
    broker.context.publish("alice/1", "x");
    await mallory.ping();
    assertEquals(
      await mallory.subscribe(["$share/g/public/#", "$share/alice/mallory/+"]),
      [0, 0],
    );
  });
}

Deno.test("a member without the right to receive does not get what its group gets", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_anonymous: null }, Rights],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(await client.subscribe("$share/g/secret/#", 1), [1]);
  using _ = deny("receive secret/1");
  broker.context.publish("secret/1", "x", { qos: 1 });
  await client.ping();
  broker.context.publish("secret/2", "x", { qos: 1 });
  assertEquals(await client.message(), "secret/2: x");
});
