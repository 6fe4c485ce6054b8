/** Class 6: topics that a regular expression would choke on, or take for something else. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { long } from "./_attack.ts";

const HOSTILE = [
  ...["(a*)*$", ".*", "[a-z", "a{1,1000}{1,1000}", "\\", "^a|b$", "(?<n>a)"],
  ...["a.b", "$1", "%c", "%u", "((((((((((", "*", "?"],
];

Deno.test("what is special in a regular expression is only text in topics and filters", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  for (const topic of HOSTILE.filter((topic) => !topic.startsWith("$"))) {
    for (const filter of [topic, `${topic}/+`, `${topic}/#`]) {
      assertEquals(await client.subscribe(filter), [0]);
    }
    await client.send(publish(topic, "x"));
    assertEquals(await client.message(), `${topic}: x`);
    await client.send(publish("axb", "x"));
    await client.unsubscribe(topic, `${topic}/+`, `${topic}/#`);
  }
  await client.ping();
});

Deno.test("rules with such characters allow exactly themselves", async () => {
  const own = HOSTILE.filter((topic) => !/[%$]/.test(topic));
  await using broker = await startBroker({
    plugins: [
      { auth_anonymous: null },
      {
        topic_acl: { subscribeAcl: { "*": own.flatMap((t) => [t, `${t}/#`]) } },
      },
    ],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  for (const topic of own) {
    assertEquals(await client.subscribe([topic, `${topic}/x/#`]), [0, 0]);
  }
  const others = ["axb", "a", "aaa", "b", "[a", "", "x"].filter(Boolean);
  assertEquals(await client.subscribe(others), others.map(() => 0x87));
});

Deno.test("texts that take regular expressions for ever pass like any other", async () => {
  const evil = `${long("a", 4000)}!`;
  const slashes = `${"a/".repeat(120)}!`;
  await using broker = await startBroker({
    plugins: [
      { auth_anonymous: null },
      {
        topic_acl: {
          publishAcl: {
            "*": ["+/+/+/+/#", `${"+/".repeat(100)}b`, "(a*)*b", "a/+/#"],
          },
        },
      },
      { topic_taboo: { topics: ["(a*)*$", `${"+/".repeat(100)}b`] } },
    ],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe(["#", `${"+/".repeat(60)}#`, "(a*)*$"]);
  for (let i = 0; i < 100; i++) {
    await client.send(publish(evil, "x"), publish(slashes, "x"));
  }
  // The first is allowed by no rule.
  for (let i = 0; i < 100; i++) {
    assertEquals(await client.message(), `${slashes}: x`);
  }
  await client.ping();
});
