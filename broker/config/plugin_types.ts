/** The plugins in a configuration: as they are written, and filled in. @module */

import type { PluginPolicy } from "../../plugins/policy.ts";
import type { SandboxOptions } from "../../plugins/sandbox/options.ts";

/**
 * How the answers of several plugins become one.
 *
 * @example
 * ```ts
 * import type { DecisionPolicy } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const yes = { topicFiltering: () => true };
 * const no = { topicFiltering: () => false };
 *
 * async function allows(topicPolicy: DecisionPolicy): Promise<boolean> {
 *   await using broker = await TestBroker.start({
 *     plugins: [yes, no],
 *     config: { topicPolicy },
 *   });
 *   return await broker.allows(await broker.connect(), "publish", "a");
 * }
 *
 * assertEquals(await allows("first"), true); // The second is not asked.
 * assertEquals(await allows("all"), false);
 * ```
 */
export type DecisionPolicy = "all" | "first" | "deny-overrides";

/**
 * Plugins: a map of alias or specifier to options, or a list of names, of maps with
 * one such entry, of classes, of instances and of {@linkcode PluginInput}.
 *
 * @example
 * ```ts
 * import { Broker, type PluginsInput } from "@dinomq/broker";
 * import { BaseTopicPlugin } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * async function namesOf(plugins: PluginsInput): Promise<string[]> {
 *   return (await new Broker({ plugins }).check()).map(({ name }) => name);
 * }
 *
 * class Own extends BaseTopicPlugin {
 *   topicFiltering = () => true;
 * }
 *
 * const sys = { sysInterval: 5 };
 * assertEquals(await namesOf({ topic_acl: null, sys }), ["topic_acl", "sys"]);
 * // A list has more: classes, and the same plugin twice.
 * const other = { plugin: "topic_acl", name: "other" };
 * assertEquals(await namesOf(["topic_acl", other, Own]), [
 *   "topic_acl",
 *   "other",
 *   "Own",
 * ]);
 * ```
 */
export type PluginsInput =
  | Record<string, Record<string, unknown> | null>
  | unknown[];

/**
 * A plugin by its class, an instance or a name, with what it needs.
 *
 * @example
 * ```ts
 * import type { PluginInput } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const taboo: PluginInput = {
 *   plugin: "topic_taboo",
 *   name: "no secrets",
 *   options: { topics: ["secret/#"] },
 *   timeout: 1,
 * };
 * await using broker = await TestBroker.start({ plugins: [taboo] });
 * const [{ name, timeouts }] = broker.broker.describePlugins();
 * assertEquals([name, timeouts], ["no secrets", { topicFiltering: 1000 }]);
 * ```
 */
export interface PluginInput {
  /** Alias, specifier, class or instance. */
  plugin: unknown;
  /** The plugin's own options. */
  options?: unknown;
  /** Name in the log. Default: the alias or the name of the class. */
  name?: string;
  /**
   * What the bytes of its module must have: one or more hashes as in HTML, such as
   * `"sha256-…"`. For modules of `file:`, `http:` and `https:`; what they import is not
   * looked at. Default: anything.
   */
  integrity?: string;
  /** Which plugins come first: those with a higher number. Default: the plugin's manifest, else 0. */
  priority?: number;
  /** Names of plugins that it comes before. */
  before?: string | string[];
  /** Names of plugins that it comes after. */
  after?: string | string[];
  /**
   * Seconds that it may take for an answer, or for those of some hooks, such as
   * `{ authenticate: 2 }`; there the events of the life cycle may be named, too.
   * Default: `pluginTimeout`.
   */
  timeout?: number | Record<string, number>;
  /**
   * What counts as the answer of an interceptor that fails: `deny`, or `allow` to go on
   * unchanged. Of `authenticate`, `enhancedAuthenticate` and `topicFiltering` it can only
   * be `deny`. Default: `deny`.
   */
  fallback?: Record<string, "deny" | "allow">;
  /**
   * Answers that are waited for at one time; up to 1,000 more wait until it is their
   * turn, within the time limit. Default: no limit.
   */
  concurrency?: number;
  /** Leaves it alone for a while when it fails often. Default: never. */
  circuitBreaker?: CircuitBreakerInput;
  /**
   * Has the plugin run in a process of its own, with these rights; `true`: without any.
   * Default: `false`, it runs in the broker, with the broker's rights.
   */
  sandbox?: boolean | SandboxOptions;
}

/**
 * When a plugin that fails is left alone.
 *
 * @example
 * ```ts
 * import type { CircuitBreakerInput } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const circuitBreaker: CircuitBreakerInput = { failures: 2, open: 60 };
 * let calls = 0;
 * const plugin = {
 *   interceptPublish(): void {
 *     calls++;
 *     throw new Error("the database is away");
 *   },
 * };
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin, circuitBreaker }],
 * });
 * const client = await broker.connect();
 * for (const topic of ["a", "b", "c"]) await client.publish(topic, "");
 * assertEquals(calls, 2); // The third message was refused without it.
 * ```
 */
export interface CircuitBreakerInput {
  /** So many failures open it. Default: 5. */
  failures?: number;
  /** Seconds in which they happen. Default: 60. */
  window?: number;
  /** Seconds until the plugin is tried again. Default: 30. */
  open?: number;
}

/**
 * A plugin to load.
 *
 * @example
 * ```ts
 * import { loadConfig, type PluginSetting } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // Code of others that may do all that the broker may.
 * function isForeign({ plugin, sandbox }: PluginSetting): boolean {
 *   return sandbox === undefined && /^(https?|jsr|npm):/.test(String(plugin));
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   `
 * plugins:
 *   - auth_anonymous
 *   - jsr:@acme/mqtt-geo@^2
 *   - { plugin: "https://example.com/rules.ts", sandbox: true }
 * `,
 * );
 * const { plugins } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(plugins.filter(isForeign).map(({ plugin }) => plugin), [
 *   "jsr:@acme/mqtt-geo@^2",
 * ]);
 * ```
 */
export interface PluginSetting extends PluginPolicy {
  /** Alias or specifier, or a class or instance that a host program gave. */
  plugin: unknown;
  /** The plugin's own options, as they were written. */
  options?: unknown;
  /** Name in the log, if it is not the plugin's own. */
  name?: string;
  /** Path of the plugin's options in the configuration, for messages. */
  path: string;
  /** What the bytes of its module must have, if the configuration says so. */
  integrity?: string;
  /** Has it run in a process of its own, with these rights. */
  sandbox?: SandboxOptions;
  /** What it is used for; absent: everything that it can do. */
  use?: { events?: boolean; auth?: boolean; topic?: boolean };
}
