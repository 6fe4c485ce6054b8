/** Class 10: names that become wildcards, or other levels, in the rules of an ACL. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { codeOf, VERSIONS } from "./_attack.ts";

const HOSTILE = [
  ...["+", "#", "+/+", "a/b", "alice/#", "/", "", "$SYS", "%u", "%c", "*"],
  ...["alice/../bob", "alice\u0007", "x/+", "..", "alice "],
];

const RULES = { "*": ["clients/%c/#", "users/%u/#", "%c/top", "%u"] };

const PLUGINS = [
  { auth_anonymous: null },
  {
    topic_acl: {
      subscribeAcl: RULES,
      publishAcl: RULES,
      receiveAcl: { "*": ["#"] },
    },
  },
];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a name with a wildcard or a slash gives rights to nothing of others`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    await using alice = await TestClient.connect(broker, {
      version,
      clientId: "alice",
      username: "alice",
    });
    const no = version === 5 ? 0x87 : 0x80;
    assertEquals(
      await alice.subscribe([
        "clients/alice/#",
        "users/alice/#",
        "clients/+/#",
      ]),
      [0, 0, no],
    );
    const targets = [
      ...["clients/alice/inbox", "clients/+/inbox", "clients/#", "clients/+/#"],
      ...[
        "users/alice/inbox",
        "users/#",
        "users/+/#",
        "#",
        "+",
        "+/top",
        "+/#",
      ],
      ...["$SYS/#", "alice/top", "clients/alice/#", "users/alice/#"],
    ];
    for (const name of HOSTILE) {
      // Another name of its own, so that each attack is alone.
      await using mallory = await TestClient.connect(broker, {
        version,
        ...name !== "" && { clientId: name },
        username: name,
      });
      if (mallory.code !== 0) continue;
      const granted = await mallory.subscribe(targets);
      assertEquals(granted, targets.map(() => no), JSON.stringify(name));
      await mallory.send(
        ...targets.filter((topic) => !/[+#]|^\$/.test(topic))
          .map((topic) => publish(topic, "forged")),
      );
      await mallory.ping();
    }
    await alice.ping();
    await alice.send(publish("clients/alice/inbox", "own"));
    assertEquals(await alice.message(), "clients/alice/inbox: own");
  });
}

Deno.test("who has no user name is not the user of the empty name, nor anonymous by name", async () => {
  await using broker = await startBroker({
    plugins: [
      { auth_anonymous: null },
      { topic_acl: { subscribeAcl: { "*": ["users/%u/#"], "": ["empty"] } } },
    ],
  });
  await using nobody = await TestClient.connect(broker, { version: 5 });
  assertEquals(
    await nobody.subscribe(["users/undefined/x", "users//x", "empty"]),
    [0x87, 0x87, 0x87],
  );
  assertEquals(await codeOf(broker, { username: "" }), 0);
});
