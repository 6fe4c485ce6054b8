// deno-lint-ignore-file no-console
/**
 * What a sandbox costs: in throughput, in time for each call, and what the clients
 * notice of a plugin that loops for ever.
 *
 *   deno task bench:sandbox [--runs N]
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { Broker, silentLogger } from "../../../mod.ts";
import type { PluginManager } from "../../../plugins/manager.ts";
import type { ApplicationMessage } from "../../../plugins/mod.ts";
import { TestClient } from "../../_client.ts";
import { loadManager, topicEvent } from "../../plugins/manager_support.ts";
import { type BrokerKind, BROKERS } from "../brokers.ts";
import { count, cpuPerCount, median } from "../figures.ts";
import { measure, type Result } from "../measure.ts";
import { SCENARIOS } from "../scenarios.ts";
import { table } from "../table.ts";

const YES = module("topicFiltering() { return true; }");
const COUNTER = module("onBrokerMessageReceived() { this.count++; }");
const BOTH = module(
  "topicFiltering() { return true; } onBrokerMessageReceived() {}",
);
const LOOP = module("onBrokerMessageReceived() { while (true) {} }");

/** What is compared, in the order of the table; the first is 100 %. */
const KINDS = [
  kind("no plugin", undefined),
  kind("authoriser in the broker", { plugin: YES }),
  kind("authoriser in a sandbox, cached", {
    plugin: YES,
    sandbox: { cache: 60 },
  }),
  kind("authoriser in a sandbox", { plugin: YES, sandbox: true }),
  kind("observer in a sandbox", { plugin: COUNTER, sandbox: true }),
];

/** The source of a plugin as a module. */
function module(method: string): string {
  const source = `export default class Plugin { count = 0; ${method} }`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

function kind(title: string, plugin: unknown): BrokerKind {
  const [dinomq] = BROKERS;
  return {
    ...dinomq,
    title,
    command: (port, folder, example) => {
      const command = dinomq.command(port, folder, example);
      const config = {
        listeners: { default: { bind: `127.0.0.1:${port}` } },
        plugins: ["auth_anonymous", ...(plugin === undefined ? [] : [plugin])],
      };
      const file = command.args[command.args.indexOf("--config") + 1];
      Deno.writeTextFileSync(file, JSON.stringify(config));
      return command;
    },
  };
}

async function throughput(runs: number): Promise<void> {
  const folder = await Deno.makeTempDir();
  const options = {
    scenarios: [],
    brokers: KINDS,
    runs,
    warmUp: 500,
    window: 1000,
    idle: 0,
    json: undefined,
  };
  const names = ["point-to-point", "qos1"];
  try {
    for (
      const scenario of SCENARIOS.filter(({ name }) => names.includes(name))
    ) {
      const results = await measure(scenario, KINDS, options, folder);
      for (const { broker, errors: [error] } of results) {
        if (error !== undefined) console.error(`${broker.title}: ${error}`);
      }
      console.log(`\n${scenario.title}\n`);
      console.log(throughputTable(results));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function throughputTable(results: readonly Result[]): string {
  const rates = results.map((result) =>
    median(result, ({ count, seconds }) => count / seconds) ?? 0
  );
  const rows = results.map((result, index) => [
    result.broker.title,
    count(rates[index]),
    `${(rates[index] / rates[0] * 100).toFixed(0)} %`,
    `${(median(result, cpuPerCount) ?? 0).toFixed(2)} µs`,
  ]);
  return table(
    [["Plugin", "Messages/s", "of none", "CPU of the broker"], ...rows],
    ["Plugin"],
  );
}

/** Time of one call, in microseconds. */
async function costs(): Promise<void> {
  const options = { sandbox: { cache: 3600 }, path: "plugins" };
  const cached = await loadManager([{ plugin: YES, ...options }]);
  const asking = await loadManager([{ plugin: YES, path: "p", sandbox: {} }]);
  const observing = await loadManager([
    { plugin: BOTH, path: "p", sandbox: {} },
  ]);
  const event = topicEvent("bench/topic");
  try {
    await cached.topicFiltering(event);
    const rows = [
      ["a decision that is cached", await time(1e6, () => ask(cached, 1e6))],
      ["a decision, one at a time", await time(5000, () => ask(asking, 5000))],
      ["a decision, 100 at a time", await time(50_000, () => askMany(asking))],
      ["an event, observed", await time(50_000, () => observe(observing))],
    ];
    console.log("\n" + table([["What", "Time"], ...rows], ["What"]));
  } finally {
    for (const manager of [cached, asking, observing]) await manager.close();
  }
}

async function time(calls: number, run: () => Promise<void>): Promise<string> {
  await run();
  const start = performance.now();
  await run();
  return `${((performance.now() - start) * 1000 / calls).toFixed(2)} µs`;
}

async function ask(manager: PluginManager, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const answer = manager.topicFiltering(topicEvent("bench/topic"));
    if (answer instanceof Promise) await answer;
  }
}

async function askMany(manager: PluginManager): Promise<void> {
  for (let i = 0; i < 500; i++) {
    await Promise.all(
      Array.from(
        { length: 100 },
        () => manager.topicFiltering(topicEvent("bench/topic")),
      ),
    );
  }
}

/** Asks after each 100 events, which is answered when they are over. */
async function observe(manager: PluginManager): Promise<void> {
  const question = topicEvent("bench/topic");
  const { clientId } = question.session;
  const payload = new Uint8Array(64);
  const message = { topic: "bench/topic", payload, qos: 0, retain: false };
  for (let i = 0; i < 500; i++) {
    for (let k = 0; k < 100; k++) {
      manager.emit("onBrokerMessageReceived", {
        clientId,
        message: message as ApplicationMessage,
      });
    }
    await manager.topicFiltering(question);
  }
}

/** The longest that a client waits for the answer to a PINGREQ while a plugin loops. */
async function disturbance(): Promise<void> {
  let back = false;
  const watcher = { onBrokerAlarmCleared: () => back = true };
  await using broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: ["auth_anonymous", watcher, { plugin: LOOP, sandbox: true }],
  }, { logger: silentLogger });
  await broker.start();
  await using client = await TestClient.connect(broker);
  await using other = await TestClient.connect(broker);
  const end = performance.now() + 3000;
  const before = await longestPing(client, () => performance.now() > end);
  await other.publish("loop", "x");
  const after = await longestPing(client, () => back);
  console.log(
    `\nA client waits for an answer at most ${before} ms, and ${after} ms while ` +
      "a sandboxed plugin loops for ever, is ended and comes back.",
  );
}

async function longestPing(
  client: TestClient,
  isOver: () => boolean,
): Promise<string> {
  let longest = 0;
  while (!isOver()) {
    const start = performance.now();
    await client.ping();
    longest = Math.max(longest, performance.now() - start);
  }
  return longest.toFixed(1);
}

if (import.meta.main) {
  const { runs } = parseArgs(Deno.args, { string: ["runs"] });
  await disturbance();
  await costs();
  if (runs !== "0") await throughput(Number(runs ?? 3));
}
