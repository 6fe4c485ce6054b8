/** What clients may have: subscriptions, topics, properties, queues, retained messages, sessions. */

import { assert, assertEquals } from "@std/assert";
import type { BrokerConfig } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, gone, publish } from "../protocol/_helpers.ts";
import { limitsOf } from "./_helpers.ts";

Deno.test("max-subscriptions-per-client: 0x97 in the SUBACK; what is known may be renewed", async () => {
  await using broker = await startBroker({ maxSubscriptionsPerClient: 2 });
  for (const [version, refusal] of [[5, 0x97], [4, 0x80]] as const) {
    await using client = await TestClient.connect(broker, { version });
    assertEquals(await client.subscribe(["a", "b", "c"], 1), [1, 1, refusal]);
    assertEquals(await client.subscribe(["a", "d"], 0), [0, refusal]);
    await client.unsubscribe("a");
    assertEquals(await client.subscribe("c"), [0]);
  }
  assertEquals(limitsOf(broker), { maxSubscriptionsPerClient: 4 });
});

Deno.test("max-subscriptions: of all clients together", async () => {
  await using broker = await startBroker({ maxSubscriptions: 3 });
  await using one = await TestClient.connect(broker, { version: 5 });
  await using two = await TestClient.connect(broker, { version: 5 });
  assertEquals(await one.subscribe(["a", "b"]), [0, 0]);
  assertEquals(await two.subscribe(["a", "$share/g/b"]), [0, 0x97]);
  assertEquals(await two.subscribe("a", 1), [1]);
  await one.disconnect();
  assertEquals(await two.subscribe("$share/g/b"), [0]);
  assertEquals(limitsOf(broker), { maxSubscriptions: 1 });
});

Deno.test("max-topic-length and max-topic-levels: subscriptions are refused, publishers and wills too", async () => {
  await using broker = await startBroker({
    maxTopicLength: 10,
    maxTopicLevels: 3,
  });
  const version = 5;
  await using client = await TestClient.connect(broker, { version });
  // Ten bytes are ten bytes, not characters.
  assertEquals(
    await client.subscribe(["1234567890", "12345678901", "ééééé", "éééééé"]),
    [0, 0x8f, 0, 0x8f],
  );
  assertEquals(await client.subscribe(["a/b/c", "a/b/c/d", "a/b/c/#"]), [
    0,
    0x8f,
    0x8f,
  ]);
  await using other = await TestClient.connect(broker, { version });
  await other.publish("1234567890", "", { qos: 1 });
  await client.expect("publish");
  assertEquals(limitsOf(broker), { maxTopicLength: 2, maxTopicLevels: 2 });
  for (const topic of ["12345678901", "a/b/c/d"]) {
    await using publisher = await TestClient.connect(broker, { version });
    await publisher.send(publish(topic, "x", { qos: 1, messageId: 1 }));
    await assertDisconnected(publisher, 0x90);
    await using dying = await TestClient.connect(broker, {
      version,
      will: { topic, payload: "w" as never, qos: 0, retain: false },
    });
    assertEquals(dying.code, 0x90);
  }
  assertEquals(limitsOf(broker), { maxTopicLength: 4, maxTopicLevels: 4 });
  await client.ping();
});

Deno.test("max-user-properties: 0x97 for each packet that has more", async () => {
  await using broker = await startBroker({ maxUserProperties: 3 });
  const version = 5;
  const some = { userProperties: { a: ["1", "2"], b: "3" } };
  const many = { userProperties: { a: ["1", "2"], b: ["3", "4"] } };
  const refused = await TestClient.connect(broker, {
    version,
    properties: many,
  });
  assertEquals(refused.code, 0x97);
  await refused.close();
  await using will = await TestClient.connect(broker, {
    version,
    properties: some,
    will: {
      topic: "t",
      payload: "w" as never,
      qos: 0,
      retain: false,
      properties: many,
    },
  });
  assertEquals(will.code, 0x97);
  const subscriptions = [{ topic: "t", qos: 0 as const }];
  for (
    const packet of [
      publish("t", "x", { properties: many }),
      publish("t", "x", { properties: many, qos: 2, messageId: 1 }),
      { cmd: "subscribe", messageId: 1, subscriptions, properties: many },
      {
        cmd: "unsubscribe",
        messageId: 1,
        unsubscriptions: ["t"],
        properties: many,
      },
      { cmd: "puback", messageId: 1, reasonCode: 0, properties: many },
      { cmd: "disconnect", reasonCode: 0, properties: many },
    ] as const
  ) {
    await using client = await TestClient.connect(broker, { version });
    await client.publish("t", "x", { properties: some, qos: 1 });
    await client.send(packet as never);
    await assertDisconnected(client, 0x97);
  }
  assertEquals(limitsOf(broker), { maxUserProperties: 8 });
});

/** A session that is away, with a subscription of QoS 1 to `t`. */
async function away(
  broker: Awaited<ReturnType<typeof startBroker>>,
  clientId: string,
): Promise<void> {
  const client = await TestClient.connect(broker, { clientId, clean: false });
  await client.subscribe("t", 1);
  await client.close();
  await gone(broker, clientId);
}

const QUEUES: readonly [
  name: string,
  limits: BrokerConfig,
  queued: number,
  bytes: number,
  dropped: number,
][] = [
  // Two clients, ten messages of 100 bytes for each.
  ["maxQueuedMessages", { maxQueuedMessages: 4 }, 8, 800, 12],
  ["maxQueuedBytes", { maxQueuedBytes: 350 }, 6, 600, 14],
  ["maxTotalQueuedMessages", { maxTotalQueuedMessages: 5 }, 5, 500, 15],
  ["maxTotalQueuedBytes", { maxTotalQueuedBytes: 799 }, 7, 700, 13],
];

for (const [name, limits, queued, bytes, dropped] of QUEUES) {
  Deno.test(`${name}: what is more is dropped and counted`, async () => {
    await using broker = await startBroker(limits);
    await away(broker, "one");
    await away(broker, "two");
    for (let i = 0; i < 10; i++) {
      broker.context.publish("t", "x".repeat(99), { qos: 1 });
    }
    const stats = broker.context.stats();
    assertEquals(
      [stats.queued, stats.queuedBytes, stats.dropped.queue_full],
      [queued, bytes, dropped],
    );
    assertEquals(stats.limits, { [name]: dropped });
    for (const clientId of ["one", "two"]) {
      broker.context.disconnect(clientId, { deleteSession: true });
    }
    const { queued: left, queuedBytes } = broker.context.stats();
    assertEquals([left, queuedBytes], [0, 0]);
  });
}

Deno.test("what leaves the queues makes room in the totals again", async () => {
  await using broker = await startBroker({
    maxTotalQueuedMessages: 5,
    maxInflight: 2,
  });
  await away(broker, "one");
  for (let i = 0; i < 5; i++) broker.context.publish("t", `${i}`, { qos: 1 });
  await using back = await TestClient.connect(broker, {
    clientId: "one",
    clean: false,
  });
  for (let i = 0; i < 5; i++) {
    const { payload, messageId } = await back.expect("publish");
    assertEquals(`${payload}`, `${i}`);
    await back.send({ cmd: "puback", messageId });
  }
  await back.ping();
  const { queued, queuedBytes, inflightOut } = broker.context.stats();
  assertEquals([queued, queuedBytes, inflightOut], [0, 0, 0]);
  broker.context.disconnect("one", { deleteSession: true });
  await away(broker, "two");
  for (let i = 0; i < 5; i++) broker.context.publish("t", `${i}`, { qos: 1 });
  assertEquals(broker.context.stats().dropped.queue_full, 0);
});

Deno.test("max-output-bytes: QoS 0 for a client that does not read is dropped and counted", async () => {
  await using broker = await startBroker({ maxOutputBytes: 65536 });
  using conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: broker.listeners[0].port,
  });
  const hello = [0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x63];
  await conn.write(Uint8Array.from([0x10, hello.length, ...hello]));
  await conn.read(new Uint8Array(4));
  broker.context.addSubscription("c", "t");
  for (let i = 0; i < 1000; i++) {
    broker.context.publish("t", new Uint8Array(60_000));
    if (i % 50 === 0) await new Promise((done) => setTimeout(done, 1));
  }
  const { dropped } = broker.context.stats();
  assert(dropped.output_full > 0);
  assertEquals(limitsOf(broker), { maxOutputBytes: dropped.output_full });
});

Deno.test("max-retained-messages and max-retained-bytes: what is more is delivered, but not retained", async () => {
  const limits = [
    { maxRetainedMessages: 2 },
    // With its topic each weighs 100 bytes.
    { maxRetainedBytes: 250 },
  ];
  for (const config of limits) {
    const [[name]] = Object.entries(config);
    await using broker = await startBroker(config);
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("#");
    await using client = await TestClient.connect(broker, { version: 5 });
    const retain = true;
    const payload = "x".repeat(99);
    for (const topic of ["a", "b", "c"]) {
      await client.publish(topic, payload, { retain, qos: 1 });
      assertEquals((await reader.expect("publish")).topic, topic);
    }
    const topics = () =>
      [...broker.context.retained.match("#")].map(({ topic }) => topic).sort();
    assertEquals(topics(), ["a", "b"]);
    assertEquals(limitsOf(broker), { [name]: 1 });
    // One may take the place of another, and what is cleared makes room.
    await client.publish("b", payload, { retain });
    await client.publish("a", "", { retain });
    await client.publish("c", payload, { retain });
    assertEquals(topics(), ["b", "c"]);
    assertEquals(limitsOf(broker), { [name]: 1 });
  }
});

Deno.test("max-retained-bytes: a longer message may not take the place of a short one", async () => {
  await using broker = await startBroker({ maxRetainedBytes: 100 });
  broker.context.publish("a", "x".repeat(50), { retain: true });
  broker.context.publish("a", "y".repeat(100), { retain: true });
  assertEquals(broker.context.retained.get("a")?.payload.length, 50);
  broker.context.publish("a", "z".repeat(99), { retain: true });
  assertEquals(broker.context.retained.get("a")?.payload.length, 99);
  assertEquals(limitsOf(broker), { maxRetainedBytes: 1 });
});

Deno.test("max-sessions: 0x97; who has one may come back", async () => {
  await using broker = await startBroker({ maxSessions: 2 });
  const keep = { clientId: "keep", clean: false };
  const first = await TestClient.connect(broker, keep);
  await first.close();
  await gone(broker, "keep");
  await using _second = await TestClient.connect(broker);
  for (const [version, refusal] of [[5, 0x97], [4, 3], [3, 3]] as const) {
    await using refused = await TestClient.connect(broker, { version });
    assertEquals(refused.code, refusal);
    await refused.closed();
  }
  await using back = await TestClient.connect(broker, keep);
  assertEquals([back.code, back.connack?.sessionPresent], [0, true]);
  assertEquals(limitsOf(broker), { maxSessions: 3 });
});

Deno.test("max-sessions-per-user: connected or not; other users and clients without a name are not concerned", async () => {
  await using broker = await startBroker({ maxSessionsPerUser: 2 });
  const username = "alice";
  const version = 5;
  const one = { clientId: "one", username, clean: false };
  const first = await TestClient.connect(broker, one);
  await first.close();
  await gone(broker, "one");
  const second = await TestClient.connect(broker, { username });
  {
    await using refused = await TestClient.connect(broker, {
      username,
      version,
    });
    assertEquals(refused.code, 0x97);
  }
  for (const other of ["bob", undefined, undefined, undefined]) {
    await using client = await TestClient.connect(broker, { username: other });
    assertEquals(client.code, 0);
  }
  await using back = await TestClient.connect(broker, one);
  assertEquals(back.code, 0);
  // A session that ends makes room.
  await second.disconnect();
  await using third = await TestClient.connect(broker, { username });
  assertEquals(third.code, 0);
  await using again = await TestClient.connect(broker, { username });
  assertEquals(again.code, 3);
  assertEquals(limitsOf(broker), { maxSessionsPerUser: 2 });
});

Deno.test("receive-maximum and topic-alias-maximum are counted, too", async () => {
  await using broker = await startBroker({
    receiveMaximum: 1,
    topicAliasMaximum: 1,
  });
  const version = 5;
  await using greedy = await TestClient.connect(broker, { version });
  await greedy.send(publish("t", "", { qos: 2, messageId: 1 }));
  await greedy.expect("pubrec");
  await greedy.send(publish("t", "", { qos: 2, messageId: 2 }));
  await assertDisconnected(greedy, 0x93);
  await using other = await TestClient.connect(broker, { version });
  await other.send(publish("t", "", { properties: { topicAlias: 2 } }));
  await assertDisconnected(other, 0x94);
  assertEquals(limitsOf(broker), { receiveMaximum: 1, topicAliasMaximum: 1 });
});
