/**
 * What a host program's context is made of.
 *
 * @module
 */

import type { Logger } from "../plugins/mod.ts";
import type { ContextBase } from "../plugins/plugin_loading.ts";

/**
 * Makes it. A broker may be started again, and then has another life.
 *
 * @param logger The broker's log.
 * @param brokerConfig Says what the present configuration is.
 * @param signal Says which signal ends the present life.
 * @returns The base of the context.
 */
export function hostBase(
  logger: Logger,
  brokerConfig: () => Readonly<Record<string, unknown>>,
  signal: () => AbortSignal,
): ContextBase<unknown> {
  return {
    name: "host",
    logger,
    config: undefined,
    get brokerConfig() {
      return brokerConfig();
    },
    get signal(): AbortSignal {
      return signal();
    },
    count() {},
    live: true,
  };
}
