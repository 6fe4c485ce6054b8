/**
 * Plugins for a person who looks at the configuration.
 *
 * @module
 */

import { takesPart } from "./hook_tables.ts";
import { hooksOf, POWERLESS_NAMES } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";
import { priorityOf } from "./plugin_order.ts";
import { type Fallback, timeoutOf } from "./policy.ts";

/**
 * One plugin, for a person who looks at the configuration.
 *
 * @example
 * ```ts
 * import { Broker, type PluginDescription } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * function asked(plugins: PluginDescription[], hook: string): string[] {
 *   return plugins.filter(({ hooks }) => hooks.includes(hook))
 *     .map(({ name, timeouts }) => `${name}, ${timeouts[hook]} ms`);
 * }
 *
 * const broker = new Broker({
 *   plugins: [
 *     "topic_acl",
 *     { plugin: "topic_taboo", priority: 10, timeout: 1 },
 *     "sys",
 *   ],
 * });
 * assertEquals(asked(await broker.check(), "topicFiltering"), [
 *   "topic_taboo, 1000 ms",
 *   "topic_acl, 5000 ms",
 * ]);
 * ```
 */
export interface PluginDescription {
  /** Its name in the log. */
  readonly name: string;
  /** What the configuration names: an alias or a specifier; absent if it is a class or an object. */
  readonly plugin?: string;
  /** What was imported; the name of the class if nothing was. */
  readonly specifier: string;
  /** The import map with its alias. */
  readonly importMap?: string;
  /** Its own version, if it says so. */
  readonly version?: string;
  /** Whether it runs in a sandbox. */
  readonly sandboxed: boolean;
  /** Which plugins come first: those with a higher number. */
  readonly priority: number;
  /** The methods that the broker calls. */
  readonly hooks: readonly string[];
  /** Milliseconds that it may take for an answer, by hook; only what it is asked. */
  readonly timeouts: Readonly<Record<string, number>>;
  /** What counts as its answer if it fails, by hook; only what it is asked. */
  readonly fallbacks: Readonly<Record<string, Fallback>>;
  /** How often it failed. */
  readonly failures: number;
  /** How many events it did not get, because it was too slow. */
  readonly dropped: number;
  /** What it counts itself. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Where nothing can be refused, a failure changes nothing. */
function defaultFallback(hook: string): Fallback {
  return POWERLESS_NAMES.includes(hook) ? "allow" : "deny";
}

/**
 * Describes a plugin.
 *
 * @param described The plugin.
 * @param timeout Milliseconds for an answer, where a plugin has no time limit of its own.
 * @returns What is to be known of it.
 */
export function describePlugin(
  described: Plugin,
  timeout: number,
): PluginDescription {
  const { name, specifier, importMap, object, log, counters } = described;
  const { entry, manifest } = described;
  const { plugin, fallback } = entry;
  const hooks = hooksOf(object).filter((hook) => takesPart(described, hook));
  const asked = hooks.filter((hook) => !hook.startsWith("on"));
  return {
    name,
    ...(typeof plugin === "string" && { plugin }),
    specifier,
    ...(importMap !== undefined && { importMap }),
    ...(manifest?.version !== undefined && { version: manifest.version }),
    sandboxed: entry.sandbox !== undefined,
    priority: priorityOf({ plugin: described, entry }),
    hooks,
    timeouts: Object.fromEntries(
      asked.map((hook) => [hook, timeoutOf(entry, hook) ?? timeout]),
    ),
    fallbacks: Object.fromEntries(
      asked.map((hook) => [hook, fallback?.[hook] ?? defaultFallback(hook)]),
    ),
    failures: log.failures,
    dropped: log.dropped,
    counters: { ...counters },
  };
}
