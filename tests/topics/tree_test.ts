// The tree of subscriptions and the retained messages against a plain scan.
import { assert, assertEquals } from "@std/assert";
import { matches, parseFilter } from "../../broker/topics/filter.ts";
import type { ParsedFilter } from "../../broker/topics/filter.ts";
import {
  type Subscription,
  SubscriptionTree,
} from "../../broker/topics/subscription_tree.ts";
import { RetainedMessages } from "../../broker/topics/retained.ts";
import { Message } from "../../broker/message.ts";
import { Topic } from "../../broker/topics/topic.ts";
import type { Session } from "../../broker/session/session.ts";
import { Random } from "../_random.ts";

const LEVELS = ["a", "b", "c", "", "$x"];

function topicName(random: Random): string {
  const name = Array.from(
    { length: 1 + random.int(4) },
    () => random.pick(LEVELS),
  ).join("/");
  return name === "" ? "/" : name;
}

function filterText(random: Random): string {
  const levels = Array.from(
    { length: 1 + random.int(4) },
    () => random.once(3) ? "+" : random.pick(LEVELS),
  );
  if (random.once(3)) levels[levels.length - 1] = "#";
  const filter = levels.join("/") || "+";
  return random.once(5) ? `$share/g${random.int(2)}/${filter}` : filter;
}

function session(id: number): Session {
  return { clientId: `c${id}`, connection: {} } as unknown as Session;
}

Deno.test("SubscriptionTree.match() finds what a scan finds", () => {
  const random = new Random();
  const tree = new SubscriptionTree(false);
  const sessions = Array.from({ length: 12 }, (_, i) => session(i));
  const all = new Map<string, Subscription>();
  const known = new Map<string, Topic>();
  for (let i = 0; i < 6000; i++) {
    const owner = random.pick(sessions);
    const filter = parseFilter(filterText(random)) as ParsedFilter;
    const key = `${owner.clientId} ${filter.text}`;
    const old = all.get(key);
    if (old !== undefined) {
      tree.remove(old);
      all.delete(key);
    }
    if (all.size < 300 && (old === undefined || random.once(2))) {
      const subscription: Subscription = {
        session: owner,
        filter,
        qos: 1,
        noLocal: false,
        retainAsPublished: false,
        identifiers: [],
      };
      tree.add(subscription);
      all.set(key, subscription);
    }
    const name = topicName(random);
    // A topic that was matched before remembers the answer.
    let topic = known.get(name);
    if (topic === undefined) known.set(name, topic = new Topic(name));
    const route = tree.match(topic);
    const label = `SEED=${random.seed}, step ${i}, topic "${name}"`;
    const expected = [...all.values()].filter((one) =>
      matches(one.filter.filter, name)
    );
    const text = (one: { session: Session; filter: ParsedFilter }) =>
      `${one.session.clientId} ${one.filter.text}`;
    assertEquals(
      (route.targets as Subscription[]).map(text).sort(),
      expected.filter((one) => one.filter.group === undefined).map(text).sort(),
      label,
    );
    assertEquals(
      route.groups.flatMap((group) => group.members.map(text)).sort(),
      expected.filter((one) => one.filter.group !== undefined).map(text).sort(),
      label,
    );
    assertEquals(tree.size, all.size, label);
  }
  for (const subscription of all.values()) tree.remove(subscription);
  assertEquals(tree.size, 0);
  for (const topic of known.values()) {
    assertEquals(tree.match(topic).targets, []);
  }
});

Deno.test("SubscriptionTree.match() merges what overlaps", () => {
  const tree = new SubscriptionTree(true);
  const owner = session(1);
  for (
    const [text, qos, identifier] of [
      ["a/b", 0, 1],
      ["a/+", 2, 2],
      ["#", 1, 3],
    ] as const
  ) {
    tree.add({
      session: owner,
      filter: parseFilter(text) as ParsedFilter,
      qos,
      noLocal: false,
      retainAsPublished: text === "#",
      identifiers: [identifier],
    });
  }
  const { targets } = tree.match(new Topic("a/b"));
  assertEquals(targets.length, 1);
  assertEquals(targets[0].qos, 2);
  assertEquals([...targets[0].identifiers].sort(), [1, 2, 3]);
  assert(targets[0].retainAsPublished);
});

function retainedMessage(topic: string): Message {
  const message = new Message(new Topic(topic));
  message.bytes = new TextEncoder().encode(topic);
  message.end = message.bytes.length;
  return message.keep();
}

Deno.test("RetainedMessages.match() finds what a scan finds", () => {
  const random = new Random();
  const retained = new RetainedMessages();
  const all = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const topic = topicName(random);
    if (all.has(topic) && random.once(2)) {
      assert(retained.delete(topic));
      all.delete(topic);
    } else {
      retained.set(retainedMessage(topic));
      all.add(topic);
    }
    const label = `SEED=${random.seed}, step ${i}`;
    assertEquals(retained.size, all.size, label);
    assertEquals(
      retained.get(topic)?.topic,
      all.has(topic) ? topic : undefined,
    );
    const parsed = parseFilter(filterText(random)) as ParsedFilter;
    const found = [...retained.match(parsed.filter)]
      .filter((message) => message !== undefined)
      .map((message) => message.topic);
    assertEquals(
      found.sort(),
      [...all].filter((name) => matches(parsed.filter, name)).sort(),
      `${label}, filter "${parsed.filter}"`,
    );
  }
  for (const topic of all) assert(retained.delete(topic));
  assertEquals(retained.size, 0);
  assertEquals([...retained.match("#")].filter(Boolean), []);
});

Deno.test("RetainedMessages.match() goes on while messages come and go", () => {
  const retained = new RetainedMessages();
  for (let i = 0; i < 100; i++) retained.set(retainedMessage(`a/${i}`));
  const found = new Set<string>();
  let step = 0;
  for (const message of retained.match("a/#")) {
    if (message !== undefined) found.add(message.topic);
    if (++step === 10) {
      for (let i = 0; i < 100; i += 2) retained.delete(`a/${i}`);
      retained.set(retainedMessage("a/1"));
    }
  }
  for (let i = 1; i < 100; i += 2) assert(found.has(`a/${i}`), `a/${i}`);
});

Deno.test("RetainedMessages forgets messages that have expired", () => {
  const retained = new RetainedMessages();
  const message = retainedMessage("a");
  message.expiresAt = Date.now() - 1;
  retained.set(message);
  assertEquals(retained.get("a"), undefined);
  assertEquals([...retained.match("#")].filter(Boolean), []);
});
