import { assertEquals } from "@std/assert";
import { covers, matches } from "../../../broker/topics/filter.ts";
import { Echoes } from "../../../plugins/_bridge/echoes.ts";
import {
  fromWire,
  toWire,
  wentThrough,
  withHop,
} from "../../../plugins/_bridge/properties.ts";
import { type TopicRule, TopicRules } from "../../../plugins/_bridge/rules.ts";
import {
  type DropReason,
  type OutgoingMessage,
  Sender,
} from "../../../plugins/_bridge/sender.ts";

// -- Rules --

function rulesOf(...rules: Array<Partial<TopicRule>>): TopicRules {
  return new TopicRules(
    rules.map((rule) => ({
      pattern: "#",
      direction: "both",
      localPrefix: "",
      remotePrefix: "",
      qos: 1,
      retain: true,
      ...rule,
    })),
    { covers, matches },
  );
}

/** Each row: a rule, a topic here, the same at the peer. */
const MAPPINGS: ReadonlyArray<[Partial<TopicRule>, string, string]> = [
  [{}, "a/b", "a/b"],
  [{ pattern: "a/+" }, "a/b", "a/b"],
  [{ localPrefix: "l/" }, "l/a", "a"],
  [{ remotePrefix: "r/" }, "a", "r/a"],
  [{ localPrefix: "l/", remotePrefix: "r/" }, "l/a/b", "r/a/b"],
  [{ localPrefix: "l/", remotePrefix: "r/" }, "l", "r"],
  [
    { pattern: "", localPrefix: "here", remotePrefix: "there" },
    "here",
    "there",
  ],
  [{ localPrefix: "$SYS/", remotePrefix: "sys/" }, "$SYS/broker", "sys/broker"],
  [{ pattern: "+/x", localPrefix: "l/" }, "l/l/x", "l/x"],
];

for (const [rule, local, remote] of MAPPINGS) {
  Deno.test(`a bridge maps ${JSON.stringify(rule)}: ${local} = ${remote}`, () => {
    const rules = rulesOf(rule);
    assertEquals(rules.toPeer(local)?.topic, remote);
    assertEquals(rules.fromPeer(remote)?.topic, local);
  });
}

Deno.test("a bridge lets only topics of its rules through, in their direction", () => {
  const rules = rulesOf(
    { pattern: "a/x", direction: "in", remotePrefix: "first/" },
    { pattern: "a/#", direction: "out", qos: 2 },
    { pattern: "a/b", qos: 0 },
  );
  assertEquals(rules.toPeer("b"), undefined);
  assertEquals(rules.fromPeer("a/c"), undefined);
  assertEquals(rules.toPeer("$SYS/a"), undefined);
  assertEquals(rules.toPeer("a/x")?.rule.qos, 2);
  assertEquals(rules.toPeer("a/b")?.rule.qos, 2);
  assertEquals(rules.fromPeer("a/b")?.rule.qos, 0);
  assertEquals(rules.fromPeer("first/a/x")?.topic, "a/x");
  // Nothing is left of the name.
  assertEquals(rulesOf({ localPrefix: "a/" }).toPeer("a"), undefined);
});

// -- Properties --

Deno.test("properties are the same after the way to MQTT.js and back", () => {
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 5,
    contentType: "c",
    responseTopic: "r",
    correlationData: Uint8Array.of(1),
    userProperties: [["a", "1"], ["a", "2"], ["__proto__", "3"]] as const,
  };
  const back = fromWire(toWire(properties))!;
  assertEquals([...back.correlationData!], [1]);
  assertEquals({ ...back, correlationData: properties.correlationData }, {
    ...properties,
    userProperties: [["a", "1"], ["a", "2"], ["__proto__", "3"]],
  });
  assertEquals(fromWire(undefined), undefined);
});

Deno.test("a bridge knows what it has carried, and gives up after many others", () => {
  let properties = withHop(undefined, "one");
  assertEquals(wentThrough(properties, "one"), true);
  assertEquals(wentThrough(properties, "two"), false);
  assertEquals(wentThrough(undefined, "one"), false);
  for (let i = 0; i < 15; i++) properties = withHop(properties, `${i}`);
  assertEquals(wentThrough(properties, "two"), true);
});

// -- Echoes --

Deno.test("an echo is taken once for each time that it is expected", () => {
  const echoes = new Echoes();
  const bytes = (text: string) => new TextEncoder().encode(text);
  echoes.expect("a", bytes("1"));
  echoes.expect("a", bytes("1"));
  assertEquals(echoes.take("b", bytes("1")), false);
  assertEquals(echoes.take("a", bytes("2")), false);
  assertEquals(echoes.take("a", bytes("1")), true);
  assertEquals(echoes.take("a", bytes("1")), true);
  assertEquals(echoes.take("a", bytes("1")), false);
});

// -- Sender --

/** A sender whose peer acknowledges when the test says so. */
class TestSender {
  readonly published: string[] = [];
  readonly dropped: string[] = [];
  readonly #done: Array<(error?: Error) => void> = [];
  readonly sender: Sender;

  constructor(maxMessages = 1000, maxBytes = 1_000_000) {
    this.sender = new Sender({
      maxMessages,
      maxBytes,
      publish: ({ topic }, done) => {
        this.published.push(topic);
        this.#done.push(done as (error?: Error) => void);
      },
      dropped: (reason: DropReason, { topic }) =>
        this.dropped.push(`${reason} ${topic}`),
    });
  }

  add(topic: string, fields: Partial<OutgoingMessage> = {}): void {
    this.sender.add(outgoing(topic, fields));
  }

  connect(receiveMaximum = 65535, more: OutgoingMessage[] = []): Promise<void> {
    return this.sender.connected(
      { receiveMaximum, maximumPacketSize: 1000 },
      more.values(),
    );
  }

  /** Acknowledges the oldest messages. */
  acknowledge(count = 1, error?: Error): void {
    for (const done of this.#done.splice(0, count)) done(error);
  }
}

function outgoing(
  topic: string,
  fields: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return {
    topic,
    payload: new Uint8Array(10),
    qos: 1,
    retain: false,
    properties: undefined,
    expiresAt: 0,
    ...fields,
  };
}

Deno.test("Sender keeps messages for a peer that is away, but none of QoS 0", () => {
  const test = new TestSender(3);
  test.add("0", { qos: 0 });
  for (const topic of ["1", "2", "3", "4"]) test.add(topic);
  assertEquals(test.dropped, ["offline 0", "full 4"]);
  test.connect();
  assertEquals(test.published, ["1", "2", "3"]);
  test.add("5", { qos: 0 });
  assertEquals(test.published.length, 4);
});

Deno.test("Sender counts bytes", () => {
  const test = new TestSender(1000, 25);
  for (const topic of ["1", "2", "3"]) test.add(topic);
  assertEquals(test.dropped, ["full 3"]);
  test.connect();
  test.acknowledge(2);
  test.sender.disconnected();
  test.add("4");
  assertEquals(test.dropped, ["full 3"]);
});

Deno.test("Sender has no more on the way than the peer takes, and keeps the order", () => {
  const test = new TestSender();
  test.connect(2);
  for (let i = 0; i < 5; i++) test.add(`${i}`);
  test.add("zero", { qos: 0 });
  assertEquals(test.published, ["0", "1"]);
  test.acknowledge();
  assertEquals(test.published, ["0", "1", "2"]);
  test.acknowledge(2);
  assertEquals(test.published, ["0", "1", "2", "3", "4", "zero"]);
  assertEquals(test.sender.pending, 3);
  test.acknowledge(3);
  assertEquals([test.sender.pending, test.sender.sent], [0, 6]);
});

Deno.test("Sender lets a thousand messages of QoS 0 wait while the line is full", () => {
  const test = new TestSender();
  test.connect();
  for (let i = 0; i < 1000; i++) test.add(`${i}`, { qos: 0 });
  assertEquals(test.published.length, 100);
  for (let i = 0; i < 1000; i++) test.acknowledge();
  assertEquals(test.published, Array.from({ length: 1000 }, (_, i) => `${i}`));
});

Deno.test("Sender forgets QoS 0 with the connection, and waits for the others", async () => {
  const test = new TestSender();
  test.connect();
  test.add("0", { qos: 0 });
  test.add("1", { qos: 1 });
  test.sender.disconnected();
  assertEquals(test.sender.pending, 1);
  let through = false;
  const all = test.connect().then(() => through = true);
  test.add("new");
  test.acknowledge();
  await Promise.resolve();
  // That was the one of QoS 0, which counts no more.
  assertEquals([through, test.sender.pending], [false, 2]);
  test.acknowledge();
  await all;
  assertEquals([test.sender.pending, test.sender.sent], [1, 1]);
});

Deno.test("Sender drops what has expired, is too large or was refused", async () => {
  const test = new TestSender();
  test.add("late", { expiresAt: 1 });
  test.add("large", { payload: new Uint8Array(1000) });
  test.add("named", {
    properties: { userProperties: [["é".repeat(300), "é".repeat(300)]] },
  });
  test.add("good", { expiresAt: Date.now() + 1e6 });
  const through = test.connect();
  assertEquals(test.published, ["good"]);
  test.acknowledge(1, new Error("not authorized"));
  await through;
  assertEquals(test.dropped, [
    "expired late",
    "too_large large",
    "too_large named",
    "refused good",
  ]);
});

Deno.test("Sender sends what the peer may lack when nothing waits", () => {
  const test = new TestSender();
  test.add("waiting");
  const more = Array.from({ length: 200 }, (_, i) => outgoing(`more ${i}`));
  test.connect(1, more);
  assertEquals(test.published, ["waiting"]);
  test.acknowledge();
  assertEquals(test.published, ["waiting", "more 0"]);
  test.add("live");
  test.acknowledge();
  assertEquals(test.published.at(-1), "live");
  for (let i = 0; i < 200; i++) test.acknowledge();
  assertEquals(test.published.length, 202);
  test.sender.disconnected();
  test.acknowledge();
  assertEquals(test.published.length, 202);
});
