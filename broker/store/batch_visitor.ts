/**
 * The operations of a batch, one after the other.
 *
 * @module
 */

import type {
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * The message of deliveries that a batch adds.
 *
 * @example
 * ```ts
 * import { Broker, decodeMessage, MemoryStore, silentLogger } from "@dinomq/broker";
 * import type { MessageBody, StoredDelivery } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // One message for two sessions is written once.
 * const topics = new Map<number, string>();
 * class Watched extends MemoryStore {
 *   override addFlight(delivery: StoredDelivery, body: MessageBody): void {
 *     topics.set(body.place, decodeMessage(body.bytes).topic);
 *     super.addFlight(delivery, body);
 *   }
 * }
 *
 * const store = new Watched();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.addSubscription("phone", "news", 1);
 * broker.context.addSubscription("tablet", "news", 1);
 * broker.context.publish("news", "rain", { qos: 1 });
 * await broker.shutdown();
 * assertEquals([...topics.values()], ["news"]);
 * assertEquals([...store.deliveries()].length, 2);
 * ```
 */
export interface MessageBody {
  /** Tells messages of the batch apart; the same for all deliveries of a message. */
  readonly place: number;
  /** How many deliveries of the batch have the message. */
  readonly uses: number;
  /** The message as bytes, a view; {@linkcode decodeMessage} reads them. */
  readonly bytes: Uint8Array;
}

/**
 * Takes the operations of a {@linkcode Batch}, in their order.
 *
 * @example
 * ```ts
 * import { Batch, MemoryStore, type StoredMessage } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // `MemoryStore` is a visitor: a batch calls one of its methods for each operation.
 * const calls: string[] = [];
 * class Watched extends MemoryStore {
 *   override addIncoming(session: number, packetId: number): void {
 *     calls.push(`session ${session} has sent message ${packetId}`);
 *     super.addIncoming(session, packetId);
 *   }
 *   override deleteRetained(topic: string): void {
 *     calls.push(`${topic} is not retained any more`);
 *     super.deleteRetained(topic);
 *   }
 * }
 *
 * const batch = new Batch();
 * batch.addIncoming(1, 7);
 * batch.deleteRetained("lamp");
 * batch.apply(new Watched());
 * assertEquals(calls, [
 *   "session 1 has sent message 7",
 *   "lamp is not retained any more",
 * ]);
 * ```
 */
export interface BatchVisitor {
  /** Adds or replaces a session. */
  putSession(session: StoredSession): void;
  /** Removes a session with its subscriptions and inbound packet identifiers; its deliveries are removed one by one. */
  deleteSession(key: number): void;
  /** Adds or replaces a subscription. */
  putSubscription(subscription: StoredSubscription): void;
  /** Removes a subscription. */
  deleteSubscription(session: number, filter: string): void;
  /** Notes that a message of QoS 2 has arrived and is not released. */
  addIncoming(session: number, packetId: number): void;
  /** Notes that it is released. */
  deleteIncoming(session: number, packetId: number): void;
  /** Adds a delivery. */
  addFlight(delivery: StoredDelivery, body: MessageBody): void;
  /** Notes what has become of a delivery. */
  updateFlight(seq: number, packetId: number, released: boolean): void;
  /** Removes a delivery. */
  deleteFlight(seq: number): void;
  /** Sets a topic's retained message. */
  putRetained(message: StoredMessage): void;
  /** Removes a topic's retained message. */
  deleteRetained(topic: string): void;
  /** Sets a value of a plugin. */
  putValue(value: StoredValue): void;
  /** Removes a value of a plugin. */
  deleteValue(plugin: string, key: string): void;
  /** Removes all values of a plugin. */
  clearValues(plugin: string): void;
}
