/**
 * What the broker offers to plugins.
 *
 * @module
 */

import type { Logger } from "./logging.ts";
import type {
  ApplicationMessage,
  MessageProperties,
  QoS,
  Session,
  SubscriptionInfo,
} from "./messages.ts";

/** Options of a publication by a plugin or a host program. */
export interface PublishOptions {
  /** QoS of the message. Default: 0. */
  qos?: QoS;
  /** Whether the message becomes the topic's retained one. Default: `false`. */
  retain?: boolean;
  /** MQTT 5 properties. */
  properties?: MessageProperties;
}

/** How a client is disconnected by a plugin. */
export interface DisconnectOptions {
  /** Reason code for MQTT 5 clients. Default: 0x98, administrative action. */
  reasonCode?: number;
  /** Text for MQTT 5 clients. */
  reasonString?: string;
  /** Whether the session is deleted too. Default: `false`. */
  deleteSession?: boolean;
  /** Whether the will is sent. Default: `true`. */
  sendWill?: boolean;
}

/** The retained messages. */
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
}

/** Counters of the broker since its start, and its present state. */
export interface BrokerStats {
  /** When the broker started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Bytes that clients sent. */
  readonly bytesReceived: number;
  /** Bytes that were sent to clients. */
  readonly bytesSent: number;
  /** Packets of any type that clients sent. */
  readonly packetsReceived: number;
  /** Packets of any type that were sent to clients. */
  readonly packetsSent: number;
  /** PUBLISH packets that clients sent. */
  readonly publishReceived: number;
  /** PUBLISH packets that were sent to clients. */
  readonly publishSent: number;
  /** Messages that were not delivered, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /**
   * How often each limit was reached, by its name in the configuration
   * (`maxConnections`); those that never were are absent.
   */
  readonly limits: Readonly<Record<string, number>>;
  /** Clients that are connected. */
  readonly clientsConnected: number;
  /** Sessions without a connection. */
  readonly clientsDisconnected: number;
  /** The most clients that were connected at one time. */
  readonly clientsMaximum: number;
  /** QoS 2 messages from clients that are not released yet. */
  readonly inflightIn: number;
  /** Messages to clients that are not acknowledged yet. */
  readonly inflightOut: number;
  /** Messages that wait in the queues of sessions. */
  readonly queued: number;
  /** What they weigh in bytes; one that waits for several clients counts for each. */
  readonly queuedBytes: number;
  /** Retained messages. */
  readonly retained: number;
  /** Subscriptions. */
  readonly subscriptions: number;
}

/** What every plugin gets, whatever it is plugged into. */
export interface BaseContext<Config = unknown> {
  /** Name of the plugin: its alias or class name. */
  readonly name: string;
  /** Logger with the plugin's name. */
  readonly logger: Logger;
  /** The plugin's own options, checked by its schema. */
  readonly config: Config;
  /** The whole configuration of the broker. Frozen. */
  readonly brokerConfig: Readonly<Record<string, unknown>>;
  /** Aborts when the plugin is closed. */
  readonly signal: AbortSignal;
  /**
   * Adds to one of the plugin's own counters; `Broker.describePlugins()` shows
   * them.
   *
   * @param counter Name of the counter, in camel case.
   * @param by How much to add. Default: 1.
   */
  count(counter: string, by?: number): void;
}

/** The context of a broker's plugin: everything that the broker offers it. */
export interface BrokerContext<Config = unknown> extends BaseContext<Config> {
  /** The sessions, connected or not. */
  readonly sessions: Iterable<Session>;
  /** The retained messages. */
  readonly retained: RetainedService;
  /** The session of a client. */
  getSession(clientId: string): Session | undefined;
  /**
   * Publishes to all subscribers, without asking the plugins for the right to
   * publish. aMQTT's `broadcast_message`.
   *
   * @throws {TypeError} If the topic name is not valid.
   */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions,
  ): void;
  /**
   * Sends to one client, whatever it has subscribed to. A message of QoS 1 or 2
   * is queued if the session exists and its client is away.
   *
   * @returns Whether the message was sent or queued.
   * @throws {TypeError} If the topic name is not valid.
   */
  publishTo(
    clientId: string,
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions,
  ): boolean;
  /**
   * Calls `handler` with every message whose topic `filter` selects, whoever
   * published it: a client that may, a will, or a plugin. It is called before
   * subscribers get the message, and must not take long. Possible from
   * `onBrokerPreStart` on.
   *
   * @returns Ends it; so does the end of the plugin.
   * @throws {TypeError} If the topic filter is not valid.
   */
  subscribe(
    filter: string,
    handler: (message: ApplicationMessage) => void,
  ): () => void;
  /**
   * Subscribes a client, without asking the plugins for the right; a session is made
   * if it has none.
   *
   * @throws {TypeError} If the topic filter is not valid.
   */
  addSubscription(clientId: string, filter: string, qos?: QoS): void;
  /** Removes a subscription; says whether there was one. */
  removeSubscription(clientId: string, filter: string): boolean;
  /** The subscriptions of one client, or of all. */
  subscriptions(clientId?: string): Iterable<SubscriptionInfo>;
  /**
   * Asks the plugins about every subscription again, and removes what they do not
   * grant any more. To be called when rights have changed; of a session that a
   * client takes up again it happens by itself. What a plugin subscribed to stays.
   * The client is not told, which MQTT has no way to do.
   *
   * @returns How many subscriptions were removed.
   */
  recheckSubscriptions(): Promise<number>;
  /**
   * Disconnects a client; says whether there was anything to do.
   *
   * @throws {RangeError} If a DISCONNECT cannot carry the reason code.
   */
  disconnect(clientId: string, options?: DisconnectOptions): boolean;
  /** Whether a topic filter selects a topic name. */
  matches(filter: string, topic: string): boolean;
  /** Whether everything that `requested` selects is selected by `granted` too. */
  covers(granted: string, requested: string): boolean;
  /** Counters and state. */
  stats(): BrokerStats;
  /** Calls `callback` every `milliseconds`, until the plugin is closed. */
  setInterval(callback: () => unknown, milliseconds: number): void;
  /** Calls `callback` once after `milliseconds`, unless the plugin is closed before. */
  setTimeout(callback: () => unknown, milliseconds: number): void;
}
