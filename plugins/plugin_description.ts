/**
 * Plugins for a person who looks at the configuration.
 *
 * @module
 */

import { takesPart } from "./hook_tables.ts";
import { hooksOf } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";

/** One plugin, for a person who looks at the configuration. */
export interface PluginDescription {
  /** Its name in the log. */
  readonly name: string;
  /** What was imported; the name of the class if nothing was. */
  readonly specifier: string;
  /** The import map with its alias. */
  readonly importMap?: string;
  /** The methods that the broker calls. */
  readonly hooks: readonly string[];
  /** How often it failed. */
  readonly failures: number;
  /** How many events it did not get, because it was too slow. */
  readonly dropped: number;
  /** What it counts itself. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Describes a plugin.
 *
 * @param plugin The plugin.
 * @returns What is to be known of it.
 */
export function describePlugin(plugin: Plugin): PluginDescription {
  const { name, specifier, importMap, object, log, counters } = plugin;
  return {
    name,
    specifier,
    ...(importMap !== undefined && { importMap }),
    hooks: hooksOf(object).filter((hook) => takesPart(plugin, hook)),
    failures: log.failures,
    dropped: log.dropped,
    counters: { ...counters },
  };
}
