import { assertEquals } from "@std/assert";
import type {
  Decision,
  Session,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";

const REFUSALS: ReadonlyArray<[what: string, answer: () => unknown]> = [
  ["answers false", () => false],
  ["answers a promise of false", () => Promise.resolve(false)],
  ["abstains", () => undefined],
  ["throws", () => {
    throw new Error("broken");
  }],
  ["rejects", () => Promise.reject(new Error("broken"))],
  ["answers what is no answer", () => "yes"],
];

Deno.test("aMQTT 28: an auth plugin that answers true lets the client in", async () => {
  for (const answer of [true, Promise.resolve(true)]) {
    await using broker = await startBroker({
      plugins: [{ authenticate: () => answer }],
    });
    await using client = await TestClient.connect(broker);
    assertEquals(client.code, 0);
    await client.ping();
  }
});

for (const [what, answer] of REFUSALS) {
  Deno.test(`aMQTT 28: an auth plugin that ${what} refuses the client`, async () => {
    await using broker = await startBroker({
      plugins: [{ authenticate: answer }],
    });
    await using older = await TestClient.connect(broker, { version: 4 });
    assertEquals(older.code, 5);
    await older.closed();
    await using newer = await TestClient.connect(broker, { version: 5 });
    assertEquals(newer.code, 0x87);
    await newer.closed();
    assertEquals([...broker.context.sessions], []);
  });
}

Deno.test("aMQTT 28: without an auth plugin nobody gets in", async () => {
  await using broker = await startBroker({ plugins: [] });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 5);
});

Deno.test("a denial of authenticate has its reason for the client", async () => {
  await using broker = await startBroker({
    plugins: [{
      authenticate: () => ({
        allow: false,
        reasonCode: 0x8a,
        reasonString: "go away",
      }),
    }],
  });
  await using newer = await TestClient.connect(broker, { version: 5 });
  assertEquals(newer.code, 0x8a);
  assertEquals(newer.connack?.properties?.reasonString, "go away");
  await using older = await TestClient.connect(broker);
  assertEquals(older.code, 5);
});

Deno.test("aMQTT 28: a topic plugin that answers true has the message delivered", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", { topicFiltering: () => true }],
  });
  await using receiver = await TestClient.connect(broker);
  assertEquals(await receiver.subscribe("a", 1), [1]);
  await using sender = await TestClient.connect(broker);
  await sender.publish("a", "hello", { qos: 1 });
  assertEquals(await receiver.message(), "a: hello");
});

for (const [what, answer] of REFUSALS) {
  Deno.test(`aMQTT 28: a topic plugin that ${what} has nothing delivered`, async () => {
    const refused = new Set<string>();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        topicFiltering: ({ action }: { action: string }) =>
          refused.has(action) ? answer() as Decision : true,
      }],
    });
    await using receiver = await TestClient.connect(broker, { version: 5 });
    assertEquals(await receiver.subscribe("a", 1), [1]);
    await using sender = await TestClient.connect(broker, { version: 5 });
    const older = await TestClient.connect(broker, { version: 4 });

    refused.add("publish");
    await sender.publish("a", "QoS 0");
    const codes = [await publish(sender, 1), await publish(sender, 2)];
    assertEquals(codes, [0x87, 0x87]);
    // MQTT 3.1.1 cannot say it: as if it had passed.
    await older.publish("a", "QoS 0");
    await older.publish("a", "QoS 1", { qos: 1 });
    await older.publish("a", "QoS 2", { qos: 2 });
    await receiver.ping();
    refused.delete("publish");

    refused.add("receive");
    await sender.publish("a", "not for you", { qos: 1 });
    await eventually(() => broker.context.stats().dropped.denied === 1);
    await receiver.ping();
    refused.delete("receive");

    refused.add("subscribe");
    assertEquals(await sender.subscribe(["a", "b"]), [0x87, 0x87]);
    assertEquals(await older.subscribe(["a", "b"]), [0x80, 0x80]);
    refused.delete("subscribe");

    await older.publish("a", "still here", { qos: 1 });
    assertEquals(await receiver.message(), "a: still here");
    await older.disconnect();
  });
}

Deno.test("a denial of topicFiltering has its reason for the client", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", {
      topicFiltering: ({ topic }: TopicFilteringEvent) => ({
        allow: false,
        reasonCode: 0x97,
        reasonString: `no more ${topic}`,
      }),
    }],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: ["a", "b", "a"].map((topic) => ({ topic, qos: 0 })),
  });
  const suback = await client.expect("suback");
  assertEquals(suback.granted, [0x97, 0x97, 0x97]);
  assertEquals(suback.properties?.reasonString, "no more a; no more b");
  const publication = {
    cmd: "publish",
    topic: "a",
    payload: "x",
    messageId: 2,
    dup: false,
    retain: false,
  } as const;
  await client.send({ ...publication, qos: 1 }, { ...publication, qos: 2 });
  for (const cmd of ["puback", "pubrec"] as const) {
    const { reasonCode, properties } = await client.expect(cmd);
    assertEquals([reasonCode, properties?.reasonString], [0x97, "no more a"]);
  }
  // MQTT 3.1.1 has no words for it.
  await using older = await TestClient.connect(broker);
  assertEquals(await older.subscribe("a"), [0x80]);
  await older.publish("a", "x", { qos: 1 });
  await older.publish("a", "x", { qos: 2 });
});

Deno.test("aMQTT 36: topic_acl grants and refuses the filters of one SUBSCRIBE", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", {
      topic_acl: {
        acl: { anonymous: ["sport/#", "calendar/+/event", "news"] },
      },
    }],
  });
  await using client = await TestClient.connect(broker);
  assertEquals(
    await client.subscribe([
      "#",
      "sport/tennis/+",
      "calendar/#",
      "calendar/may/event",
      "weather",
      "news",
    ], 1),
    [0x80, 1, 0x80, 1, 0x80, 1],
  );
});

Deno.test("aMQTT 35: topic_taboo refuses the taboo filter of one SUBSCRIBE", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", "topic_taboo"],
  });
  await using client = await TestClient.connect(broker);
  const filters = ["a", "b/#", "prohibited", "c/+", "d", "e"];
  assertEquals(await client.subscribe(filters, 1), [1, 1, 0x80, 1, 1, 1]);
});

Deno.test("attributes that authenticate sets stay with a session that the client resumes", async () => {
  let role = "reader";
  await using broker = await startBroker({
    plugins: [{
      authenticate({ session }: { session: Session }) {
        session.attributes.set("test.role", role);
        return true;
      },
    }],
  });
  const options = { clientId: "back", clean: false };
  const first = await TestClient.connect(broker, options);
  const session = broker.context.getSession("back");
  assertEquals(session?.attributes.get("test.role"), "reader");
  session?.attributes.set("test.own", 1);
  await first.disconnect();
  role = "writer";
  await using second = await TestClient.connect(broker, options);
  assertEquals(second.connack?.sessionPresent, true);
  assertEquals(
    [...broker.context.getSession("back")?.attributes ?? []].toSorted(),
    [["test.own", 1], ["test.role", "writer"]],
  );
});

/** Publishes to `a`, without the second half of QoS 2; gives the reason code. */
async function publish(client: TestClient, qos: 1 | 2): Promise<unknown> {
  await client.send({
    cmd: "publish",
    topic: "a",
    payload: "x",
    qos,
    messageId: ++client.lastId,
    dup: false,
    retain: false,
  });
  const { reasonCode } = await client.expect(qos === 1 ? "puback" : "pubrec");
  return reasonCode;
}
