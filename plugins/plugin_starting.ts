/**
 * The start of plugins that join a broker which runs already.
 *
 * @module
 */

import { messageOf, PluginError } from "./errors.ts";
import { takesPart } from "./hook_tables.ts";
import { methodOf } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";
import { TIMED_OUT, withTimeLimit } from "./time_limit.ts";

const START_EVENTS = ["onBrokerPreStart", "onBrokerPostStart"];

/**
 * Tells plugins what the others were told when the broker started.
 *
 * @param plugins The plugins in their order.
 * @param limit Milliseconds that one may take for each event.
 * @throws {PluginError} If one fails: unlike a broker that starts, one that runs can go on without it.
 */
export async function startPlugins(
  plugins: readonly Plugin[],
  limit: number,
): Promise<void> {
  for (const event of START_EVENTS) {
    for (const plugin of plugins) await start(plugin, event, limit);
  }
}

async function start(
  plugin: Plugin,
  event: string,
  limit: number,
): Promise<void> {
  const { object, name, entry } = plugin;
  const method = methodOf(object, event);
  if (method === undefined || !takesPart(plugin, event)) return;
  try {
    const started = Promise.resolve(method.call(object));
    if (await withTimeLimit(started, limit) === TIMED_OUT) {
      throw new Error(`no end after ${limit} ms`);
    }
  } catch (cause) {
    throw new PluginError(
      name,
      "start",
      `Cannot start the plugin "${name}" (${entry.path}): it failed in ${event}(): ${
        messageOf(cause)
      }`,
      { cause },
    );
  }
}
