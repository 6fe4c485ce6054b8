/** Class 16: filters that select more than the rules allow. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { VERSIONS } from "./_attack.ts";

const ALLOWED = ["a/+", "b/#", "c", "d/+/e", "+/f", "x/+/+/#"];

const TOO_MUCH = [
  ...["#", "+", "+/+", "+/#", "a/#", "a", "a/+/b", "a/+/#", "+/a"],
  ...["/#", "c/#", "c/+", "d/+/+", "d/#", "d/+/e/f", "d/+", "f", "+/f/#"],
  ...["$SYS/#", "$SYS/+", "$SYS/f", "x/#", "x/+"],
];

const FITTING = [
  ...["a/+", "a/b", "a/", "b", "b/#", "b/+", "b/+/c/#", "c", "d/x/e", "d/+/e"],
  ...[
    "x/f",
    "/f",
    "+/f",
    "a/f",
    "x/1/2",
    "x/1/2/3",
    "x/+/2/#",
    "x/1/+/+/4",
    "x/+/+",
  ],
];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a filter is granted if the rules cover all that it selects`, async () => {
    await using broker = await startBroker({
      plugins: [
        { auth_anonymous: null },
        { topic_acl: { subscribeAcl: { "*": ALLOWED } } },
      ],
    });
    await using client = await TestClient.connect(broker, { version });
    const no = version === 5 ? 0x87 : 0x80;
    for (const filter of TOO_MUCH) {
      assertEquals(await client.subscribe(filter), [no], filter);
    }
    for (const filter of FITTING) {
      assertEquals(await client.subscribe(filter), [0], filter);
    }
    // A path is a text like any other.
    assertEquals(await client.subscribe("b/../a"), [0]);
  });
}

Deno.test("several rules together do not make up for one that covers all", async () => {
  await using broker = await startBroker({
    plugins: [
      { auth_anonymous: null },
      { topic_acl: { subscribeAcl: { "*": ["a/b", "a/c", "a/+/d", "e/+"] } } },
    ],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(
    await client.subscribe(["a/+", "a/#", "e/#", "+/b", "a/b", "e/+"]),
    [0x87, 0x87, 0x87, 0x87, 0, 0],
  );
});
