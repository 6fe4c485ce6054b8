/** What a sandboxed plugin asks for is bounded: it fills neither the broker's memory nor its time. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../../_client.ts";
import { withSandboxed } from "./_support.ts";

/** A plugin that does something after the start, and then says what came of it. */
function doing(body: string): string {
  return `export default class Subject extends BasePlugin {
    async onBrokerPostStart() {
      const { context } = this;
      const attempt = (name, act) => {
        try { act(); context.publish("result/" + name, "worked", { retain: true }); }
        catch (error) { context.publish("result/" + name, error.message, { retain: true }); }
      };
      ${body}
      context.publish("result/over", "over", { retain: true });
    }
  }`;
}

async function results(source: string): Promise<{
  get: (name: string) => string;
  counters: Record<string, number>;
  log: string;
  subscriptions: number;
}> {
  const found = new Map<string, string>();
  let counters = {};
  let log = "";
  let subscriptions = 0;
  await withSandboxed({ source }, async ({ broker, logger }) => {
    const { retained } = broker.context;
    await eventually(() => retained.get("result/over") !== undefined, "end");
    for (const { topic, payload } of retained.match("result/#")) {
      found.set(topic.slice(7), new TextDecoder().decode(payload));
    }
    counters = broker.describePlugins().find(({ name }) => name === "subject")!
      .counters;
    log = logger.text;
    subscriptions = [...broker.context.subscriptions()].length;
  });
  return { get: (name) => found.get(name) ?? "", counters, log, subscriptions };
}

Deno.test("a sandboxed plugin has a bounded number of counters with short names", async () => {
  const { get, counters } = await results(doing(`
    for (let n = 0; n < 1000; n++) context.count("c" + n);
    attempt("known", () => context.count("c0"));
    attempt("another", () => context.count("c1000"));
    attempt("long", () => context.count("x".repeat(101)));
  `));
  assertEquals(get("known"), "worked");
  assertStringIncludes(get("another"), "at most 1000 counters");
  assertStringIncludes(get("long"), "at most 100 characters");
  assertEquals(
    Object.keys(counters).filter((n) => /^c\d+$/.test(n)).length,
    1000,
  );
  assertEquals(counters.c0, 2);
});

Deno.test("a sandboxed plugin has a bounded number of subscriptions", async () => {
  const { get } = await results(doing(`
    const ends = [];
    for (let n = 0; n < 1000; n++) ends.push(context.subscribe("a/" + n, () => {}));
    attempt("another", () => context.subscribe("b", () => {}));
    ends[0]();
    attempt("again", () => context.subscribe("b", () => {}));
  `));
  assertStringIncludes(get("another"), "at most 1000 subscriptions");
  assertEquals(get("again"), "worked");
});

Deno.test("a sandboxed plugin adds a bounded number of subscriptions for clients", async () => {
  const { log, subscriptions } = await results(doing(`
    for (let n = 0; n < 10001; n++) context.addSubscription("c" + n % 10, "a/" + n);
  `));
  assertEquals(subscriptions, 10_000);
  assertStringIncludes(log, "adds at most 10000 subscriptions for clients");
});

Deno.test("a sandboxed plugin that floods the log is heard in part", async () => {
  const { counters, log } = await results(doing(`
    for (let n = 0; n < 5000; n++) context.logger.info("line " + n);
    await context.stats();
    await new Promise((go) => setTimeout(go, 1100));
    context.logger.info("after it");
    await context.stats();
  `));
  const lines = log.split("\n").filter((line) => line.includes("line ")).length;
  assert(lines >= 100);
  assertEquals(lines + counters.sandboxLinesDropped, 5000);
  assertStringIncludes(log, "lines were too many in a second");
});

Deno.test("others have their turn while a sandboxed plugin asks for long lists", async () => {
  const { get } = await results(doing(`
    const answers = [];
    const ask = (filter) => answers.push(context.retained.match(filter).catch((error) => error.message));
    for (let n = 0; n < 50; n++) ask("#");
    // It came later, and is there before they are over.
    context.publish("mark", "x", { retain: true });
    for (let n = 0; n < 1100; n++) ask("r/1");
    const found = await answers[49];
    const all = await Promise.all(answers);
    context.publish("result/found", String(found.some(({ topic }) => topic === "mark")), { retain: true });
    context.publish("result/refused", [...new Set(all.filter((answer) => typeof answer === "string"))].join(), { retain: true });
  `));
  assertEquals(get("found"), "true");
  assertStringIncludes(get("refused"), "1000 calls of this kind wait already");
});

Deno.test("a sandboxed plugin sends long payloads, and gets an error for what is too long", async () => {
  const { get, log } = await results(doing(`
    attempt("long", () => context.publish("t", "ü".repeat(3 * 1024 * 1024)));
    attempt("name", () => context.publish("t", "x", { properties: { userProperties: { a: "x".repeat(5 * 1024 * 1024) } } }));
    attempt("line", () => context.logger.info("y".repeat(5 * 1024 * 1024)));
    attempt("fields", () => context.logger.info("z", { z: "z".repeat(5 * 1024 * 1024) }));
  `));
  assertEquals(get("long"), "worked");
  assertStringIncludes(get("name"), "text has at most 4 MiB");
  assertEquals(get("line") + get("fields"), "workedworked");
  assertStringIncludes(log, "y".repeat(1000));
});
