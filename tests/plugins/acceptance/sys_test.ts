import { assertEquals, assertMatch } from "@std/assert";
import type { BrokerConfig } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";

const TOPICS = [
  "clients/connected",
  "clients/disconnected",
  "clients/maximum",
  "clients/total",
  "cpu/maximum",
  "cpu/percent",
  "heap/maximum",
  "heap/size",
  "load/bytes/received",
  "load/bytes/sent",
  "messages/inflight",
  "messages/inflight/in",
  "messages/inflight/out",
  "messages/inflight/stored",
  "messages/publish/received",
  "messages/publish/sent",
  "messages/received",
  "messages/retained/count",
  "messages/sent",
  "messages/subscriptions/count",
  "time",
  "uptime",
  "uptime/formatted",
  "version",
].map((name) => `$SYS/broker/${name}`);

const STYLES: Record<string, BrokerConfig> = {
  "plugins": {
    plugins: [{ auth_anonymous: null }, { sys: { sysInterval: 1 } }],
  },
  "aMQTT's older keys": {
    plugins: undefined,
    sysInterval: 1,
    auth: { allowAnonymous: true },
  },
};

for (const [style, config] of Object.entries(STYLES)) {
  Deno.test(`aMQTT 37: with ${style} all 24 topics are seen at the first interval`, async () => {
    await using broker = await startBroker(config);
    await using client = await TestClient.connect(broker);
    await client.subscribe("$SYS/#");
    const seen = new Map<string, string>();
    while (seen.size < TOPICS.length) {
      const { topic, payload, retain } = await client.expect("publish");
      // None comes twice before all have come.
      assertEquals(seen.has(topic), false, topic);
      seen.set(topic, `${payload}`);
      assertEquals(retain, topic === "$SYS/broker/version", topic);
    }
    assertEquals([...seen.keys()].sort(), TOPICS);
    assertMatch(seen.get("$SYS/broker/version")!, /^DinoMQ \d+\.\d+\.\d+/);
    assertEquals(seen.get("$SYS/broker/clients/connected"), "1");
    assertEquals(seen.get("$SYS/broker/messages/subscriptions/count"), "1");
    // CONNECT and SUBSCRIBE; an empty topic would be a counter that nobody counts.
    assertEquals(seen.get("$SYS/broker/messages/received"), "2");
    assertEquals(Number(seen.get("$SYS/broker/load/bytes/sent")) > 0, true);
  });
}

Deno.test("aMQTT 37: without an interval there is only the version", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_anonymous: null }, { sys: { sysInterval: null } }],
  });
  await using client = await TestClient.connect(broker);
  await client.subscribe("$SYS/#");
  assertMatch(await client.message(), /^\$SYS\/broker\/version: DinoMQ /);
  assertEquals(broker.context.retained.size, 1);
  await client.ping();
});

Deno.test("aMQTT 38: no filter that begins with a wildcard receives anything of $SYS", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_anonymous: null }, { sys: { sysInterval: 1 } }],
  });
  await using outside = await TestClient.connect(broker);
  await outside.subscribe([
    "#",
    "+/broker/#",
    "+/broker/time",
    "+/broker/+/maximum",
  ]);
  await using inside = await TestClient.connect(broker);
  await inside.subscribe("$SYS/broker/cpu/maximum");
  // The last one of a publication: by then the others would have come, too.
  await inside.expect("publish");
  await outside.ping();
});
