import { assertEquals, assertRejects } from "@std/assert";
import type { Action, Decision } from "../../../plugins/mod.ts";
import TopicAcl, { type TopicAclOptions } from "../../../plugins/topic_acl.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  topicEvent,
} from "./_context.ts";

type Ask = (
  action: Action,
  user: string | undefined,
  topic: string,
  clientId?: string,
) => Decision;

async function create(
  options: unknown,
): Promise<{ ask: Ask; plugin: TopicAcl; lines: string[] }> {
  const config = await checkedOptions<TopicAclOptions>(TopicAcl, options);
  const { context, logger } = fakeContext(config);
  const plugin = new TopicAcl(context);
  const ask: Ask = (action, user, topic, clientId) =>
    plugin.topicFiltering(topicEvent(action, user, topic, clientId));
  return { ask, plugin, lines: logger.lines };
}

/** Each row: filter of the rule, topic, whether publishing is allowed. */
const PUBLISH_ROWS: ReadonlyArray<[string, string, boolean]> = [
  ["a/b", "c/d", false],
  ["a/b/c", "a/b", false],
  ["a/b", "a/b/c", false],
  ["a/b", "a/b", true],
  ["a/+/c", "a/b/c", true],
  ["a/+/c", "a/b/d", false],
  ["a/#", "a/b/c", true],
  ["a/#", "a", true],
  ["#", "a/b", true],
  ["#", "", false],
  ["#", "$SYS/broker/version", false],
  ["+/x", "$SYS/x", false],
  ["$SYS/#", "$SYS/broker/version", true],
];

for (const [filter, topic, expected] of PUBLISH_ROWS) {
  const verb = expected ? "allows" : "denies";
  Deno.test(`aMQTT 36: topic_acl: the rule ${filter} ${verb} publishing to "${topic}"`, async () => {
    const { ask } = await create({ publishAcl: { alice: [filter] } });
    assertEquals(ask("publish", "alice", topic), expected);
  });
}

/** Each row: filter of the rule, filter asked for, whether it is granted. */
const SUBSCRIBE_ROWS: ReadonlyArray<[string, string, boolean]> = [
  ["a/b", "a/b", true],
  ["a/b", "a/+", false],
  ["a/+", "a/b", true],
  ["a/+", "a/+", true],
  ["a/+", "a/#", false],
  ["+", "#", false],
  ["a/#", "a/#", true],
  ["a/#", "a/+/c", true],
  ["a/#", "a", true],
  ["a/#", "#", false],
  ["#", "#", true],
  ["#", "$SYS/#", false],
  ["a/b", "", false],
];

for (const [filter, requested, expected] of SUBSCRIBE_ROWS) {
  const verb = expected ? "grants" : "does not grant";
  Deno.test(`aMQTT 36: topic_acl: the rule ${filter} ${verb} a subscription to "${requested}"`, async () => {
    const { ask } = await create({ subscribeAcl: { alice: [filter] } });
    assertEquals(ask("subscribe", "alice", requested), expected);
  });
}

Deno.test("aMQTT 36: topic_acl denies unknown users and users with an empty list", async () => {
  const { ask } = await create({
    publishAcl: { alice: ["a"], bob: [] },
    subscribeAcl: { alice: ["a"], bob: [] },
    receiveAcl: { alice: ["a"], bob: [] },
  });
  for (const action of ["publish", "subscribe", "receive"] as const) {
    assertEquals(ask(action, "alice", "a"), true);
    assertEquals(ask(action, "bob", "a"), false);
    assertEquals(ask(action, "carol", "a"), false);
    assertEquals(ask(action, "", "a"), false);
    assertEquals(ask(action, undefined, "a"), false);
    assertEquals(ask(action, "toString", "a"), false);
  }
});

Deno.test("aMQTT 36: topic_acl uses the key anonymous for clients without a user name", async () => {
  const { ask } = await create({ publishAcl: { anonymous: ["a"] } });
  assertEquals(ask("publish", undefined, "a"), true);
  assertEquals(ask("publish", undefined, "b"), false);
  assertEquals(ask("publish", "alice", "a"), false);
});

Deno.test("aMQTT 36: topic_acl allows what has no list; an empty map denies", async () => {
  const one = await create({ publishAcl: { alice: ["a"] } });
  assertEquals(one.ask("subscribe", "bob", "#"), true);
  assertEquals(one.ask("receive", "bob", "b"), true);
  const other = await create({ subscribeAcl: {}, receiveAcl: {} });
  assertEquals(other.ask("publish", "bob", "b"), true);
  assertEquals(other.ask("subscribe", "bob", "b"), false);
  assertEquals(other.ask("receive", "bob", "b"), false);
});

Deno.test("topic_acl takes acl as the deprecated name of subscribeAcl", async () => {
  const { ask, lines } = await create({ acl: { alice: ["a/#"] } });
  assertEquals(ask("subscribe", "alice", "a/b"), true);
  assertEquals(ask("subscribe", "alice", "b"), false);
  assertEquals(lines.length, 1);
  await assertRejects(
    () => create({ acl: {}, subscribeAcl: {} }),
    TypeError,
    'both "acl" and "subscribe-acl" are set',
  );
});

Deno.test("topic_acl adds the list of * to everybody's", async () => {
  const { ask } = await create({
    publishAcl: { "*": ["public/+"], alice: ["own"], bob: [] },
  });
  for (const user of [undefined, "alice", "bob", "carol", "*"]) {
    assertEquals(ask("publish", user, "public/x"), true);
    assertEquals(ask("publish", user, "own"), user === "alice");
  }
});

Deno.test("topic_acl puts user name and client id into filters", async () => {
  const { ask } = await create({
    publishAcl: { "*": ["users/%u/#", "clients/%c", "both/%u-%c"] },
  });
  assertEquals(ask("publish", "alice", "users/alice/x"), true);
  assertEquals(ask("publish", "alice", "users/bob/x"), false);
  assertEquals(ask("publish", "alice", "users/%u/x"), false);
  assertEquals(ask("publish", "alice", "clients/c1", "c1"), true);
  assertEquals(ask("publish", "alice", "clients/c1", "c2"), false);
  assertEquals(ask("publish", "alice", "both/alice-c1", "c1"), true);
  assertEquals(ask("publish", undefined, "clients/c1", "c1"), true);
  assertEquals(ask("publish", undefined, "users/undefined/x"), false);
  assertEquals(ask("publish", "", "users//x"), false);
  // A name is put in once, also if it looks like a placeholder.
  assertEquals(ask("publish", "%c", "users/c1/x", "c1"), false);
  assertEquals(ask("publish", "%c", "users/%c/x", "c1"), true);
});

Deno.test("topic_acl drops a rule whose name has a wildcard or a level in it", async () => {
  const { ask } = await create({
    publishAcl: { "*": ["users/%u/#", "%u/own"] },
    subscribeAcl: { "*": ["users/%u/#", "%c"] },
  });
  for (const name of ["+", "#", "a/b", "bob/..", "a+"]) {
    assertEquals(ask("publish", name, `users/${name}/x`), false);
    assertEquals(ask("publish", name, "users/bob/x"), false);
    assertEquals(ask("subscribe", name, `users/${name}/#`), false);
    assertEquals(ask("subscribe", "bob", name, name), false);
  }
  assertEquals(ask("publish", "$SYS", "$SYS/own"), false);
  assertEquals(ask("publish", "$SYS", "users/$SYS/x"), true);
});

Deno.test("topic_acl heeds a session's new user name", async () => {
  const { plugin } = await create({ publishAcl: { "*": ["users/%u"] } });
  const session = fakeSession({ username: "alice" });
  const ask = (topic: string) =>
    plugin.topicFiltering(
      { session, topic, action: "publish", qos: 0, retain: false },
    );
  assertEquals(ask("users/alice"), true);
  assertEquals(ask("users/alice"), true);
  Object.assign(session, { username: "bob" });
  assertEquals(ask("users/alice"), false);
  assertEquals(ask("users/bob"), true);
});

Deno.test("topic_acl refuses what is not a topic filter", async () => {
  await assertRejects(
    () => create({ publishAcl: { alice: ["a", "a#"] } }),
    TypeError,
    'Cannot use the filter "a#" of "publish-acl.alice"',
  );
  await assertRejects(() => create({ acl: { "*": ["%u#"] } }), TypeError);
  await assertRejects(
    () => create({ acl: { alice: ["$share/g/a"] } }),
    TypeError,
    "shared subscriptions",
  );
  await assertRejects(() => create({ acl: [{ alice: ["a"] }] }), TypeError);
  await assertRejects(() => create({ acl: { alice: "a" } }), TypeError);
});

Deno.test("topic_acl without a list for publishing does not decide about commands", async () => {
  const command = "$CONTROL/broker/v1/reload";
  const without = await create({ subscribeAcl: { u: ["#"] } });
  assertEquals(without.ask("publish", "u", command), undefined);
  assertEquals(without.ask("receive", "u", command), true);
  const { ask } = await create({ publishAcl: { u: ["$CONTROL/#"], v: ["#"] } });
  assertEquals(ask("publish", "u", command), true);
  assertEquals(ask("publish", "v", command), false);
  assertEquals(ask("publish", "w", command), false);
});
