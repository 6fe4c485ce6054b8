/**
 * The end of plugins.
 *
 * @module
 */

import { methodOf } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";
import { TIMED_OUT, withTimeLimit } from "./time_limit.ts";

/**
 * Closes plugins, the last one first: waits for their last events, aborts their
 * signals, calls their `close()`. What fails is logged.
 *
 * @param plugins The plugins.
 * @param limit Milliseconds that a plugin may take for its last events, and again for `close()`.
 */
export async function closeAll(
  plugins: readonly Plugin[],
  limit: number,
): Promise<void> {
  for (const plugin of plugins.toReversed()) await closePlugin(plugin, limit);
}

async function closePlugin(plugin: Plugin, limit: number): Promise<void> {
  const { object, channel, log, controller } = plugin;
  if (await withTimeLimit(channel.idle(), limit) === TIMED_OUT) {
    log.failed("close", new Error(`its events did not end in ${limit} ms`));
  }
  // Before close(), which may wait for what the signal ends.
  controller.abort();
  const close = methodOf(object, "close");
  if (close === undefined) return;
  try {
    const closed = withTimeLimit(Promise.resolve(close.call(object)), limit);
    if (await closed === TIMED_OUT) {
      log.failed("close", new Error(`no end after ${limit} ms`));
    }
  } catch (error) {
    log.failed("close", error);
  }
}
