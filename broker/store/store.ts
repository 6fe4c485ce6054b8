/**
 * What a store keeps for a broker, and what it must be able to do.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Batch } from "./batch.ts";

/** A message as a store keeps it. */
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

/** The will that a session has left. */
export interface StoredWill {
  /** The message. */
  readonly message: StoredMessage;
  /** Seconds between the end of the connection and the will. */
  readonly delay: number;
  /** Message expiry interval in seconds; it begins when the will is sent. */
  readonly expiry: number | undefined;
}

/** A session as a store keeps it. */
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

/** A subscription as a store keeps it. */
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

/** A message on its way to one session, without the message. */
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

/** A message on its way to one session. */
export interface StoredFlight extends StoredDelivery {
  /** The message. */
  readonly message: StoredMessage;
}

/** What kind of value a plugin has stored. */
export type ValueKind = "bytes" | "text" | "json";

/** A value of a plugin as a store keeps it. */
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

/** The message of deliveries that a batch adds. */
export interface MessageBody {
  /** Tells messages of the batch apart; the same for all deliveries of a message. */
  readonly place: number;
  /** How many deliveries of the batch have the message. */
  readonly uses: number;
  /** The message as bytes, a view; {@linkcode decodeMessage} reads them. */
  readonly bytes: Uint8Array;
}

/** Takes the operations of a {@linkcode Batch}, in their order. */
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

/**
 * Keeps what must outlive the broker: sessions with their subscriptions, messages
 * on their way, retained messages, wills and what plugins have stored.
 *
 * Reading is synchronous and serves the start of the broker and queues that do not
 * fit in memory; it sees what is committed. Writing is one batch at a time.
 */
export interface Store {
  /** What it is, for the log. */
  readonly name: string;
  /** Whether what it keeps is deleted when the broker stops as it should. */
  readonly temporary: boolean;

  /**
   * Opens the store; nothing else is called before.
   *
   * @throws {StoreError} If it cannot be used, with the reason and the remedy.
   */
  open(): Promise<void>;

  /** All sessions. */
  sessions(): Iterable<StoredSession>;
  /** All subscriptions. */
  subscriptions(): Iterable<StoredSubscription>;
  /** The QoS 2 messages that clients have not released. */
  incoming(): Iterable<{ readonly session: number; readonly packetId: number }>;
  /** All deliveries in the order of `seq`, without their messages. */
  deliveries(): Iterable<StoredDelivery>;
  /** All retained messages. */
  retained(): Iterable<StoredMessage>;
  /** All values of plugins, in any order. */
  values(): Iterable<StoredValue>;

  /**
   * Reads deliveries with their messages.
   *
   * @param seqs Which, ascending; those that are missing are left out.
   * @returns The deliveries in that order.
   */
  read(seqs: readonly number[]): StoredFlight[];

  /**
   * Writes a batch: all of it or nothing. The broker calls it again only when the
   * promise has settled, with the same batch (perhaps longer) if it was rejected.
   *
   * @param batch The operations; not changed until the promise settles.
   * @throws {StoreError} If nothing was written.
   */
  commit(batch: Batch): Promise<void>;

  /** Closes the store. */
  close(): Promise<void>;
}

/** What is wrong with a store. */
export type StoreProblem =
  | "locked"
  | "newer"
  | "corrupt"
  | "full"
  | "readonly"
  | "unreadable"
  | "failed";

/** A store cannot be used, or a batch could not be written. */
export class StoreError extends Error {
  /** What is wrong. */
  readonly problem: StoreProblem;

  /**
   * Creates the error.
   *
   * @param problem What is wrong.
   * @param message The same for people, with the remedy.
   * @param options The cause.
   */
  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.problem = problem;
  }
}
