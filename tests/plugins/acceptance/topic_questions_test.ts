/** When the broker asks `topicFiltering`, and what it tells. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Action, TopicFilteringEvent } from "../../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";

/** Writes down every question; refuses what a test has put into `refused`. */
class Judge {
  readonly asked: string[] = [];
  /** `action topic`. */
  readonly refused = new Set<string>();

  topicFiltering(
    { session, topic, action, qos, retain }: TopicFilteringEvent,
  ): boolean {
    this.asked.push(
      `${session.clientId} ${action} ${topic} ${qos}${retain ? " retain" : ""}`,
    );
    return !this.refused.has(`${action} ${topic}`);
  }

  /** The questions about one action since the last call. */
  take(action: Action): string[] {
    const all = this.asked.splice(0);
    return all.filter((question) => question.split(" ")[1] === action);
  }
}

function will(topic: string, payload: string) {
  return {
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    retain: true,
  } as const;
}

Deno.test("topicFiltering is asked for a PUBLISH, its receivers and a SUBSCRIBE", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  await using receiver = await TestClient.connect(broker, { clientId: "r" });
  await receiver.subscribe(["a/+", "b"], 1);
  assertEquals(judge.take("subscribe"), [
    "r subscribe a/+ 1",
    "r subscribe b 1",
  ]);
  await using sender = await TestClient.connect(broker, { clientId: "s" });
  await sender.publish("a/1", "x", { qos: 2, retain: true });
  assertEquals(judge.asked, ["s publish a/1 2 retain", "r receive a/1 1"]);
});

Deno.test("topicFiltering is asked for a will at CONNECT, and refuses the client", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  judge.refused.add("publish secret/will");
  for (const [version, code] of [[4, 5], [5, 0x87]] as const) {
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "w",
      will: will("secret/will", "gone"),
    });
    assertEquals(client.code, code);
    await client.closed();
    assertEquals(judge.take("publish"), ["w publish secret/will 1 retain"]);
  }
  assertEquals([...broker.context.sessions], []);
  // Nor was the will of a client that never came in sent.
  assertEquals(broker.context.retained.size, 0);
});

Deno.test("topicFiltering is asked again when a will fires", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  await using receiver = await TestClient.connect(broker);
  await receiver.subscribe("will/#", 1);
  const connect = (clientId: string) =>
    TestClient.connect(broker, { clientId, will: will("will/w", clientId) });

  const first = await connect("first");
  assertEquals(judge.take("publish"), ["first publish will/w 1 retain"]);
  await first.close();
  assertEquals(await receiver.message(), "will/w: first");
  assertEquals(judge.take("publish"), ["first publish will/w 1 retain"]);

  const second = await connect("second");
  judge.refused.add("publish will/w");
  await second.close();
  await eventually(() => broker.context.stats().dropped.denied === 1);
  await receiver.ping();
  assertEquals(
    new TextDecoder().decode(broker.context.retained.get("will/w")?.payload),
    "first",
  );
});

Deno.test("topicFiltering is asked again when a delayed will fires", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  const client = await TestClient.connect(broker, {
    version: 5,
    clientId: "w",
    properties: { sessionExpiryInterval: 60 },
    will: { ...will("will/w", "late"), properties: { willDelayInterval: 1 } },
  });
  judge.take("publish");
  await client.close();
  await eventually(() => broker.context.getSession("w")?.connected === false);
  assertEquals(judge.asked, []);
  judge.refused.add("publish will/w");
  await eventually(() => broker.context.stats().dropped.denied === 1);
  assertEquals(judge.take("publish"), ["w publish will/w 1 retain"]);
  assertEquals(broker.context.retained.size, 0);
});

Deno.test("topicFiltering is asked for retained messages", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  broker.context.publish("open", "1", { retain: true, qos: 1 });
  broker.context.publish("secret", "2", { retain: true, qos: 1 });
  judge.refused.add("receive secret");
  await using client = await TestClient.connect(broker, { clientId: "r" });
  await client.subscribe("+", 2);
  assertEquals(await client.message(), "open: 1");
  await client.ping();
  assertEquals(judge.take("receive").toSorted(), [
    "r receive open 1 retain",
    "r receive secret 1 retain",
  ]);
});

Deno.test("topicFiltering is asked when a queued message is delivered", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  const options = { clientId: "away", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("+", 1);
  await first.disconnect();
  for (const topic of ["a", "b", "c"]) {
    broker.context.publish(topic, "x", { qos: 1 });
  }
  judge.take("receive");
  judge.refused.add("receive b");
  await using second = await TestClient.connect(broker, options);
  assertEquals(await second.message(), "a: x");
  assertEquals(await second.message(), "c: x");
  await second.ping();
  assertEquals(judge.take("receive"), [
    "away receive a 1",
    "away receive b 1",
    "away receive c 1",
  ]);
  assertEquals(broker.context.getSession("away")?.queuedCount, 0);
});

Deno.test("topicFiltering is asked before a message is sent again", async () => {
  const judge = new Judge();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", judge],
  });
  const options = { clientId: "away", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("+", 1);
  broker.context.publish("a", "x", { qos: 1 });
  broker.context.publish("b", "x", { qos: 1 });
  await first.expect("publish");
  await first.expect("publish");
  // Neither is acknowledged.
  await first.close();
  await eventually(() => !broker.context.getSession("away")!.connected);
  judge.refused.add("receive a");
  await using second = await TestClient.connect(broker, options);
  const again = await second.expect("publish");
  assertEquals([again.topic, again.dup], ["b", true]);
  await second.ping();
  assertEquals(broker.context.getSession("away")?.inflightCount, 1);
});

for (const version of [4, 5] as const) {
  Deno.test(`topicFiltering is asked for the inner filter of a shared subscription (MQTT level ${version})`, async () => {
    const judge = new Judge();
    judge.refused.add("subscribe secret/#");
    await using broker = await startBroker({
      plugins: ["auth_anonymous", judge],
    });
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "r",
    });
    const filters = ["$share/group/secret/#", "$share/group/open/#"];
    assertEquals(await client.subscribe(filters, 1), [
      version === 5 ? 0x87 : 0x80,
      1,
    ]);
    assertEquals(judge.take("subscribe"), [
      "r subscribe secret/# 1",
      "r subscribe open/# 1",
    ]);
    broker.context.publish("secret/x", "no");
    broker.context.publish("open/x", "yes");
    assertEquals(await client.message(), "open/x: yes");
    assertEquals(judge.take("receive"), ["r receive open/x 0"]);
  });
}
