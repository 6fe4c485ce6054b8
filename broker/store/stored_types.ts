/**
 * What a store keeps for a broker.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";

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
