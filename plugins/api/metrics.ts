/**
 * Measuring.
 *
 * @module
 */

/**
 * Values of a metric's labels by their names.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type ClientEvent,
 *   type LabelValues,
 *   type Session,
 * } from "@dinomq/broker/plugins";
 *
 * // Few values, which no client makes up.
 * function labelsOf({ listener, protocolVersion }: Session): LabelValues {
 *   return { listener, version: protocolVersion };
 * }
 *
 * class Connections extends BasePlugin {
 *   readonly #connections = this.context.metrics.counter(
 *     "connections",
 *     "Connections, by listener and version of MQTT.",
 *     ["listener", "version"],
 *   );
 *
 *   override onBrokerClientConnected({ clientSession }: ClientEvent): void {
 *     this.#connections.labels(labelsOf(clientSession)).inc();
 *   }
 * }
 * ```
 */
export type LabelValues = Readonly<Record<string, string | number | boolean>>;

/**
 * Counts what happens; it only grows.
 *
 * @example
 * ```ts
 * import { BasePlugin, type Counter, type MessageEvent } from "@dinomq/broker/plugins";
 *
 * class Traffic extends BasePlugin {
 *   readonly #bytes: Counter = this.context.metrics.counter(
 *     "payload_bytes",
 *     "Bytes of the payloads that passed.",
 *   );
 *
 *   override onBrokerMessageBroadcast({ message }: MessageEvent): void {
 *     this.#bytes.inc(message.payload.length);
 *   }
 * }
 * ```
 */
export interface Counter {
  /**
   * Counts.
   *
   * @param by How much, 0 or more. Default: 1.
   * @throws {RangeError} If it is less than 0 or no number.
   * @throws {TypeError} If the metric has labels: their values are missing.
   */
  inc(by?: number): void;
  /**
   * The counter for some values of the labels. Who counts often keeps it.
   *
   * @param values A value for each label.
   * @returns The counter.
   * @throws {TypeError} If a label is missing, or not one of the metric's.
   */
  labels(values: LabelValues): Counter;
}

/**
 * Shows a state that goes up and down.
 *
 * @example
 * ```ts
 * import { BasePlugin, type Gauge } from "@dinomq/broker/plugins";
 *
 * // Shows what a sensor says beside the metrics of the broker.
 * class Climate extends BasePlugin {
 *   readonly #celsius: Gauge = this.context.metrics.gauge(
 *     "celsius",
 *     "Temperature of the server room.",
 *   );
 *
 *   override onBrokerPreStart(): void {
 *     this.context.subscribe("server-room/celsius", ({ payload }) => {
 *       this.#celsius.set(Number(new TextDecoder().decode(payload)));
 *     });
 *   }
 * }
 * ```
 */
export interface Gauge {
  /**
   * Sets the value.
   *
   * @param value Any number.
   * @throws {TypeError} If the metric has labels: their values are missing.
   */
  set(value: number): void;
  /** Adds to the value. Default: 1. */
  inc(by?: number): void;
  /** Takes from the value. Default: 1. */
  dec(by?: number): void;
  /**
   * The gauge for some values of the labels.
   *
   * @param values A value for each label.
   * @returns The gauge.
   * @throws {TypeError} If a label is missing, or not one of the metric's.
   */
  labels(values: LabelValues): Gauge;
}

/**
 * Counts measured values by their size.
 *
 * @example
 * ```ts
 * import { type ApplicationMessage, BasePlugin, type Histogram } from "@dinomq/broker/plugins";
 *
 * // Clients write when they took a measurement; shows how long it was under way.
 * class Delay extends BasePlugin {
 *   readonly #seconds: Histogram = this.context.metrics.histogram(
 *     "delay_seconds",
 *     "Seconds from the measurement to the broker.",
 *   );
 *
 *   override onBrokerPreStart(): void {
 *     this.context.subscribe("measured/+", (message) => this.#note(message));
 *   }
 *
 *   #note({ payload }: ApplicationMessage): void {
 *     const { at } = JSON.parse(new TextDecoder().decode(payload));
 *     if (Number.isFinite(at)) this.#seconds.observe((Date.now() - at) / 1000);
 *   }
 * }
 * ```
 */
export interface Histogram {
  /**
   * Counts one value.
   *
   * @param value What was measured, such as seconds.
   * @throws {RangeError} If it is not a finite number.
   * @throws {TypeError} If the metric has labels: their values are missing.
   */
  observe(value: number): void;
  /**
   * The histogram for some values of the labels.
   *
   * @param values A value for each label.
   * @returns The histogram.
   * @throws {TypeError} If a label is missing, or not one of the metric's.
   */
  labels(values: LabelValues): Histogram;
}

/**
 * A plugin's own metrics. The admin listener shows them at `/metrics`, as
 * `dinomq_plugin_<plugin>_<name>`; they go with the plugin.
 *
 * A name is of the form `messages_seen`; `help` says what it means; a label has a
 * name like `region`. Of a metric with labels at most 10,000 combinations of values
 * are kept: values must not be made of what clients choose. What is too much is left
 * out and logged. To ask for the same metric again gives the same one.
 *
 * ```ts
 * import { BasePlugin, type MessageEvent } from "@dinomq/broker/plugins";
 *
 * class Sizes extends BasePlugin {
 *   readonly #sizes = this.context.metrics.histogram(
 *     "payload_bytes",
 *     "Size of the payloads that clients publish.",
 *     ["qos"],
 *     [100, 10_000, 1_000_000],
 *   );
 *
 *   override onBrokerMessageReceived({ message }: MessageEvent): void {
 *     const { qos, payload } = message;
 *     this.#sizes.labels({ qos }).observe(payload.length);
 *   }
 * }
 * ```
 */
export interface MetricsService {
  /**
   * A counter; `/metrics` adds `_total` to its name.
   *
   * @param name Its name.
   * @param help What it means.
   * @param labels Names of its labels. Default: none.
   * @returns The counter.
   * @throws {TypeError} If a name is not valid or already taken.
   */
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  /**
   * A gauge.
   *
   * @param name Its name.
   * @param help What it means.
   * @param labels Names of its labels. Default: none.
   * @returns The gauge.
   * @throws {TypeError} If a name is not valid or already taken.
   */
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /**
   * A histogram.
   *
   * @param name Its name.
   * @param help What it means.
   * @param labels Names of its labels. Default: none.
   * @param buckets Upper bounds, ascending. Default: 0.005 to 10, for seconds.
   * @returns The histogram.
   * @throws {TypeError} If a name is not valid or already taken, or the bounds do not ascend.
   */
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): Histogram;
}
