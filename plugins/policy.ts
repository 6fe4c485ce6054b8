/**
 * What a configuration says about a plugin beside its options: its place among the
 * others, and how far it is trusted to be quick and well.
 *
 * @module
 */

/**
 * What an interceptor that fails is taken to have answered.
 *
 * @example
 * ```ts
 * import type { Fallback } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function arrives(interceptPublish: Fallback): Promise<boolean> {
 *   const plugin = {
 *     interceptPublish: () => Promise.reject(new Error("no answer")),
 *   };
 *   const fallback = { interceptPublish };
 *   await using broker = await TestBroker.start({
 *     plugins: [{ plugin, fallback }],
 *   });
 *   const client = await broker.connect();
 *   return await broker.allows(client, "publish", "a");
 * }
 *
 * assertEquals([await arrives("allow"), await arrives("deny")], [true, false]);
 * ```
 */
export type Fallback = "deny" | "allow";

/**
 * When a plugin that fails is left alone.
 *
 * @example
 * ```ts
 * import { type CircuitBreakerPolicy, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * function describe({ failures, window, open }: CircuitBreakerPolicy): string {
 *   return `${failures} failures in ${window} s: left alone for ${open} s`;
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   "plugins: [{ plugin: sys, circuit-breaker: { open: 5 } }]\n",
 * );
 * const { plugins: [{ circuitBreaker }] } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(
 *   circuitBreaker && describe(circuitBreaker),
 *   "5 failures in 60 s: left alone for 5 s",
 * );
 * ```
 */
export interface CircuitBreakerPolicy {
  /** So many failures open it. */
  readonly failures: number;
  /** Seconds in which they happen. */
  readonly window: number;
  /** Seconds until the plugin is tried again. */
  readonly open: number;
}

/**
 * The policy for one plugin. What is absent is as for all plugins.
 *
 * @example
 * ```ts
 * import { Broker, loadConfig, type PluginPolicy } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // A host program may be stricter than the file is, with every plugin.
 * const strict: PluginPolicy = { timeout: 0.5, concurrency: 100 };
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   "plugins: { auth_anonymous: , topic_taboo: }\n",
 * );
 * const config = await loadConfig(path);
 * await Deno.remove(path);
 * const plugins = config.plugins.map((plugin) => ({ ...plugin, ...strict }));
 * const described = await new Broker({ ...config, plugins }).check();
 * assertEquals(described.map(({ timeouts }) => timeouts), [
 *   { authenticate: 500 },
 *   { topicFiltering: 500 },
 * ]);
 * ```
 */
export interface PluginPolicy {
  /** Which plugins come first: those with a higher number. Default: the manifest's, else 0. */
  readonly priority?: number;
  /** Names of plugins that it comes before. */
  readonly before?: readonly string[];
  /** Names of plugins that it comes after. */
  readonly after?: readonly string[];
  /** Seconds for an answer; of each hook, or by hook. */
  readonly timeout?: number | Readonly<Record<string, number>>;
  /** What counts as the answer of a hook that fails. Default: `deny`. */
  readonly fallback?: Readonly<Record<string, Fallback>>;
  /** Answers that are waited for at one time; more wait until it is their turn. Default: no limit. */
  readonly concurrency?: number;
  /** When it is left alone. Default: never. */
  readonly circuitBreaker?: CircuitBreakerPolicy;
}

/** The keys of a policy. */
export const POLICY_KEYS: ReadonlyArray<keyof PluginPolicy> = [
  "priority",
  "before",
  "after",
  "timeout",
  "fallback",
  "concurrency",
  "circuitBreaker",
];

/**
 * How long a plugin may take in a hook.
 *
 * @param policy The plugin's policy.
 * @param hook Name of the hook; an event of the life cycle only counts if it is named.
 * @returns Milliseconds; absent: as long as all plugins.
 */
export function timeoutOf(
  { timeout }: PluginPolicy,
  hook: string,
): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = typeof timeout !== "number"
    ? timeout[hook]
    : hook.startsWith("on")
    ? undefined
    : timeout;
  return seconds === undefined ? undefined : seconds * 1000;
}
