import { assertEquals } from "@std/assert";
import type { Packet } from "../../../codec/mod.ts";
import type {
  AuthenticateEvent,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../../_client.ts";

/** A question that a test answers when it likes. */
class Gate {
  readonly #answer = Promise.withResolvers<boolean>();
  asked = 0;

  ask(): Promise<boolean> {
    this.asked++;
    return this.#answer.promise;
  }

  open(allow = true): void {
    this.#answer.resolve(allow);
  }

  async reached(times = 1): Promise<void> {
    await eventually(() => this.asked >= times, "question");
  }
}

/** Asks the gate about one topic and action, and allows everything else. */
function slowFor(gate: Gate, action: string, topic = "slow") {
  return {
    topicFiltering: (event: TopicFilteringEvent) =>
      event.topic === topic && event.action === action ? gate.ask() : true,
  };
}

Deno.test("a client whose authentication takes its time waits, and its packets keep their order", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    plugins: [{
      authenticate: ({ session }: AuthenticateEvent) =>
        session.clientId === "slow" ? gate.ask() : true,
    }],
  });
  await using slow = await TestClient.open(broker);
  await slow.send(
    connectPacket({ clientId: "slow" }),
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0 }] },
    publication("a", "1"),
    { cmd: "pingreq" },
  );
  await gate.reached();
  await using other = await TestClient.connect(broker);
  await other.publish("a", "too early", { qos: 1 });
  assertEquals(broker.context.getSession("slow"), undefined);
  gate.open();
  await slow.expect("connack");
  await slow.expect("suback");
  assertEquals(await slow.message(), "a: 1");
  await slow.expect("pingresp");
  assertEquals(gate.asked, 1);
});

Deno.test("a client that leaves while it is authenticated leaves nothing", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    plugins: [{ authenticate: () => gate.ask() }],
  });
  await using client = await TestClient.open(broker);
  await client.send(connectPacket({ clientId: "gone" }));
  await gate.reached();
  await client.close();
  gate.open();
  await eventually(() => broker.context.stats().clientsMaximum === 1);
  await eventually(() => broker.context.getSession("gone") === undefined);
});

for (const qos of [0, 1, 2] as const) {
  Deno.test(`while a PUBLISH of QoS ${qos} is decided its client waits and the others go on`, async () => {
    const gate = new Gate();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", slowFor(gate, "publish")],
    });
    await using receiver = await TestClient.connect(broker);
    await receiver.subscribe("#");
    await using client = await TestClient.connect(broker);
    await client.send(
      publication("before", "0", qos, 1),
      publication("slow", "1", qos, 2),
      publication("fast", "2", qos, 3),
      { cmd: "pingreq" },
    );
    await gate.reached();
    assertEquals(await receiver.message(), "before: 0");
    await using other = await TestClient.connect(broker);
    await other.publish("other", "meanwhile", { qos: 2 });
    assertEquals(await receiver.message(), "other: meanwhile");
    await receiver.ping();
    gate.open();
    assertEquals(await receiver.message(), "slow: 1");
    assertEquals(await receiver.message(), "fast: 2");
    if (qos > 0) {
      for (const id of [1, 2, 3]) {
        const ack = await client.expect(qos === 1 ? "puback" : "pubrec");
        assertEquals(ack.messageId, id);
      }
    }
    await client.expect("pingresp");
    assertEquals(gate.asked, 1);
  });
}

Deno.test("a SUBSCRIBE that takes its time is granted before what follows it", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", slowFor(gate, "subscribe")],
  });
  await using client = await TestClient.connect(broker);
  await client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [
      { topic: "a", qos: 0 },
      { topic: "slow", qos: 1 },
      { topic: "b", qos: 2 },
    ],
  }, publication("slow", "mine"));
  await gate.reached();
  await using other = await TestClient.connect(broker);
  await other.publish("slow", "too early");
  gate.open();
  assertEquals((await client.expect("suback")).granted, [0, 1, 2]);
  assertEquals(await client.message(), "slow: mine");
});

for (const allowed of [true, false]) {
  Deno.test(`a receiver that is decided late (${allowed}) gets the messages in their order`, async () => {
    const gate = new Gate();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        topicFiltering: ({ session, topic, action }: TopicFilteringEvent) =>
          session.clientId === "late" && action === "receive" &&
            topic === "slow"
            ? gate.ask()
            : true,
      }],
    });
    await using late = await TestClient.connect(broker, { clientId: "late" });
    await late.subscribe("#", 1);
    await using prompt = await TestClient.connect(broker);
    await prompt.subscribe("#", 1);
    await using sender = await TestClient.connect(broker);
    // The publisher does not wait for the receiver's rights.
    await sender.publish("slow", "1", { qos: 1 });
    await sender.publish("fast", "2", { qos: 1 });
    await sender.publish("fast", "3", { qos: 0 });
    assertEquals(await prompt.message(), "slow: 1");
    assertEquals(await prompt.message(), "fast: 2");
    assertEquals(await prompt.message(), "fast: 3");
    await late.ping();
    gate.open(allowed);
    if (allowed) assertEquals(await late.message(), "slow: 1");
    assertEquals(await late.message(), "fast: 2");
    assertEquals(await late.message(), "fast: 3");
    assertEquals(broker.context.stats().dropped.denied, allowed ? 0 : 1);
  });
}

Deno.test("a queued message that is decided late is not overtaken", async () => {
  const gate = new Gate();
  let slow = false;
  await using broker = await startBroker({
    plugins: ["auth_anonymous", {
      topicFiltering: ({ topic, action }: TopicFilteringEvent) =>
        slow && action === "receive" && topic === "old" ? gate.ask() : true,
    }],
  });
  const options = { clientId: "away", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("#", 1);
  await first.disconnect();
  await using sender = await TestClient.connect(broker);
  await sender.publish("old", "1", { qos: 1 });
  slow = true;
  await using second = await TestClient.connect(broker, options);
  await gate.reached();
  await sender.publish("new", "2", { qos: 1 });
  await second.ping();
  gate.open();
  assertEquals(await second.message(), "old: 1");
  assertEquals(await second.message(), "new: 2");
});

Deno.test("a will that takes its time is decided before the CONNACK, and before it fires", async () => {
  const gates = [new Gate(), new Gate()];
  let asked = 0;
  await using broker = await startBroker({
    plugins: ["auth_anonymous", {
      topicFiltering: ({ topic, action }: TopicFilteringEvent) =>
        topic === "will" && action === "publish" ? gates[asked++].ask() : true,
    }],
  });
  await using receiver = await TestClient.connect(broker);
  await receiver.subscribe("will", 1);
  const client = await TestClient.open(broker);
  await client.send(
    connectPacket({
      clientId: "w",
      will: { topic: "will", payload: "gone" as never, qos: 1, retain: false },
    }),
    { cmd: "pingreq" },
  );
  await gates[0].reached();
  assertEquals(broker.context.getSession("w"), undefined);
  gates[0].open();
  await client.expect("connack");
  await client.expect("pingresp");
  await client.close();
  await gates[1].reached();
  await receiver.ping();
  gates[1].open();
  assertEquals(await receiver.message(), "will: gone");
});

Deno.test("what is decided after the session has ended is neither sent nor queued", async () => {
  const gate = new Gate();
  const queued: unknown[] = [];
  await using broker = await startBroker({
    plugins: ["auth_anonymous", {
      topicFiltering: ({ action }: TopicFilteringEvent) =>
        action === "receive" ? gate.ask() : true,
      onBrokerRetainedMessage: (event: unknown) => void queued.push(event),
    }],
  });
  await using client = await TestClient.connect(broker, { clientId: "gone" });
  await client.subscribe("a", 1);
  broker.context.publish("a", "1", { qos: 1 });
  broker.context.publish("a", "2", { qos: 1 });
  await client.disconnect();
  assertEquals(broker.context.getSession("gone"), undefined);
  gate.open();
  await using again = await TestClient.connect(broker, { clientId: "gone" });
  await again.ping();
  const { queued: waiting, inflightOut } = broker.context.stats();
  assertEquals([waiting, inflightOut, queued], [0, 0, []]);
});

Deno.test("a message that expires while it is decided is not delivered [MQTT-3.3.2-5]", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", slowFor(gate, "receive")],
  });
  await using client = await TestClient.connect(broker);
  await client.subscribe("#", 1);
  const properties = { messageExpiryInterval: 1 };
  const since = Date.now();
  broker.context.publish("slow", "asked", { qos: 1, properties });
  broker.context.publish("fast", "waiting", { qos: 0, properties });
  broker.context.publish("fast", "lasting", { qos: 0 });
  await eventually(() => Date.now() - since > 1000);
  gate.open();
  assertEquals(await client.message(), "fast: lasting");
  await client.ping();
  assertEquals(broker.context.stats().dropped.expired, 2);
});

Deno.test("messages that wait for a decision have a limit", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    maxQueuedMessages: 3,
    plugins: ["auth_anonymous", slowFor(gate, "receive")],
  });
  await using client = await TestClient.connect(broker);
  await client.subscribe("#", 1);
  broker.context.publish("slow", "0", { qos: 1 });
  for (let i = 1; i <= 5; i++) broker.context.publish("fast", `${i}`);
  assertEquals(broker.context.stats().dropped.queue_full, 3);
  gate.open();
  assertEquals(await client.message(), "slow: 0");
  assertEquals(await client.message(), "fast: 1");
  assertEquals(await client.message(), "fast: 2");
  await client.ping();
  broker.context.publish("fast", "6");
  assertEquals(await client.message(), "fast: 6");
});

Deno.test("retained messages that are decided late keep their order", async () => {
  const gate = new Gate();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", slowFor(gate, "receive")],
  });
  broker.context.publish("slow", "1", { retain: true });
  await using client = await TestClient.connect(broker);
  await client.subscribe("+");
  await gate.reached();
  broker.context.publish("fast", "2");
  await client.ping();
  gate.open();
  const first = await client.expect("publish");
  assertEquals([first.topic, first.retain], ["slow", true]);
  assertEquals(await client.message(), "fast: 2");
});

Deno.test("a plugin that never answers denies after the time-out", async () => {
  const stuck = new Set<string>();
  const never = (what: string) =>
    stuck.has(what) ? new Promise<boolean>(() => {}) : true;
  await using broker = await startBroker({
    pluginTimeout: 0.1,
    plugins: [{
      authenticate: () => never("connect"),
      topicFiltering: ({ action }: TopicFilteringEvent) => never(action),
    }],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe("a", 1);

  stuck.add("connect");
  await using refused = await TestClient.connect(broker, { version: 5 });
  assertEquals(refused.code, 0x87);
  stuck.clear();

  stuck.add("publish");
  await client.send(publication("a", "x", 1, 9));
  assertEquals((await client.expect("puback")).reasonCode, 0x87);
  stuck.clear();

  stuck.add("subscribe");
  assertEquals(await client.subscribe("b"), [0x87]);
  stuck.clear();

  stuck.add("receive");
  await using sender = await TestClient.connect(broker, { version: 5 });
  await sender.publish("a", "lost", { qos: 1 });
  await eventually(() => broker.context.stats().dropped.denied === 1);
  stuck.clear();

  await sender.publish("a", "found", { qos: 1 });
  assertEquals(await client.message(), "a: found");
});

Deno.test("shutdown() ends while plugins have not answered yet", async () => {
  const gate = new Gate();
  const broker = await startBroker({
    pluginTimeout: 0.2,
    plugins: ["auth_anonymous", slowFor(gate, "publish")],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.send(publication("slow", "1", 1, 1), { cmd: "pingreq" });
  await gate.reached();
  await broker.shutdown();
  assertEquals((await client.expect("disconnect")).reasonCode, 0x8b);
  assertEquals(broker.state, "stopped");
});

function publication(
  topic: string,
  payload: string,
  qos: 0 | 1 | 2 = 0,
  messageId?: number,
): Packet {
  return {
    cmd: "publish",
    topic,
    payload,
    qos,
    ...(qos > 0 && { messageId }),
    dup: false,
    retain: false,
  };
}
