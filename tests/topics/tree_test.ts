// The tree of subscriptions and the retained messages against a plain scan.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
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
import { checkProperty } from "../_property.ts";
import { filters, sharedOrPlainFilters, topicNames } from "./_arbitraries.ts";

function session(id: number): Session {
  return { clientId: `c${id}`, connection: {} } as unknown as Session;
}

/** A client subscribes, or unsubscribes; then a message comes. */
const subscriptionSteps = fc.array(
  fc.record({
    owner: fc.nat(11),
    filter: sharedOrPlainFilters(),
    again: fc.boolean(),
    topic: topicNames(),
  }),
  { maxLength: 400, size: "max" },
);

Deno.test("SubscriptionTree.match() finds what a scan finds", () => {
  const sessions = Array.from({ length: 12 }, (_, i) => session(i));
  const text = (one: { session: Session; filter: ParsedFilter }) =>
    `${one.session.clientId} ${one.filter.text}`;
  const run = fc.property(subscriptionSteps, (steps) => {
    const tree = new SubscriptionTree(false);
    const all = new Map<string, Subscription>();
    const known = new Map<string, Topic>();
    for (const [i, step] of steps.entries()) {
      const owner = sessions[step.owner];
      const filter = parseFilter(step.filter) as ParsedFilter;
      const key = `${owner.clientId} ${filter.text}`;
      const old = all.get(key);
      if (old !== undefined) {
        tree.remove(old);
        all.delete(key);
      }
      if (old === undefined || step.again) {
        const subscription: Subscription = {
          session: owner,
          filter,
          qos: 1,
          noLocal: false,
          retainAsPublished: false,
          exempt: false,
          identifiers: [],
        };
        tree.add(subscription);
        all.set(key, subscription);
      }
      // A topic that was matched before remembers the answer.
      let topic = known.get(step.topic);
      if (topic === undefined) {
        known.set(step.topic, topic = new Topic(step.topic));
      }
      const route = tree.match(topic);
      const label = `step ${i}, topic "${step.topic}"`;
      const expected = [...all.values()].filter((one) =>
        matches(one.filter.filter, step.topic)
      );
      assertEquals(
        (route.targets as Subscription[]).map(text).sort(),
        expected.filter((one) => one.filter.group === undefined).map(text)
          .sort(),
        label,
      );
      assertEquals(
        route.groups.flatMap((group) => group.members.map(text)).sort(),
        expected.filter((one) => one.filter.group !== undefined).map(text)
          .sort(),
        label,
      );
      assertEquals(tree.size, all.size, label);
    }
    for (const subscription of all.values()) tree.remove(subscription);
    assertEquals(tree.size, 0);
    for (const topic of known.values()) {
      assertEquals(tree.match(topic).targets, []);
      assertEquals(tree.match(topic).groups, []);
    }
  });
  checkProperty(run, 40);
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
      exempt: false,
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

/** A retained message is set, or deleted; then somebody subscribes. */
const retainedSteps = fc.array(
  fc.record({ topic: topicNames(), set: fc.boolean(), filter: filters() }),
  { maxLength: 200, size: "max" },
);

Deno.test("RetainedMessages.match() finds what a scan finds", () => {
  const run = fc.property(retainedSteps, (steps) => {
    const retained = new RetainedMessages();
    const all = new Set<string>();
    for (const [i, { topic, set, filter }] of steps.entries()) {
      const label = `step ${i}`;
      if (set || !all.has(topic)) {
        retained.set(retainedMessage(topic));
        all.add(topic);
      } else {
        assert(retained.delete(topic), label);
        all.delete(topic);
      }
      assertEquals(retained.size, all.size, label);
      assertEquals(
        retained.get(topic)?.topic,
        all.has(topic) ? topic : undefined,
        label,
      );
      const found = [...retained.match(filter)]
        .filter((message) => message !== undefined)
        .map((message) => message.topic);
      assertEquals(
        found.sort(),
        [...all].filter((name) => matches(filter, name)).sort(),
        `${label}, filter "${filter}"`,
      );
    }
    for (const topic of all) assert(retained.delete(topic));
    assertEquals(retained.size, 0);
    assertEquals([...retained.match("#")].filter(Boolean), []);
  });
  checkProperty(run, 40);
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

Deno.test("RetainedMessages.match() finds what was there all the time, whatever comes and goes", () => {
  const changes = fc.array(
    fc.record({ topic: topicNames(), set: fc.boolean() }),
    {
      maxLength: 30,
    },
  );
  const run = fc.property(
    fc.array(topicNames(), { maxLength: 30 }),
    filters(["a", "b", ""], 8),
    fc.array(changes, { maxLength: 30 }),
    (topics, filter, steps) => {
      const retained = new RetainedMessages();
      const all = new Set(topics);
      for (const topic of all) retained.set(retainedMessage(topic));
      const stayed = new Set(all);
      const seen = new Set(all);
      const found: string[] = [];
      for (const message of retained.match(filter)) {
        if (message !== undefined) found.push(message.topic);
        for (const { topic, set } of steps.pop() ?? []) {
          if (set) {
            retained.set(retainedMessage(topic));
            seen.add(topic);
          } else {
            retained.delete(topic);
            stayed.delete(topic);
          }
        }
      }
      for (const topic of stayed) {
        const times = found.filter((name) => name === topic).length;
        assertEquals(times, matches(filter, topic) ? 1 : 0, topic);
      }
      for (const topic of found) {
        assert(seen.has(topic) && matches(filter, topic), topic);
      }
    },
  );
  checkProperty(run, 300);
});

Deno.test("RetainedMessages forgets messages that have expired", () => {
  const retained = new RetainedMessages();
  const message = retainedMessage("a");
  message.expiresAt = Date.now() - 1;
  retained.set(message);
  assertEquals(retained.get("a"), undefined);
  assertEquals([...retained.match("#")].filter(Boolean), []);
});
