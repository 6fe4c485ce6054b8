/** Class 12: wills to the broker's own topics, and wills that are malformed. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { frame, properties, text } from "../protocol/_helpers.ts";
import { assertServes, codeOf, leftOver, VERSIONS } from "./_attack.ts";

Deno.test("a will to a topic that begins with $ refuses the client", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", "sys"],
  });
  const topics = ["$SYS/broker/version", "$CONTROL/x", "$share/g/t", "$", "$x"];
  for (const version of VERSIONS) {
    for (const topic of topics) {
      const will = {
        topic,
        payload: "x" as never,
        qos: 0,
        retain: true,
      } as const;
      const code = await codeOf(broker, { version, will });
      assertEquals(code, version === 5 ? 0x87 : 5, topic);
    }
  }
  assertEquals(broker.context.retained.size, 1);
  await assertServes(broker);
});

/** A CONNECT of MQTT 5 with a will, by its bytes. */
function connect(
  willProperties: number[],
  topic: string | Uint8Array,
  flags = 0x06,
): number[] {
  return frame(0x10, [
    ...[...text("MQTT"), 5, flags, 0, 0, 0, ...text("c")],
    ...[...willProperties, ...text(topic), ...text("payload")],
  ]);
}

const MALFORMED: ReadonlyArray<readonly [what: string, bytes: number[]]> = [
  ["a wildcard in its topic", connect([0], "a/+")],
  ["an empty topic", connect([0], "")],
  ["a topic that is not UTF-8", connect([0], Uint8Array.of(0xff))],
  ["a null character in its topic", connect([0], "a\0")],
  ["QoS 3", connect([0], "w", 0x1e)],
  ["a payload format that does not exist", connect(properties([1, 2]), "w")],
  [
    "a response topic with a wildcard",
    connect(properties([8], text("#")), "w"),
  ],
  ["an empty response topic", connect(properties([8], text("")), "w")],
  [
    "a delay twice",
    connect(properties([24, 0, 0, 0, 1], [24, 0, 0, 0, 1]), "w"),
  ],
  ["a property that wills do not have", connect(properties([35, 0, 1]), "w")],
  ["properties that are cut off", connect([9, 24, 0], "w")],
];

for (const [what, bytes] of MALFORMED) {
  Deno.test(`a will with ${what} refuses the client, and is never sent`, async () => {
    await using broker = await startBroker();
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("#");
    await using client = await TestClient.open(broker, 5);
    await client.raw(bytes);
    assertEquals((await client.expect("connack")).reasonCode! >= 0x80, true);
    assertEquals(await leftOver(client), []);
    await reader.ping();
  });
}
