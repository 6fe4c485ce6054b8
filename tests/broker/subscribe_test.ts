import { assert, assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { recorder } from "./_recorder.ts";

for (
  const filter of ["/topic", "sport/#", "#", "sport/+", "sport/+/player"]
) {
  Deno.test(`aMQTT 6: "${filter}" is granted and stored, and the event has topic and QoS`, async () => {
    const { plugin, of } = recorder();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", plugin],
    });
    await using client = await TestClient.connect(broker, { clientId: "c1" });
    for (const qos of [0, 1, 2] as const) {
      assertEquals(await client.subscribe(filter, qos), [qos]);
      assertEquals([...broker.context.subscriptions("c1")], [
        { clientId: "c1", filter, qos },
      ]);
      assertEquals(of("onBrokerClientSubscribed").at(-1), {
        clientId: "c1",
        topic: filter,
        qos,
      });
    }
    assertEquals(of("onBrokerClientSubscribed").length, 3);
  });
}

for (
  const filter of [
    "sport/#/player",
    "sport/foo#",
    "sport/##",
    "sport/foo+bar",
    "sport/++",
    "sport+",
  ]
) {
  Deno.test(`aMQTT 7: "${filter}" is refused and not stored, and no event tells of it`, async () => {
    const { plugin, of } = recorder();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", plugin],
    });
    await using old = await TestClient.connect(broker);
    assertEquals(await old.subscribe(filter, 1), [0x80]);
    await using modern = await TestClient.connect(broker, { version: 5 });
    assertEquals(await modern.subscribe([filter, "good"], 1), [0x8f, 1]);
    assertEquals(
      [...broker.context.subscriptions()].map(({ filter }) => filter),
      ["good"],
    );
    assertEquals(
      of("onBrokerClientSubscribed").map(({ topic }) => topic),
      ["good"],
    );
  });
}

Deno.test("aMQTT 8: subscribing twice keeps one subscription; unsubscribing removes it and fires the event", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  const { context } = broker;
  await using client = await TestClient.connect(broker, { clientId: "c1" });
  await client.subscribe("a/b", 1);
  await client.subscribe("a/b", 1);
  assertEquals([...context.subscriptions()].length, 1);
  assertEquals(context.stats().subscriptions, 1);
  await using publisher = await TestClient.connect(broker);
  await publisher.publish("a/b", "once", { qos: 1 });
  assertEquals(await client.message(), "a/b: once");
  await client.ping();

  await client.unsubscribe("a/b");
  assertEquals([...context.subscriptions()], []);
  assertEquals(context.stats().subscriptions, 0);
  assertEquals(of("onBrokerClientUnsubscribed"), [
    { clientId: "c1", topic: "a/b" },
  ]);
  await publisher.publish("a/b", "nobody", { qos: 1 });
  await client.ping();
});

Deno.test("aMQTT 8: subscribing again changes the QoS, which aMQTT keeps", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe("a", 0);
  assertEquals(await client.subscribe("a", 2), [2]);
  await using publisher = await TestClient.connect(broker);
  await publisher.publish("a", "x", { qos: 2 });
  assertEquals((await client.expect("publish")).qos, 2);
});

const TABLE: [filter: string, topic: string, selects: boolean][] = [
  ["sport/tennis", "sport/tennis", true],
  ["sport/tennis", "sport/Tennis", false],
  ["sport/tennis", "sport/tennis/player1", false],
  ["sport/tennis", "sport", false],
  ["sport/tennis/#", "sport/tennis", true],
  ["sport/tennis/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/#", "sport/tennis/", true],
  ["sport/#", "sport", true],
  ["sport/#", "sports", false],
  ["#", "sport/tennis", true],
  ["#", "/", true],
  ["#", "$SYS/broker/version", false],
  ["sport/+", "sport/tennis", true],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["sport/+", "sport/tennis/player1", false],
  ["+", "sport", true],
  ["+", "sport/tennis", false],
  ["+", "/finance", false],
  ["+", "$SYS", false],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["/+", "finance", false],
  ["+/tennis/#", "sport/tennis/player1", true],
  ["+/tennis/#", "sport/football", false],
  ["sport/+/player1", "sport/tennis/player1", true],
  ["sport/+/player1", "sport//player1", true],
  ["sport/+/player1", "sport/tennis/player2", false],
  ["$SYS/#", "$SYS/broker/version", true],
  ["$SYS/+/version", "$SYS/broker/version", true],
  ["+/broker/version", "$SYS/broker/version", false],
  ["a*b/.?", "a*b/.?", true],
  ["a*b/.?", "aab/xx", false],
  ["sport/#/player", "sport/tennis/player", false],
  ["sport/foo#", "sport/foo#", false],
  ["sport+", "sport+", false],
  ["sport/++", "sport/++", false],
  ["", "sport", false],
];

Deno.test("aMQTT 17 and 31: a filter selects what the standard says, asked by a plugin and by delivery", async () => {
  await using broker = await startBroker();
  const { context } = broker;
  await using publisher = await TestClient.connect(broker);
  for (const [filter, topic, selects] of TABLE) {
    const what = `${filter} and ${topic}`;
    assertEquals(context.matches(filter, topic), selects, what);
    if (filter === "") continue;
    await using client = await TestClient.connect(broker);
    const [granted] = await client.subscribe(filter, 1);
    if (granted === 0x80) {
      assert(!selects, what);
      continue;
    }
    if (topic.startsWith("$")) context.publish(topic, "x");
    else await publisher.publish(topic, "x", { qos: 1 });
    if (selects) assertEquals((await client.expect("publish")).topic, topic);
    // Nothing else came.
    await client.ping();
  }
});

// A matcher that tries again would not end on these: time stands for steps.
Deno.test("aMQTT 17: a filter is matched in one pass, however long and hostile it is", async () => {
  await using broker = await startBroker();
  const { context } = broker;
  const levels = 30_000;
  const evil: [string, string, boolean][] = [
    ["+/".repeat(levels) + "x", "a/".repeat(levels) + "y", false],
    ["+/".repeat(levels) + "#", "a/".repeat(levels) + "y", true],
    ["a".repeat(65_000), "a".repeat(65_000) + "b", false],
    ["a/+/".repeat(levels) + "b", "a/a/".repeat(levels) + "c", false],
  ];
  for (const [filter, topic, selects] of evil) {
    assertEquals(context.matches(filter, topic), selects);
  }
});
