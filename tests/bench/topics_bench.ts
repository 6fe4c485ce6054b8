// What finding the receivers of a message costs, and finding retained messages.
//
//   deno bench -A tests/bench/topics_bench.ts
import { Message } from "../../broker/message.ts";
import type { Session } from "../../broker/session/session.ts";
import {
  covers,
  matches,
  type ParsedFilter,
  parseFilter,
} from "../../broker/topics/filter.ts";
import { RetainedMessages } from "../../broker/topics/retained.ts";
import { SubscriptionTree } from "../../broker/topics/subscription_tree.ts";
import { Topic } from "../../broker/topics/topic.ts";

const COUNT = 100_000;
const TOPIC = "site/7/device/4321/temperature";

const filters = [
  TOPIC,
  "site/+/device/+/temperature",
  "site/7/#",
  "site/8/#",
];
Deno.bench("matches(), 4 filters", { group: "filter" }, () => {
  let count = 0;
  for (const filter of filters) if (matches(filter, TOPIC)) count++;
  if (count !== 3) throw new Error(`Cannot measure: ${count} match`);
});
Deno.bench("covers(), 4 filters", { group: "filter" }, () => {
  let count = 0;
  for (const filter of filters) {
    if (covers(filter, "site/7/device/+/temperature")) count++;
  }
  if (count !== 2) throw new Error(`Cannot measure: ${count} cover`);
});

/** Half of the subscriptions have a wildcard; every topic matches three of them. */
function fullTree(): SubscriptionTree {
  const tree = new SubscriptionTree(true);
  const add = (text: string, id: number) =>
    tree.add({
      session: { clientId: `c${id}` } as unknown as Session,
      filter: parseFilter(text) as ParsedFilter,
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      exempt: false,
      identifiers: [],
    });
  for (let i = 0; i < COUNT / 2; i++) {
    add(`site/${i % 100}/device/${i}/temperature`, i);
    add(`site/+/device/${i}/#`, i + COUNT);
  }
  add("site/#", 2 * COUNT);
  return tree;
}

const tree = fullTree();
const topics = Array.from(
  { length: 1000 },
  (_, i) => new Topic(`site/${(i * 49) % 100}/device/${i * 49}/temperature`),
);
const treeGroup = `${COUNT} subscriptions, 1000 topics`;
Deno.bench("match(), for the first time", { group: treeGroup }, () => {
  for (const topic of topics) {
    topic.routeEpoch = -1;
    if (tree.match(topic).targets.length !== 3) {
      throw new Error(`Cannot measure: ${topic.name} does not match 3`);
    }
  }
});
Deno.bench("match(), remembered", { group: treeGroup }, () => {
  for (const topic of topics) {
    if (tree.match(topic).targets.length !== 3) {
      throw new Error(`Cannot measure: ${topic.name} does not match 3`);
    }
  }
});

const retained = new RetainedMessages();
for (let i = 0; i < COUNT; i++) {
  const name = `site/${i % 100}/device/${i}/temperature`;
  retained.set(new Message(new Topic(name)).keep());
}
const retainedGroup = `${COUNT} retained messages`;

/** Reads all that a filter finds. */
function find(filter: string, expected: number): void {
  let count = 0;
  for (const message of retained.match(filter)) {
    if (message !== undefined) count++;
  }
  if (count !== expected) throw new Error(`Cannot measure: ${count} found`);
}

Deno.bench("get() of 1000 topics", { group: retainedGroup }, () => {
  for (const { name } of topics) {
    if (retained.get(name) === undefined) {
      throw new Error(`Cannot measure: ${name} is not there`);
    }
  }
});
Deno.bench("match() of one topic", { group: retainedGroup }, () => {
  find("site/49/device/49/temperature", 1);
});
Deno.bench("match() of a site: 1000 found", { group: retainedGroup }, () => {
  find("site/7/device/+/temperature", 1000);
});
Deno.bench("match() of everything", { group: retainedGroup }, () => {
  find("#", COUNT);
});
