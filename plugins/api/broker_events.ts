/**
 * What observers get of the broker itself.
 *
 * @module
 */

/**
 * `onBrokerAlarmRaised`: something that the broker needs does not work.
 *
 * @example
 * ```ts
 * import { type AlarmEvent, BasePlugin } from "@dinomq/broker/plugins";
 *
 * // Calls somebody.
 * class Pager extends BasePlugin<{ url: string }> {
 *   override async onBrokerAlarmRaised({ alarm, message }: AlarmEvent): Promise<void> {
 *     const { config: { url }, signal } = this.context;
 *     const body = JSON.stringify({
 *       summary: `MQTT broker: ${alarm}`,
 *       details: message,
 *     });
 *     await (await fetch(url, { method: "POST", body, signal })).body?.cancel();
 *   }
 * }
 * ```
 */
export interface AlarmEvent {
  /** What it is: `store`; `memory` if there is too little; `plugin:` and the name of a plugin. */
  readonly alarm: string;
  /** What is wrong and what helps. */
  readonly message: string;
}

/**
 * `onBrokerAlarmCleared`: it works again.
 *
 * @example
 * ```ts
 * import { type AlarmClearedEvent, type AlarmEvent, BasePlugin } from "@dinomq/broker/plugins";
 *
 * // Shows the alarms as retained messages, for a dashboard.
 * class AlarmBoard extends BasePlugin {
 *   override onBrokerAlarmRaised({ alarm, message }: AlarmEvent): void {
 *     this.context.publish(`alarms/${alarm}`, message, { retain: true });
 *   }
 *
 *   override onBrokerAlarmCleared({ alarm }: AlarmClearedEvent): void {
 *     this.context.publish(`alarms/${alarm}`, "", { retain: true });
 *   }
 * }
 * ```
 */
export interface AlarmClearedEvent {
  /** What it is: `store`, `memory`, or `plugin:` and the name of a plugin. */
  readonly alarm: string;
}

/**
 * `onBrokerConfigReloaded`: another configuration is in use.
 *
 * @example
 * ```ts
 * import { Broker } from "@dinomq/broker";
 * import { BasePlugin, type ConfigReloadedEvent } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * class Reminder extends BasePlugin {
 *   override onBrokerConfigReloaded({ restart }: ConfigReloadedEvent): void {
 *     this.context.retained.set("admin/restart", restart.join(", "));
 *   }
 * }
 *
 * const config = {
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 *   plugins: [Reminder],
 * };
 * await using broker = new Broker(config);
 * await broker.start();
 * await broker.reload({ ...config, overlapping: "each" });
 * const { payload } = broker.context.retained.get("admin/restart")!;
 * assertEquals(new TextDecoder().decode(payload), "overlapping");
 * ```
 */
export interface ConfigReloadedEvent {
  /** What does not change before the broker is started again, by its path in the configuration. */
  readonly restart: readonly string[];
}

/**
 * `onBrokerPluginFailed`: a method of a plugin threw, or did not answer in time.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PluginFailedEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Watchdog extends BasePlugin {
 *   override onBrokerPluginFailed({ plugin, method, error }: PluginFailedEvent): void {
 *     const reason = error instanceof Error ? error.message : String(error);
 *     this.context.publish(`failed/${plugin}/${method}`, reason);
 *   }
 * }
 *
 * class Fragile extends BasePlugin {
 *   override onBrokerMessageReceived(): never {
 *     throw new Error("not my day");
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Watchdog, Fragile] });
 * const client = await broker.connect();
 * await client.subscribe("failed/#");
 * await client.publish("a", "x");
 * const { topic, text } = await client.receive();
 * assertEquals([topic, text], ["failed/Fragile/onBrokerMessageReceived", "not my day"]);
 * ```
 */
export interface PluginFailedEvent {
  /** Name of the plugin. */
  readonly plugin: string;
  /** The method. */
  readonly method: string;
  /** What was thrown. */
  readonly error: unknown;
}
