/**
 * What counts as a plugin: base classes are welcome, but the methods decide.
 *
 * @module
 */

import {
  BaseAuthPlugin,
  BasePlugin,
  BaseTopicPlugin,
  type BrokerContext,
  type BrokerEventName,
  type InterceptorName,
  type PluginManifest,
  type StandardSchema,
} from "./mod.ts";

/** A class that the broker can make a plugin of. It need not extend a base class. */
export interface PluginClass {
  /** Creates the plugin. */
  // `never` accepts every type of options.
  new (context: BrokerContext<never>): object;
  /** Checks the options. */
  readonly config?: StandardSchema;
  /** What the plugin says about itself. */
  readonly manifest?: PluginManifest;
}

/** The names of the events, in the order of a broker's life. */
export const EVENT_NAMES: readonly BrokerEventName[] = [
  "onBrokerPreStart",
  "onBrokerPostStart",
  "onBrokerPreShutdown",
  "onBrokerPostShutdown",
  "onBrokerClientConnected",
  "onBrokerClientDisconnected",
  "onBrokerClientSubscribed",
  "onBrokerClientUnsubscribed",
  "onBrokerMessageReceived",
  "onBrokerMessagesReceived",
  "onBrokerMessageBroadcast",
  "onBrokerRetainedMessage",
  "onMqttPacketReceived",
  "onMqttPacketSent",
  "onBrokerConfigReloaded",
  "onBrokerAlarmRaised",
  "onBrokerAlarmCleared",
  "onBrokerClientAuthenticationFailed",
  "onBrokerSessionCreated",
  "onBrokerSessionResumed",
  "onBrokerSessionTakenOver",
  "onBrokerSessionExpired",
  "onBrokerMessageDelivered",
  "onBrokerMessageAcknowledged",
  "onBrokerMessageDropped",
  "onBrokerMessageExpired",
  "onBrokerWillSent",
  "onBrokerPluginFailed",
];

/** The names of the methods that decide. */
export const DECISION_NAMES: readonly string[] = [
  "authenticate",
  "enhancedAuthenticate",
  "topicFiltering",
];

/** The names of the methods that intercept. */
export const INTERCEPTOR_NAMES: readonly InterceptorName[] = [
  "interceptAccept",
  "interceptConnect",
  "interceptConnack",
  "interceptDisconnect",
  "interceptSubscribe",
  "interceptUnsubscribe",
  "interceptPublish",
  "interceptDeliver",
  "interceptWill",
  "interceptRetain",
  "selectSharedMember",
];

/** Those of them that must answer at once. */
export const PROMPT_NAMES: readonly string[] = [
  "interceptDisconnect",
  "interceptRetain",
  "selectSharedMember",
];

/** Those of them that can refuse nothing. */
export const POWERLESS_NAMES: readonly string[] = [
  "interceptDisconnect",
  "selectSharedMember",
];

/** The names of the events that the broker waits for. */
export const LIFE_CYCLE_NAMES: readonly string[] = [
  "onBrokerPreStart",
  "onBrokerPostStart",
  "onBrokerPreShutdown",
  "onBrokerPostShutdown",
];

/** Every method by which a plugin takes part in what happens. */
export const HOOK_NAMES: readonly string[] = [
  ...EVENT_NAMES,
  ...INTERCEPTOR_NAMES,
  ...DECISION_NAMES,
];

/** Every method that the broker calls, `close` aside. */
export const METHOD_NAMES: readonly string[] = [
  ...HOOK_NAMES,
  "onConfigChanged",
];

const BASE_CLASSES: ReadonlySet<unknown> = new Set([
  BasePlugin,
  BaseAuthPlugin,
  BaseTopicPlugin,
]);

/**
 * Whether a value is a class that the broker can make a plugin of.
 *
 * @param value Anything.
 * @returns Whether it extends a base class or its prototype has a hook.
 */
export function isPluginClass(value: unknown): value is PluginClass {
  if (typeof value !== "function" || BASE_CLASSES.has(value)) return false;
  const { prototype } = value;
  if (typeof prototype !== "object" || prototype === null) return false;
  return prototype instanceof BasePlugin || hasHook(prototype);
}

/**
 * Whether an object has at least one method that the broker calls.
 *
 * @param object A plugin, or the prototype of one.
 * @returns Whether it has one.
 */
export function hasHook(object: object): boolean {
  return HOOK_NAMES.some((name) => name in object);
}

/**
 * The methods of a plugin that the broker calls.
 *
 * @param plugin The plugin.
 * @returns The names of its hooks.
 */
export function hooksOf(plugin: object): string[] {
  return HOOK_NAMES.filter((name) => methodOf(plugin, name) !== undefined);
}

/**
 * The names of methods that look like hooks and are none: a plugin's author
 * mistyped, or thought of aMQTT's spelling.
 *
 * @param plugin The plugin.
 * @returns The names.
 */
export function unknownHooks(plugin: object): string[] {
  const names = new Set<string>();
  let level: object | null = plugin;
  while (level !== null && level !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
    level = Object.getPrototypeOf(level);
  }
  return [...names].filter((name) =>
    /^(?:on|intercept)(?:[A-Z]|_)|^(?:topic_filtering|enhanced_authenticate)$/
      .test(name) &&
    !METHOD_NAMES.includes(name) && methodOf(plugin, name) !== undefined
  );
}

/** A method of any object, without the type that TypeScript cannot know. */
export function methodOf(
  object: object,
  name: string,
): ((this: object, argument?: unknown) => unknown) | undefined {
  const value = (object as Record<string, unknown>)[name];
  if (typeof value !== "function") return undefined;
  return value as (this: object, argument?: unknown) => unknown;
}
