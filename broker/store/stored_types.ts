/**
 * What a store keeps for a broker.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";

/**
 * A message as a store keeps it.
 *
 * @example
 * ```ts
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.publish("lamp", "on", { retain: true });
 * await broker.shutdown();
 *
 * const [message] = store.retained();
 * assertEquals(message.topic, "lamp");
 * assertEquals(new TextDecoder().decode(message.payload), "on");
 * assertEquals(message.expiresAt, 0);
 * ```
 */
export interface StoredMessage {
  /** Topic name. */
  readonly topic: string;
  /** The payload. */
  readonly payload: Uint8Array;
  /** MQTT 5 properties that are passed on, as they stand in a packet. */
  readonly properties: Uint8Array;
  /** QoS that the publisher chose. */
  readonly qos: QoS;
  /** Whether the publisher asked for the message to be retained. */
  readonly retain: boolean;
  /** When it expires, in milliseconds since 1970; 0: never. */
  readonly expiresAt: number;
  /** Client identifier of the publisher. */
  readonly publisher: string | undefined;
}

/**
 * The will that a session has left.
 *
 * @example
 * ```ts
 * import { Batch, Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // What a broker has left that was killed while a lamp was connected.
 * const message = {
 *   topic: "lamp",
 *   payload: new TextEncoder().encode("gone"),
 *   properties: new Uint8Array(0),
 *   qos: 0,
 *   retain: true,
 *   expiresAt: 0,
 *   publisher: "lamp",
 * } as const;
 * const batch = new Batch();
 * batch.putSession({
 *   key: 1,
 *   clientId: "lamp",
 *   username: undefined,
 *   claimed: true,
 *   protocolVersion: 5,
 *   expiryInterval: 60,
 *   disconnectedAt: 0,
 *   will: { message, delay: 0, expiry: undefined },
 * });
 * const store = new MemoryStore();
 * await store.commit(batch);
 *
 * const { promise, resolve } = Promise.withResolvers<string>();
 * const plugin = {
 *   onBrokerWillSent: (event: { message: { topic: string } }) =>
 *     resolve(event.message.topic),
 * };
 * const listeners = { default: { type: "external" as const } };
 * await using broker = new Broker({ listeners, plugins: [plugin] }, {
 *   store,
 *   logger: silentLogger,
 * });
 * await broker.start();
 * assertEquals(await promise, "lamp");
 * ```
 */
export interface StoredWill {
  /** The message. */
  readonly message: StoredMessage;
  /** Seconds between the end of the connection and the will. */
  readonly delay: number;
  /** Message expiry interval in seconds; it begins when the will is sent. */
  readonly expiry: number | undefined;
}

/**
 * A session as a store keeps it.
 *
 * @example
 * ```ts
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.addSubscription("phone", "news", 1);
 * await broker.shutdown();
 *
 * const [session] = store.sessions();
 * assertEquals(session.clientId, "phone");
 * // No client has come for it yet.
 * assertEquals(session.claimed, false);
 * ```
 */
export interface StoredSession {
  /** What subscriptions and messages refer to; given by the broker, above 0. */
  readonly key: number;
  /** Client identifier. */
  readonly clientId: string;
  /** User name of who made it. */
  readonly username: string | undefined;
  /** Whether a client ever had it; else a plugin made it. */
  readonly claimed: boolean;
  /** Protocol level of its last connection. */
  readonly protocolVersion: 3 | 4 | 5;
  /** Seconds that it outlives its connection; `Infinity`: for ever. */
  readonly expiryInterval: number;
  /** When its connection ended, in milliseconds since 1970; 0 while there is one. */
  readonly disconnectedAt: number;
  /** The will, until it is sent or dropped. */
  readonly will: StoredWill | undefined;
}

/**
 * A subscription as a store keeps it.
 *
 * @example
 * ```ts
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.addSubscription("phone", "news/#", 1);
 * await broker.shutdown();
 *
 * const [session] = store.sessions();
 * const [subscription] = store.subscriptions();
 * assertEquals(subscription.session, session.key);
 * assertEquals([subscription.filter, subscription.qos], ["news/#", 1]);
 * ```
 */
export interface StoredSubscription {
  /** Key of the session. */
  readonly session: number;
  /** Topic filter as the client sent it. */
  readonly filter: string;
  /** Maximum QoS. */
  readonly qos: QoS;
  /** Whether the session's own messages are left out. */
  readonly noLocal: boolean;
  /** Whether the RETAIN flag stays as the publisher set it. */
  readonly retainAsPublished: boolean;
  /** Whether a plugin made it, which needs no right of the client. */
  readonly exempt: boolean;
  /** Subscription identifiers. */
  readonly identifiers: readonly number[];
}

/**
 * A message on its way to one session, without the message.
 *
 * @example
 * ```ts
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.addSubscription("phone", "news", 1);
 * broker.context.publish("news", "rain", { qos: 1 });
 * broker.context.publish("news", "sun", { qos: 1 });
 * await broker.shutdown();
 *
 * const [rain, sun] = store.deliveries();
 * assertEquals(rain.seq < sun.seq, true);
 * // The client has not been there: nothing was sent.
 * assertEquals([rain.qos, rain.packetId], [1, 0]);
 * ```
 */
export interface StoredDelivery {
  /** Place in the order of all deliveries; given by the broker, above 0. */
  readonly seq: number;
  /** Key of the session. */
  readonly session: number;
  /** What it counts in the session's queue, in bytes. */
  readonly weight: number;
  /** QoS of the delivery. */
  readonly qos: QoS;
  /** RETAIN flag of the delivery. */
  readonly retain: boolean;
  /** Packet identifier; 0 before it is sent first. */
  readonly packetId: number;
  /** Whether PUBREC came. */
  readonly released: boolean;
  /** Subscription identifiers. */
  readonly identifiers: readonly number[];
  /** The shared subscription that chose the session, as in its SUBSCRIBE. */
  readonly group: string | undefined;
}

/**
 * A message on its way to one session.
 *
 * @example
 * ```ts
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryStore();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.addSubscription("phone", "news", 1);
 * broker.context.publish("news", "rain", { qos: 1 });
 * await broker.shutdown();
 *
 * const seqs = [...store.deliveries()].map(({ seq }) => seq);
 * const [{ message, qos }] = store.read(seqs);
 * assertEquals([message.topic, qos], ["news", 1]);
 * assertEquals(new TextDecoder().decode(message.payload), "rain");
 * ```
 */
export interface StoredFlight extends StoredDelivery {
  /** The message. */
  readonly message: StoredMessage;
}

/**
 * What kind of value a plugin has stored.
 *
 * @example
 * ```ts
 * import type { StoredValue, ValueKind } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const readers: Record<ValueKind, (bytes: Uint8Array) => unknown> = {
 *   bytes: (bytes) => bytes,
 *   text: (bytes) => new TextDecoder().decode(bytes),
 *   json: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
 * };
 * const read = ({ kind, bytes }: StoredValue) => readers[kind](bytes);
 *
 * const bytes = new TextEncoder().encode("[1]");
 * assertEquals(read({ plugin: "p", key: "k", kind: "json", bytes }), [1]);
 * assertEquals(read({ plugin: "p", key: "k", kind: "text", bytes }), "[1]");
 * ```
 */
export type ValueKind = "bytes" | "text" | "json";

/**
 * A value of a plugin as a store keeps it.
 *
 * @example
 * ```ts
 * import { BasePlugin } from "@dinomq/broker/plugins";
 * import { Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * class Starts extends BasePlugin {
 *   override async onBrokerPostStart(): Promise<void> {
 *     const { storage } = this.context;
 *     await storage.set("starts", 1 + (await storage.get("starts") as number ?? 0));
 *   }
 * }
 *
 * const store = new MemoryStore();
 * for (let i = 0; i < 2; i++) {
 *   const listeners = { default: { type: "external" as const } };
 *   const config = { listeners, plugins: [Starts] };
 *   const broker = new Broker(config, { store, logger: silentLogger });
 *   await broker.start();
 *   await broker.shutdown();
 * }
 * const [value] = store.values();
 * assertEquals([value.plugin, value.key, value.kind], ["Starts", "starts", "json"]);
 * assertEquals(new TextDecoder().decode(value.bytes), "2");
 * ```
 */
export interface StoredValue {
  /** Name of the plugin. */
  readonly plugin: string;
  /** The key. */
  readonly key: string;
  /** How the bytes are to be read. */
  readonly kind: ValueKind;
  /** The value; texts and JSON in UTF-8. */
  readonly bytes: Uint8Array;
}
