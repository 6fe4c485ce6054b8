/** Class 5: topics of very many levels. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, publish } from "../protocol/_helpers.ts";
import { assertServes, codeOf, long, VERSIONS } from "./_attack.ts";

const DEEPEST = long("/", 65535);

Deno.test("publish, subscribe and will: too many levels are refused", async () => {
  await using broker = await startBroker();
  for (const topic of [DEEPEST, "a/".repeat(128) + "a"]) {
    for (const version of VERSIONS) {
      await using client = await TestClient.connect(broker, { version });
      const refusal = version === 5 ? 0x8f : 0x80;
      const filters = [topic, `$share/g/${topic.slice(0, 60000)}`];
      for (const filter of filters) {
        assertEquals(await client.subscribe(filter), [refusal]);
      }
      await client.send(publish(topic, "x"));
      if (version === 5) await assertDisconnected(client, 0x90);
      else await client.closed();
      const will = {
        topic,
        payload: "x" as never,
        qos: 0,
        retain: false,
      } as const;
      const code = await codeOf(broker, { version, will });
      assertEquals(code, version === 5 ? 0x90 : 5);
    }
  }
  await assertServes(broker);
});

Deno.test("without a limit the deepest topic there can be is matched, retained and found again", async () => {
  await using broker = await startBroker({
    maxTopicLevels: 65535,
    maxTopicLength: 65535,
  });
  const topic = DEEPEST.slice(1);
  await using client = await TestClient.connect(broker, { version: 5 });
  const filters = [topic, "#", `${long("+", 1)}${"/+".repeat(32766)}`];
  assertEquals(await client.subscribe([topic, "#"]), [0, 0]);
  assertEquals(await client.subscribe(filters[2]), [0]);
  await client.send(publish(topic, "x", { retain: true }));
  assertEquals((await client.expect("publish")).topic.length, 65534);
  assertEquals(broker.context.retained.get(topic)?.topic.length, 65534);
  assertEquals(await client.subscribe("/#"), [0]);
  assertEquals((await client.expect("publish")).retain, true);
  await client.unsubscribe(...filters, "/#");
  broker.context.retained.clear(topic);
  assertEquals(broker.context.stats().subscriptions, 0);
});
