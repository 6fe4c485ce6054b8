/**
 * Which plugins take part in a hook, in their order.
 *
 * @module
 */

import { type Decider, FAILED } from "./decisions.ts";
import type { EventHandler, Observer } from "./observers.ts";
import { LIFE_CYCLE_NAMES, methodOf, PROMPT_NAMES } from "./plugin_class.ts";
import type { Plugin } from "./plugin_loading.ts";
import { type Fallback, timeoutOf } from "./policy.ts";

/** A plugin in a hook. */
export interface Step {
  /** The plugin. */
  readonly plugin: Plugin;
  /** Its method, bound to it. */
  readonly handler: EventHandler;
  /**
   * How long it may take, in milliseconds; absent: as long as any. `Infinity`: the
   * handler sees to it itself.
   */
  readonly timeout?: number;
  /** What counts as its answer if it fails; absent: `deny`. */
  readonly fallback?: Fallback;
}

/**
 * The methods of one hook.
 *
 * @param plugins The plugins in their order.
 * @param hook Name of the hook.
 * @param timeout Milliseconds for an answer, where a plugin has no time limit of its own.
 * @returns One step for each plugin that has the method and is to use it.
 */
export function stepsOf(
  plugins: readonly Plugin[],
  hook: string,
  timeout: number,
): Step[] {
  const steps: Step[] = [];
  for (const plugin of plugins) {
    const { object } = plugin;
    const method = methodOf(object, hook);
    if (method === undefined || !takesPart(plugin, hook)) continue;
    const handler = method.bind(object);
    steps.push(stepOf(plugin, hook, handler, timeout));
  }
  return steps;
}

function stepOf(
  plugin: Plugin,
  hook: string,
  handler: EventHandler,
  common: number,
): Step {
  const { guard, entry } = plugin;
  const timeout = timeoutOf(entry, hook);
  const fallback = entry.fallback?.[hook];
  if (!isGuarded(plugin, hook)) return { plugin, handler, timeout, fallback };
  return PROMPT_NAMES.includes(hook)
    ? { plugin, handler: guard.guardCall(handler, FAILED), fallback }
    : {
      plugin,
      handler: guard.guardQuestion(hook, handler, timeout ?? common),
      timeout: Infinity,
      fallback,
    };
}

/**
 * The observers of an event.
 *
 * @param plugins The plugins in their order.
 * @param name Name of the event.
 * @returns One for each plugin that has the method and is to use it.
 */
export function observersOf(
  plugins: readonly Plugin[],
  name: string,
): Observer[] {
  const observers: Observer[] = [];
  for (const plugin of plugins) {
    const { object, channel, guard, entry } = plugin;
    const method = methodOf(object, name);
    if (method === undefined || !takesPart(plugin, name)) continue;
    observers.push({
      name,
      channel,
      object,
      method: isGuarded(plugin, name)
        ? guard.guardCall(method.bind(object))
        : method,
      timeout: timeoutOf(entry, name),
    });
  }
  return observers;
}

/**
 * The plugins that are asked about something.
 *
 * @param plugins The plugins in their order.
 * @param hook Name of the method that answers.
 * @param timeout Milliseconds for an answer, where a plugin has no time limit of its own.
 * @returns Whom to ask, in this order.
 */
export function decidersOf<Event>(
  plugins: readonly Plugin[],
  hook: string,
  timeout: number,
): Array<
  Decider<Event> & { readonly prefix: string; readonly holds: boolean }
> {
  return stepsOf(plugins, hook, timeout).map(({ plugin, handler, timeout }) => {
    const { topicPrefix = "", answersHold = false } = plugin.object as {
      topicPrefix?: string;
      answersHold?: boolean;
    };
    return {
      ask: handler,
      method: hook,
      log: plugin.log,
      timeout,
      prefix: topicPrefix,
      holds: answersHold,
    };
  });
}

/** Whether a plugin is left alone while it fails: the life cycle is told to everybody. */
function isGuarded({ guard }: Plugin, hook: string): boolean {
  return guard.isNeeded && !LIFE_CYCLE_NAMES.includes(hook);
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
