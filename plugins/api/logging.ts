/**
 * Writing to the broker's log.
 *
 * @module
 */

/**
 * How much a message of the log matters.
 *
 * @example
 * ```ts
 * import { type AlarmEvent, BasePlugin, type LogLevel } from "@dinomq/broker/plugins";
 *
 * class AlarmLog extends BasePlugin<{ level: LogLevel }> {
 *   override onBrokerAlarmRaised({ alarm, message }: AlarmEvent): void {
 *     this.context.logger[this.config.level](message, { alarm });
 *   }
 * }
 * ```
 */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Writes to the broker's log.
 *
 * @example
 * ```ts
 * import { BasePlugin, type Logger, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertStringIncludes } from "@std/assert";
 *
 * class Trace extends BasePlugin {
 *   readonly #logger: Logger = this.context.logger.child("publish");
 *
 *   override interceptPublish({ message }: PublishEvent): void {
 *     if (!this.#logger.isEnabled("debug")) return; // Makes no text for nobody.
 *     this.#logger.debug(new TextDecoder().decode(message.payload), {
 *       topic: message.topic,
 *     });
 *   }
 * }
 *
 * let log = "";
 * await using broker = await TestBroker.start({
 *   plugins: [Trace],
 *   log: (line) => log += line,
 * });
 * await (await broker.connect()).publish("a", "hello");
 * assertStringIncludes(log, "Trace.publish");
 * ```
 */
export interface Logger {
  /** Writes what helps to follow single packets. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** Writes what an operator wants to see of a healthy broker. */
  info(message: string, fields?: Record<string, unknown>): void;
  /** Writes what works, but deserves a look. */
  warn(message: string, fields?: Record<string, unknown>): void;
  /** Writes what failed. */
  error(message: string, fields?: Record<string, unknown>): void;
  /** Makes a logger whose name is this one's name, a dot and `name`. */
  child(name: string): Logger;
  /** Whether a message of `level` would be written; saves building it. */
  isEnabled(level: LogLevel): boolean;
}
