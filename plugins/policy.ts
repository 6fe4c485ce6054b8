/**
 * What a configuration says about a plugin beside its options: its place among the
 * others, and how far it is trusted to be quick and well.
 *
 * @module
 */

/** What an interceptor that fails is taken to have answered. */
export type Fallback = "deny" | "allow";

/** When a plugin that fails is left alone. */
export interface CircuitBreakerPolicy {
  /** So many failures open it. */
  readonly failures: number;
  /** Seconds in which they happen. */
  readonly window: number;
  /** Seconds until the plugin is tried again. */
  readonly open: number;
}

/** The policy for one plugin. What is absent is as for all plugins. */
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
