/**
 * Which plugins take part in a hook, in their order.
 *
 * @module
 */

import type { Decider } from "./decisions.ts";
import type { EventHandler } from "./observers.ts";
import { methodOf } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";

/** A plugin's method, bound to it. */
export interface Step {
  /** The plugin. */
  readonly plugin: Plugin;
  /** Its method. */
  readonly handler: EventHandler;
}

/**
 * The methods of one hook.
 *
 * @param plugins The plugins in their order.
 * @param hook Name of the hook.
 * @returns One step for each plugin that has the method and is to use it.
 */
export function stepsOf(plugins: readonly Plugin[], hook: string): Step[] {
  const steps: Step[] = [];
  for (const plugin of plugins) {
    const { object } = plugin;
    const method = methodOf(object, hook);
    if (method === undefined || !takesPart(plugin, hook)) continue;
    steps.push({ plugin, handler: (event) => method.call(object, event) });
  }
  return steps;
}

/**
 * The plugins that are asked about something.
 *
 * @param plugins The plugins in their order.
 * @param hook Name of the method that answers.
 * @returns Whom to ask, in this order.
 */
export function decidersOf<Event>(
  plugins: readonly Plugin[],
  hook: string,
): Array<Decider<Event> & { readonly prefix: string }> {
  return stepsOf(plugins, hook).map(({ plugin, handler }) => {
    const { topicPrefix = "" } = plugin.object as { topicPrefix?: string };
    return {
      ask: handler,
      method: hook,
      log: plugin.log,
      prefix: topicPrefix,
    };
  });
}

/**
 * Whether the configuration has a plugin take part in what a hook is for.
 *
 * @param plugin The plugin.
 * @param hook Name of the hook.
 * @returns Whether it does.
 */
export function takesPart({ use }: Plugin, hook: string): boolean {
  if (hook === "topicFiltering") return use.topic;
  return hook.endsWith("uthenticate") ? use.auth : use.events;
}
