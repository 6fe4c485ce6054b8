/**
 * Knows when each client was last heard of, also after a restart: the retained
 * message of `last_seen/<client>` is the time.
 *
 * ```yaml
 * plugins:
 *   ./last_seen.ts: { interval: 60 }
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type ClientEvent,
  type MessageEvent,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Seconds between two messages about a client that goes on publishing. Default: 60. */
  interval: number;
}

export default class LastSeen extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    interval: v.optional(v.pipe(v.number(), v.minValue(1)), 60),
  });

  /** When each client that is connected was last told of. */
  readonly #told = new Map<string, number>();

  override onBrokerClientConnected({ clientId }: ClientEvent): void {
    this.#tell(clientId);
  }

  override onBrokerMessageReceived({ clientId }: MessageEvent): void {
    const told = this.#told.get(clientId) ?? 0;
    if (Date.now() - told >= this.config.interval * 1000) this.#tell(clientId);
  }

  override onBrokerClientDisconnected({ clientId }: ClientEvent): void {
    this.#tell(clientId);
    this.#told.delete(clientId);
  }

  #tell(clientId: string): void {
    this.#told.set(clientId, Date.now());
    this.context.publish(
      `last_seen/${encodeURIComponent(clientId)}`,
      new Date().toISOString(),
      { retain: true },
    );
  }
}
