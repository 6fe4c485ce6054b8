import { assertEquals, assertRejects } from "@std/assert";
import TopicTaboo, {
  type TopicTabooOptions,
} from "../../../plugins/topic_taboo.ts";
import { checkedOptions, fakeContext, topicEvent } from "./_context.ts";

async function create(options: unknown): Promise<TopicTaboo> {
  const config = await checkedOptions<TopicTabooOptions>(TopicTaboo, options);
  return new TopicTaboo(fakeContext(config).context);
}

const ACTIONS = ["publish", "subscribe", "receive"] as const;
const DEFAULTS = ["prohibited", "top-secret", "data/classified"];

Deno.test("aMQTT 35: topic_taboo allows a topic that is not taboo", async () => {
  const plugin = await create({});
  for (const action of ACTIONS) {
    for (const topic of ["not/prohibited", "prohibited/x", "data", "#"]) {
      const event = topicEvent(action, "alice", topic);
      assertEquals(plugin.topicFiltering(event), true);
    }
  }
});

Deno.test("aMQTT 35: topic_taboo denies a taboo topic to anonymous and normal users", async () => {
  const plugin = await create({});
  for (const action of ACTIONS) {
    for (const topic of DEFAULTS) {
      for (const user of [undefined, "", "alice"]) {
        const event = topicEvent(action, user, topic);
        assertEquals(plugin.topicFiltering(event), false);
      }
    }
  }
});

Deno.test("aMQTT 35: topic_taboo allows a taboo topic to the user admin", async () => {
  const plugin = await create({});
  const event = topicEvent("publish", "admin", "top-secret");
  assertEquals(plugin.topicFiltering(event), true);
});

Deno.test("topic_taboo heeds its own topics, users and actions", async () => {
  const plugin = await create({
    topics: ["test/nosubscribe"],
    exempt: ["root"],
    actions: ["subscribe"],
  });
  const allows = (
    action: "publish" | "subscribe",
    user: string,
    topic = "test/nosubscribe",
  ) => plugin.topicFiltering(topicEvent(action, user, topic));
  assertEquals(allows("subscribe", "alice"), false);
  assertEquals(allows("subscribe", "admin"), false);
  assertEquals(allows("subscribe", "root"), true);
  assertEquals(allows("publish", "alice"), true);
  assertEquals(allows("subscribe", "alice", "prohibited"), true);
});

Deno.test("topic_taboo matches a topic with wildcards as a filter", async () => {
  const plugin = await create({ topics: ["secret/#", "+/key"] });
  const allows = (topic: string) =>
    plugin.topicFiltering(topicEvent("subscribe", "alice", topic));
  assertEquals(allows("secret"), false);
  assertEquals(allows("secret/a/b"), false);
  assertEquals(allows("secret/#"), false);
  assertEquals(allows("a/key"), false);
  assertEquals(allows("a/b/key"), true);
});

Deno.test("topic_taboo refuses a malformed filter and an unknown action", async () => {
  await assertRejects(
    () => create({ topics: ["a#"] }),
    TypeError,
    'Cannot use the topic "a#"',
  );
  await assertRejects(() => create({ actions: ["read"] }), TypeError);
});

Deno.test("topic_taboo does not decide about commands that are not taboo", async () => {
  const command = "$CONTROL/broker/v1/reload";
  const ask = async (options: unknown, action: "publish" | "subscribe") =>
    (await create(options)).topicFiltering(topicEvent(action, "u", command));
  assertEquals(await ask({}, "publish"), undefined);
  assertEquals(await ask({ actions: ["receive"] }, "publish"), undefined);
  assertEquals(await ask({}, "subscribe"), true);
  assertEquals(await ask({ topics: ["$CONTROL/#"] }, "publish"), false);
});
