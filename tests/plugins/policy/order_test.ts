/** The order of plugins: priority, names, and how it is shown. */

import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import command from "../../../broker/cli/plugins.ts";
import { resolveConfig } from "../../../broker/config/mod.ts";
import {
  type BrokerConfig,
  ConfigError,
  PluginError,
  type PluginManifest,
} from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { run } from "../../cli/_context.ts";
import { loadManager } from "../manager_support.ts";
import { withProject } from "../temporary_project.ts";

const OPEN: BrokerConfig = {
  listeners: { default: { bind: "127.0.0.1:0" } },
};

/** A class of plugins that say when they are asked. */
function asker(seen: string[], manifest?: PluginManifest) {
  return class Asker {
    static readonly manifest: PluginManifest | undefined = manifest;
    readonly #name: string;
    constructor({ name }: { name: string }) {
      this.#name = name;
    }
    authenticate(): true {
      seen.push(this.#name);
      return true;
    }
  };
}

Deno.test("rule 2: a higher priority comes first, equal ones in the order of the file, and names go before both", async () => {
  const seen: string[] = [];
  const plugin = (name: string, more: Record<string, unknown> = {}) => ({
    plugin: asker(seen),
    name,
    ...more,
  });
  await using broker = await startBroker({
    ...OPEN,
    plugins: [
      plugin("low", { priority: -1 }),
      plugin("a"),
      plugin("b"),
      plugin("high", { priority: 10, after: "b" }),
      plugin("first", { before: ["high", "a"] }),
      plugin("top", { priority: 0.5 }),
    ],
  });
  const order = ["top", "b", "first", "high", "a", "low"];
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 0);
  assertEquals(seen, order);
  assertEquals(broker.describePlugins().map(({ name }) => name), order);
});

Deno.test("rule 2: a manifest has a place, which the configuration can change", async () => {
  const seen: string[] = [];
  const names = (plugins: unknown[]) =>
    startBroker({ ...OPEN, plugins }).then(async (broker) => {
      const plugins = broker.describePlugins();
      await broker.shutdown();
      return plugins.map(({ name, priority }) => `${name} ${priority}`);
    });
  const early = asker(seen, { name: "geo", priority: 5, after: "not_there" });
  const late = asker(seen, { before: ["geo"] });
  assertEquals(
    await names([
      { plugin: asker(seen), name: "a" },
      { plugin: early, name: "b" },
      { plugin: late, name: "c" },
    ]),
    ["a 0", "c 0", "b 5"],
  );
  assertEquals(
    await names([
      { plugin: asker(seen), name: "a" },
      { plugin: early, name: "b", priority: -5 },
    ]),
    ["a 0", "b -5"],
  );
});

Deno.test("rule 2: a name that is not there and a circle are errors", async () => {
  const plugin = (name: string, more: Record<string, unknown>) => ({
    plugin: asker([]),
    name,
    path: `plugins.${name}`,
    ...more,
  });
  for (
    const [entries, message] of [
      [
        [plugin("audit", {}), plugin("geo", { after: ["audti"] })],
        'Cannot order the plugins: "geo" (plugins.geo) is to come after "audti", which is not there; did you mean "audit"?',
      ],
      [
        [plugin("a", { before: ["zzzzzzz"] })],
        '"a" (plugins.a) is to come before "zzzzzzz", which is not there; the plugins are a',
      ],
      [
        [
          plugin("x", {}),
          plugin("a", { before: ["b"] }),
          plugin("b", { before: ["c"] }),
          plugin("c", { before: ["a"] }),
        ],
        'Cannot order the plugins: "a" comes before "b" comes before "c" comes before "a"; take one "before" or "after" away',
      ],
      [
        [plugin("a", { after: ["a"] })],
        '"a" comes before "a"',
      ],
    ] as const
  ) {
    const error = await assertRejects(
      () => loadManager([...entries]),
      PluginError,
    );
    assertEquals(error.kind, "order");
    assertStringIncludes(error.message, message);
  }
});

Deno.test("rule 2: a reload changes the order; one that is wrong changes nothing", async () => {
  const seen: string[] = [];
  const a = asker(seen);
  const b = asker(seen);
  const config = (first: object, second: object): BrokerConfig => ({
    ...OPEN,
    plugins: [
      { plugin: a, name: "a", ...first },
      { plugin: b, name: "b", ...second },
    ],
  });
  await using broker = await startBroker(config({}, {}));
  const asked = async () => {
    seen.length = 0;
    await using _client = await TestClient.connect(broker);
    return [...seen];
  };
  assertEquals(await asked(), ["a", "b"]);
  assertEquals(await broker.reload(config({}, { priority: 1 })), {
    restart: [],
  });
  assertEquals(await asked(), ["b", "a"]);
  await assertRejects(
    () => broker.reload(config({ before: "b" }, { before: "a" })),
    PluginError,
    'take one "before" or "after" away',
  );
  assertEquals(await asked(), ["b", "a"]);
  // Whom the others are to come after may go by itself.
  await broker.reload(config({ after: "b" }, {}));
  await broker.removePlugin("b");
  assertEquals(await asked(), ["a"]);
});

Deno.test("what a configuration says about a plugin is checked when it is read", () => {
  const problemsOf = (item: Record<string, unknown>): string[] => {
    const error = assertThrows(
      () => resolveConfig({ plugins: [{ plugin: "sys", ...item }] }),
      ConfigError,
    );
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  };
  for (
    const [item, ...problems] of [
      [
        { priority: "1", concurrency: 0 },
        'plugins[0].priority must be a number, not the text "1": remove the quotes',
        "plugins[0].concurrency must be a whole number of 1 or more, not 0",
      ],
      [
        { before: [7], after: {} },
        "plugins[0].before must be the name of a plugin, or a list of names, not a list",
        "plugins[0].after must be the name of a plugin, or a list of names, not a map",
      ],
      [
        { timeout: 0 },
        "plugins[0].timeout must be a number of seconds from 0.001 to 2147483, or a map of hooks to such numbers, not 0",
      ],
      [
        { timeout: { autenticate: 1, onMqttPacketSent: 1, authenticate: "1" } },
        'plugins[0].timeout.autenticate is no hook that a plugin is asked or waited for. Did you mean "authenticate"?',
      ],
      [
        { fallback: { authenticate: "allow", interceptPublish: "drop" } },
        'plugins[0].fallback.authenticate can only be "deny": a plugin that fails must let nobody in',
        'plugins[0].fallback.interceptPublish must be "deny" or "allow", not the text "drop"',
      ],
      [
        { fallback: { interceptDisconnect: "deny", interceptDelivr: "allow" } },
        'plugins[0].fallback.interceptDisconnect can only be "allow": there is nothing to deny',
        'plugins[0].fallback.interceptDelivr is no hook that a plugin is asked or waited for. Did you mean "interceptDeliver"?',
      ],
      [
        { fallback: { topicFiltering: "allow" } },
        'plugins[0].fallback.topicFiltering can only be "deny": a plugin that fails must let nobody in',
      ],
      [
        { fallback: { enhancedAuthenticate: "allow" } },
        'plugins[0].fallback.enhancedAuthenticate can only be "deny": a plugin that fails must let nobody in',
      ],
      [
        { "circuit-breaker": { failure: 1, window: -1 } },
        'plugins[0].circuit-breaker.failure is not a known key. Did you mean "failures"?',
        "plugins[0].circuit-breaker.window must be a number of seconds from 0.001 to 2147483, not -1",
      ],
      [
        { circuit_breaker: true, circuitBreaker: {} },
        "plugins[0].circuitBreaker is the same key as plugins[0].circuit_breaker: remove one of them",
        "plugins[0].circuit_breaker must be a map with failures, window, open, not true",
      ],
    ] as [Record<string, unknown>, ...string[]][]
  ) {
    const found = problemsOf(item);
    assertEquals(found.slice(0, problems.length), problems);
  }
});

Deno.test("rule 2: the command plugins prints the chain of every hook, with where each plugin came from", async () => {
  const module = `
    export class Geo {
      static manifest = { name: "geo", version: "1.2.0", api: "^1" };
      authenticate() { return true; }
      onBrokerPostStart() { throw new Error("must not be called"); }
    }`;
  const files = {
    "geo.js": module,
    "deno.json": '{ "imports": { "my.plugins/geo": "./geo.js#Geo" } }',
    "broker.yaml": `
import-map: deno.json
plugin-namespace: my.plugins
plugin-timeout: 3
plugins:
  - auth_anonymous:
  - plugin: geo
    priority: 5
    timeout: { authenticate: 0.5 }
  - plugin: ./geo.js
    name: again
`,
    "wrong.yaml": "plugins: [{ plugin: sys, priority: x }]",
  };
  await withProject(files, async (folder) => {
    const path = (name: string) => new URL(name, folder).pathname;
    const geo = new URL("geo.js", folder).href;
    const text = await run(command, ["--config", path("broker.yaml")]);
    assertEquals(text.stderr, "");
    assertEquals(text.code, 0);
    assertEquals(text.stdout.trimEnd().split("\n"), [
      "Plugins",
      `  geo: ${geo}#Geo (import map ${
        path("deno.json")
      }, version 1.2.0, priority 5)`,
      "  auth_anonymous: dinomq.plugins/auth_anonymous (priority 0)",
      `  again: ${geo} (named ./geo.js, version 1.2.0, priority 0)`,
      "",
      "onBrokerPostStart",
      "  1. geo",
      "  2. again",
      "",
      "authenticate",
      "  1. geo (0.5 s, then deny)",
      "  2. auth_anonymous (3 s, then deny)",
      "  3. again (3 s, then deny)",
    ]);
    const json = await run(command, ["-c", path("broker.yaml"), "--json"]);
    const { hooks, plugins } = JSON.parse(json.stdout);
    assertEquals(hooks.authenticate, ["geo", "auth_anonymous", "again"]);
    assertEquals(plugins[0].version, "1.2.0");
    assertEquals(plugins[0].timeouts, { authenticate: 500 });
    const wrong = await run(command, ["-c", path("wrong.yaml")]);
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "plugins[0].priority must be a number");
  });
});
