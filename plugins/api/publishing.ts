/**
 * Publishing, and the retained messages.
 *
 * @module
 */

import type { ApplicationMessage, MessageProperties, QoS } from "./messages.ts";

/**
 * Options of a publication by a plugin or a host program.
 *
 * @example
 * ```ts
 * import type { PublishOptions } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // An offer of which late subscribers learn, too, but not for longer than an hour.
 * const OFFER: PublishOptions = {
 *   qos: 1,
 *   retain: true,
 *   properties: { messageExpiryInterval: 3600, contentType: "text/plain" },
 * };
 *
 * await using broker = await TestBroker.start();
 * broker.context.publish("offers/today", "apples", OFFER);
 * const client = await broker.connect();
 * await client.subscribe("offers/+");
 * const { text, properties } = await client.receive();
 * assertEquals([text, properties?.contentType], ["apples", "text/plain"]);
 * ```
 */
export interface PublishOptions {
  /** QoS of the message. Default: 0. */
  qos?: QoS;
  /** Whether the message becomes the topic's retained one. Default: `false`. */
  retain?: boolean;
  /** MQTT 5 properties. */
  properties?: MessageProperties;
}

/**
 * The retained messages.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * const { retained } = broker.context;
 * retained.set("rooms/1/light", "on");
 * retained.set("rooms/2/light", "off");
 * const topics = [...retained.match("rooms/+/light")].map(({ topic }) => topic);
 * assertEquals(topics.sort(), ["rooms/1/light", "rooms/2/light"]);
 * assertEquals(retained.clear("rooms/1/light"), true);
 * assertEquals(retained.size, 1);
 * ```
 */
export interface RetainedService {
  /** How many there are. */
  readonly size: number;
  /** The retained message of a topic. */
  get(topic: string): ApplicationMessage | undefined;
  /** Sets a topic's retained message without delivering it to subscribers. */
  set(
    topic: string,
    payload: string | Uint8Array,
    options?: Omit<PublishOptions, "retain">,
  ): void;
  /** Removes a topic's retained message; says whether there was one. */
  clear(topic: string): boolean;
  /** The retained messages that a topic filter selects. */
  match(filter: string): Iterable<ApplicationMessage>;
  /**
   * The same for a million of them: others get a turn in between. Messages may come
   * and go meanwhile; the loop ends with the plugin.
   */
  scan(filter: string): AsyncIterable<ApplicationMessage>;
}
