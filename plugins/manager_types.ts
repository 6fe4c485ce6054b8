/**
 * What the manager of plugins is told, and what it has for others.
 *
 * @module
 */

import type { DecisionPolicy } from "./decisions.ts";
import type { BrokerEventName } from "./mod.ts";
import type { Observer } from "./observers.ts";
import type { PluginHost } from "./plugin_loading.ts";

/** Options of {@linkcode PluginManager.load}. */
export interface PluginManagerOptions extends PluginHost {
  /** How the answers to `authenticate` are combined. Default: `all`. */
  authPolicy?: DecisionPolicy;
  /** How the answers to `topicFiltering` are combined. Default: `all`. */
  topicPolicy?: DecisionPolicy;
  /** Milliseconds that a plugin may take for a decision. Default: 5000. */
  decisionTimeout?: number;
  /** Milliseconds that a plugin may take for an event of the start. Default: 30000. */
  lifeCycleTimeout?: number;
  /**
   * Milliseconds that a plugin may take for an event of the shutdown, for its last
   * events and for `close()`. Default: `lifeCycleTimeout`.
   */
  closingTimeout?: number;
}

/** How decisions are made. */
export type DecisionOptions = Required<
  Pick<PluginManagerOptions, "authPolicy" | "topicPolicy" | "decisionTimeout">
>;

/** The events that the broker waits for. */
export type LifeCycleEventName =
  | "onBrokerPreStart"
  | "onBrokerPostStart"
  | "onBrokerPreShutdown"
  | "onBrokerPostShutdown";

/** The observers of each event, in the order of the plugins. */
export type ObserverTable = {
  readonly [Name in BrokerEventName]: readonly Observer[];
};
