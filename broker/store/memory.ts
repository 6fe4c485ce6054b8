/**
 * A store in memory: it outlives a broker, but not the process.
 *
 * @module
 */

import type { Batch } from "./batch.ts";
import { decodeMessage } from "./batch_reader.ts";
import type { BatchVisitor, MessageBody } from "./batch_visitor.ts";
import type { Store } from "./store.ts";
import type {
  StoredDelivery,
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * Keeps everything in memory. A program that embeds brokers, such as a test, can
 * stop one and give its store to the next.
 *
 * @example A retained message outlives its broker
 * ```ts
 * import { Broker, MemoryStore } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const config = {
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 *   plugins: { auth_anonymous: null },
 * };
 * const first = new Broker(config, { store });
 * await first.start();
 * first.context.publish("lamp", "on", { retain: true });
 * await first.shutdown();
 *
 * await using second = new Broker(config, { store });
 * await second.start();
 * assertEquals(second.context.retained.size, 1);
 * ```
 */
export class MemoryStore implements Store, BatchVisitor {
  readonly name = "memory";
  readonly temporary = false;
  readonly #sessions = new Map<number, StoredSession>();
  readonly #subscriptions = new Map<number, Map<string, StoredSubscription>>();
  readonly #incoming = new Map<number, Set<number>>();
  #flights = new Map<number, StoredFlight>();
  readonly #retained = new Map<string, StoredMessage>();
  readonly #values = new Map<string, Map<string, StoredValue>>();
  /** Messages of the present batch, by their place in it. */
  readonly #messages = new Map<number, StoredMessage>();

  /** Does nothing; a store in memory is always open. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  /** All sessions. */
  sessions(): Iterable<StoredSession> {
    return this.#sessions.values();
  }

  /** All subscriptions. */
  *subscriptions(): Iterable<StoredSubscription> {
    for (const filters of this.#subscriptions.values()) yield* filters.values();
  }

  /** The QoS 2 messages that clients have not released. */
  *incoming(): Iterable<{ session: number; packetId: number }> {
    for (const [session, ids] of this.#incoming) {
      for (const packetId of ids) yield { session, packetId };
    }
  }

  /** All deliveries in the order of `seq`. */
  deliveries(): Iterable<StoredDelivery> {
    return [...this.#flights.values()].sort((a, b) => a.seq - b.seq);
  }

  /** All retained messages. */
  retained(): Iterable<StoredMessage> {
    return this.#retained.values();
  }

  /** All values of plugins. */
  *values(): Iterable<StoredValue> {
    for (const values of this.#values.values()) yield* values.values();
  }

  /** Reads deliveries with their messages. */
  read(seqs: readonly number[]): StoredFlight[] {
    return seqs.map((seq) => this.#flights.get(seq))
      .filter((flight) => flight !== undefined);
  }

  /** Takes over what is in a batch. */
  commit(batch: Batch): Promise<void> {
    batch.apply(this);
    this.#messages.clear();
    return Promise.resolve();
  }

  /** Does nothing; what was committed stays. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Adds or replaces a session. */
  putSession(session: StoredSession): void {
    const { will } = session;
    this.#sessions.set(
      session.key,
      will === undefined
        ? session
        : { ...session, will: { ...will, message: copyOf(will.message) } },
    );
  }

  /** Removes a session. */
  deleteSession(key: number): void {
    this.#sessions.delete(key);
    this.#subscriptions.delete(key);
    this.#incoming.delete(key);
  }

  /** Adds or replaces a subscription. */
  putSubscription(subscription: StoredSubscription): void {
    const { session, filter } = subscription;
    let filters = this.#subscriptions.get(session);
    if (filters === undefined) {
      this.#subscriptions.set(session, filters = new Map());
    }
    filters.set(filter, subscription);
  }

  /** Removes a subscription. */
  deleteSubscription(session: number, filter: string): void {
    this.#subscriptions.get(session)?.delete(filter);
  }

  /** Notes that a message of QoS 2 has arrived. */
  addIncoming(session: number, packetId: number): void {
    let ids = this.#incoming.get(session);
    if (ids === undefined) this.#incoming.set(session, ids = new Set());
    ids.add(packetId);
  }

  /** Notes that it is released. */
  deleteIncoming(session: number, packetId: number): void {
    this.#incoming.get(session)?.delete(packetId);
  }

  /** Adds a delivery. */
  addFlight(delivery: StoredDelivery, { place, bytes }: MessageBody): void {
    let message = this.#messages.get(place);
    if (message === undefined) {
      this.#messages.set(place, message = decodeMessage(bytes.slice()));
    }
    this.#flights.set(delivery.seq, { ...delivery, message });
  }

  /** Notes what has become of a delivery. */
  updateFlight(seq: number, packetId: number, released: boolean): void {
    const flight = this.#flights.get(seq);
    if (flight === undefined) return;
    this.#flights.set(seq, { ...flight, packetId, released });
  }

  /** Removes a delivery. */
  deleteFlight(seq: number): void {
    this.#flights.delete(seq);
  }

  /** Sets a topic's retained message. */
  putRetained(message: StoredMessage): void {
    this.#retained.set(message.topic, copyOf(message));
  }

  /** Removes a topic's retained message. */
  deleteRetained(topic: string): void {
    this.#retained.delete(topic);
  }

  /** Sets a value of a plugin. */
  putValue(value: StoredValue): void {
    const { plugin, key, bytes } = value;
    let values = this.#values.get(plugin);
    if (values === undefined) this.#values.set(plugin, values = new Map());
    values.set(key, { ...value, bytes: bytes.slice() });
  }

  /** Removes a value of a plugin. */
  deleteValue(plugin: string, key: string): void {
    this.#values.get(plugin)?.delete(key);
  }

  /** Removes all values of a plugin. */
  clearValues(plugin: string): void {
    this.#values.delete(plugin);
  }
}

/** The bytes of a batch are only lent. */
function copyOf(message: StoredMessage): StoredMessage {
  return {
    ...message,
    payload: message.payload.slice(),
    properties: message.properties.slice(),
  };
}
