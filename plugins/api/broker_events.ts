/**
 * What observers get of the broker itself.
 *
 * @module
 */

/** `onBrokerAlarmRaised`: something that the broker needs does not work. */
export interface AlarmEvent {
  /** What it is: `store`; `memory` if there is too little; `plugin:` and the name of a plugin. */
  readonly alarm: string;
  /** What is wrong and what helps. */
  readonly message: string;
}

/** `onBrokerAlarmCleared`: it works again. */
export interface AlarmClearedEvent {
  /** What it is: `store`, `memory`, or `plugin:` and the name of a plugin. */
  readonly alarm: string;
}

/** `onBrokerConfigReloaded`: another configuration is in use. */
export interface ConfigReloadedEvent {
  /** What does not change before the broker is started again, by its path in the configuration. */
  readonly restart: readonly string[];
}

/** `onBrokerPluginFailed`: a method of a plugin threw, or did not answer in time. */
export interface PluginFailedEvent {
  /** Name of the plugin. */
  readonly plugin: string;
  /** The method. */
  readonly method: string;
  /** What was thrown. */
  readonly error: unknown;
}
