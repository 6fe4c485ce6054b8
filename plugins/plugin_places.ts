/**
 * The places of plugins: who stays where the configuration changes, who is made
 * anew, and who is not needed any more.
 *
 * @module
 */

import { PluginLoadError } from "./errors.ts";
import type { Logger } from "./mod.ts";
import type { PluginNamespace } from "./namespace.ts";
import { nearest } from "./nearest.ts";
import { closeAll } from "./plugin_closing.ts";
import {
  checkMethods,
  loadPlugin,
  type Plugin,
  type PluginEntry,
  type PluginHost,
} from "./plugin_loading.ts";
import { orderPlugins } from "./plugin_order.ts";
import { startPlugins } from "./plugin_starting.ts";
import { type PreparedOptions, prepareOptions } from "./reloading.ts";
import { sameData } from "./same_data.ts";

/** A place among the plugins. */
export interface PluginPlace {
  /** The plugin that has it; absent: one is to be made of the entry. */
  readonly plugin?: Plugin;
  /** What the configuration says of it. */
  readonly entry: PluginEntry;
}

/** Other plugins, ready to be taken into use. */
export interface PreparedPlugins {
  /** All of them, in the order of their places. */
  readonly plugins: readonly Plugin[];
  /** The same in the order in which they get events and are asked. */
  readonly order: readonly Plugin[];
  /** Those of them that were made for it. */
  readonly fresh: readonly Plugin[];
  /** Those that are not needed any more. */
  readonly retired: readonly Plugin[];
  /** New options for those that stay. */
  readonly options: PreparedOptions;
}

/**
 * Finds the plugins that other entries are about. One that is imported from
 * elsewhere, has another name or is used for something else is not the same.
 *
 * @param plugins The plugins that run.
 * @param entries The entries.
 * @param namespace Where their aliases are looked up.
 * @returns A place for each entry.
 * @throws {PluginLoadError} If nothing has one of the names.
 */
export function placesOf(
  plugins: readonly Plugin[],
  entries: readonly PluginEntry[],
  namespace: PluginNamespace,
): PluginPlace[] {
  const left = [...plugins];
  const found = new Map<PluginEntry, Plugin>();
  const find = (
    matches: (plugin: Plugin, entry: PluginEntry) => boolean,
  ): void => {
    for (const entry of entries) {
      if (found.has(entry)) continue;
      const index = left.findIndex((plugin) => matches(plugin, entry));
      if (index !== -1) found.set(entry, left.splice(index, 1)[0]);
    }
  };
  const isSame = (plugin: Plugin, entry: PluginEntry): boolean =>
    isSamePlugin(plugin, entry, namespace);
  // Of several of one class first those that stay as they are.
  find((plugin, entry) =>
    isSame(plugin, entry) && sameData(plugin.entry.options, entry.options)
  );
  find(isSame);
  return entries.map((entry) => ({ plugin: found.get(entry), entry }));
}

function isSamePlugin(
  { entry: before, ownName, specifier }: Plugin,
  entry: PluginEntry,
  namespace: PluginNamespace,
): boolean {
  const { plugin, name = ownName, use, integrity, sandbox, path } = entry;
  if (plugin !== before.plugin || name !== (before.name ?? ownName)) {
    return false;
  }
  if (!sameData(use, before.use)) return false;
  if (integrity !== undefined && integrity !== before.integrity) return false;
  if (!sameData(sandbox, before.sandbox)) return false;
  // The import map may have another module for it now.
  return typeof plugin !== "string" ||
    namespace.locate(plugin, path) === specifier;
}

/**
 * Prepares other plugins.
 *
 * @param running The plugins that run.
 * @param places The places of those that are to.
 * @param offered Which of those that stay are offered the options of their entries.
 * @param host What new ones get from the broker.
 * @param limit Milliseconds that a plugin may take for an answer or an event.
 * @returns What to take into use.
 * @throws {PluginError} If anything fails; nothing has changed then.
 */
export async function preparePlugins(
  running: readonly Plugin[],
  places: readonly PluginPlace[],
  offered: "all" | "none",
  host: PluginHost,
  limit: number,
): Promise<PreparedPlugins> {
  const kept = places.flatMap(({ plugin }) => plugin ?? []);
  const names = new Set(kept.map(({ name }) => name));
  const plugins: Plugin[] = [];
  const fresh: Plugin[] = [];
  try {
    for (const { plugin, entry } of places) {
      if (plugin !== undefined) {
        plugins.push(plugin);
        continue;
      }
      const made = await loadPlugin(entry, names, host, false);
      plugins.push(made);
      fresh.push(made);
      checkMethods(made, entry.path);
    }
    const options = await prepareOptions(
      offered === "none" ? [] : places.flatMap(
        ({ plugin, entry }) => plugin === undefined ? [] : [[plugin, entry]],
      ),
      host.brokerConfig,
      limit,
    );
    const order = orderPlugins(places.map(({ entry }, index) => {
      const plugin = plugins[index];
      const isChecked = offered === "all" || fresh.includes(plugin);
      return { plugin, entry, isChecked };
    }));
    await startPlugins(fresh, limit);
    const retired = running.filter((plugin) => !kept.includes(plugin));
    return { plugins, order, fresh, retired, options };
  } catch (error) {
    await closeAll(fresh, limit);
    throw error;
  }
}

/** The place that a plugin has already. */
export function placeOf(plugin: Plugin): PluginPlace {
  return { plugin, entry: plugin.entry };
}

/**
 * Finds a plugin by its name.
 *
 * @param plugins The plugins.
 * @param name The name.
 * @returns Its index.
 * @throws {PluginLoadError} If none has the name.
 */
export function indexOfName(plugins: readonly Plugin[], name: string): number {
  const names = plugins.map((plugin) => plugin.name);
  const index = names.indexOf(name);
  if (index !== -1) return index;
  const meant = nearest(name, names);
  throw new PluginLoadError(
    name,
    "not-found",
    `Cannot find the plugin "${name}": ${
      meant === undefined
        ? `the plugins are ${names.join(", ") || "none"}`
        : `did you mean "${meant}"?`
    }`,
  );
}

/** Says which plugins have come and gone. */
export function logChange(
  logger: Logger,
  fresh: readonly Plugin[],
  retired: readonly Plugin[],
): void {
  for (const { name, specifier } of fresh) {
    const replaces = retired.some((plugin) => plugin.name === name);
    const what = replaces ? "was replaced" : "was added";
    logger.info(`The plugin "${name}" ${what}`, { plugin: name, specifier });
  }
  for (const { name } of retired) {
    if (fresh.some((plugin) => plugin.name === name)) continue;
    logger.info(`The plugin "${name}" was removed`, { plugin: name });
  }
}
