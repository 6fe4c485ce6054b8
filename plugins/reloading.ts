/**
 * New options for plugins that run: everything is prepared first, and then taken
 * into use together.
 *
 * @module
 */

import { messageOf, PluginError } from "./errors.ts";
import { readOptions } from "./options.ts";
import { methodOf } from "./plugin_class.ts";
import type { Plugin, PluginEntry } from "./plugin_loading.ts";
import { sameData } from "./same_data.ts";
import { TIMED_OUT, withTimeLimit } from "./time_limit.ts";

/** Options that were accepted and are not in use yet. */
export interface PreparedOptions {
  /** What cannot change while the broker runs, as paths of the configuration. */
  readonly restart: readonly string[];
  /** Takes what the entries say beside the options, before the tables are made anew. */
  adopt(): void;
  /** Takes the options into use. Never rejects: what fails now is logged. */
  commit(): Promise<void>;
}

/** What one plugin answered. */
interface Change {
  readonly plugin: Plugin;
  readonly options: unknown;
  readonly apply: () => unknown;
}

/**
 * Offers plugins their new options.
 *
 * @param pairs Plugins that run, each with its entry in the new configuration.
 * @param brokerConfig The whole new configuration, frozen.
 * @param limit Milliseconds that one plugin may take.
 * @returns What to commit.
 * @throws {PluginError} If options are refused, by the schema or by the plugin; nothing has changed then.
 */
export async function prepareOptions(
  pairs: ReadonlyArray<readonly [plugin: Plugin, entry: PluginEntry]>,
  brokerConfig: Readonly<Record<string, unknown>>,
  limit: number,
): Promise<PreparedOptions> {
  const restart: string[] = [];
  const changes: Change[] = [];
  for (const [plugin, entry] of pairs) {
    const change = await offer(plugin, entry, limit);
    if (change === undefined) {
      if (!sameData(plugin.entry.options, entry.options)) {
        restart.push(entry.path);
      }
    } else changes.push(change);
  }
  const adopt = (): void => {
    for (const [plugin, entry] of pairs) {
      if (plugin.base !== undefined) plugin.base.brokerConfig = brokerConfig;
      const hasOptions = changes.some((change) => change.plugin === plugin);
      // What a restart is needed for is to be told at the next reload too.
      const { options } = hasOptions ? entry : plugin.entry;
      plugin.entry = { ...entry, options };
      plugin.guard.configure(entry);
    }
  };
  const commit = async (): Promise<void> => {
    for (const change of changes) await apply(change, limit);
  };
  return { restart, adopt, commit };
}

/** Checks the options and lets the plugin prepare itself. */
async function offer(
  plugin: Plugin,
  entry: PluginEntry,
  limit: number,
): Promise<Change | undefined> {
  const { name, object, pluginClass, base } = plugin;
  if (pluginClass === undefined || base === undefined) return undefined;
  const owner = { plugin: name, path: entry.path };
  const options = await readOptions(owner, pluginClass.config, entry.options);
  const method = methodOf(object, "onConfigChanged");
  if (method === undefined) return undefined;
  const refused = (why: string, cause?: unknown) =>
    new PluginError(
      name,
      "options",
      `Cannot change the options of the plugin "${name}" (${entry.path}): ${why}`,
      { cause },
    );
  let answer: unknown;
  try {
    answer = await withTimeLimit(
      Promise.resolve(method.call(object, options)),
      limit,
    );
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  if (answer === TIMED_OUT) throw refused(`no answer after ${limit} ms`);
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer === "function") {
    return { plugin, options, apply: answer as () => unknown };
  }
  throw refused("onConfigChanged() must return a function or nothing");
}

async function apply(change: Change, limit: number): Promise<void> {
  const { plugin, options } = change;
  plugin.base!.config = options;
  try {
    const done = Promise.resolve(change.apply());
    if (await withTimeLimit(done, limit) === TIMED_OUT) {
      throw new Error(`no end after ${limit} ms`);
    }
  } catch (error) {
    plugin.log.failed("onConfigChanged", error);
  }
}
