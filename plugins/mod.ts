/**
 * What a plugin author imports: the base classes, the context with the broker's
 * services, and the types of every event.
 *
 * A method that begins with `on` observes and cannot change anything;
 * `authenticate` and `topicFiltering` decide. A plugin implements only what it
 * needs: a hook that nobody implements costs the broker nothing.
 *
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 *
 * export default class Greeter extends BasePlugin {
 *   override onBrokerClientConnected({ clientId }: ClientEvent): void {
 *     this.context.logger.info(`Hello, ${clientId}`);
 *   }
 * }
 * ```
 *
 * @module
 */

import type { Packet as MqttPacket } from "mqtt-packet";

/** A packet as the package `mqtt-packet` describes it; `cmd` says which kind it is. */
export type Packet = MqttPacket;

// -- Logging --

/** How much a message of the log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes to the broker's log. */
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

// -- Validation of options --

/**
 * Any validator that follows the Standard Schema specification, version 1: zod,
 * valibot, arktype and others.
 */
export interface StandardSchema<Output = unknown> {
  /** The properties of the specification. */
  readonly "~standard": {
    /** Version of the specification. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks `value`; the result holds the value or the issues. */
    readonly validate: (
      value: unknown,
    ) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** Types only; never set. */
    readonly types?: { readonly input: unknown; readonly output: Output };
  };
}

/** What a {@linkcode StandardSchema} answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> };

/** One thing that is wrong with a value. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where: the keys from the outside to the inside. */
  readonly path?:
    | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
    | undefined;
}

// -- Messages and sessions --

/** Quality of service: at most once, at least once, exactly once. */
export type QoS = 0 | 1 | 2;

/** The properties of a message that MQTT 5 adds. */
export interface MessageProperties {
  /** Whether the payload is UTF-8 text. */
  payloadFormatIndicator?: boolean;
  /** Seconds that the message has left to live. */
  messageExpiryInterval?: number;
  /** MIME type, or any other name, of the payload. */
  contentType?: string;
  /** Where an answer goes. */
  responseTopic?: string;
  /** What the answer must carry, so that it is recognised. */
  correlationData?: Uint8Array;
  /** Names and values in their order; a name may occur more than once. */
  userProperties?: ReadonlyArray<readonly [name: string, value: string]>;
}

/** A message on its way through the broker. */
export interface ApplicationMessage {
  /** Topic name. */
  readonly topic: string;
  /** The payload. Do not change it: others see the same bytes. */
  readonly payload: Uint8Array;
  /** QoS that the publisher chose. */
  readonly qos: QoS;
  /** Whether the publisher asked for the message to be retained. */
  readonly retain: boolean;
  /** MQTT 5 properties; absent if there are none. */
  readonly properties?: MessageProperties;
  /** Client that published it; absent if the broker or a plugin did. */
  readonly publisher?: string;
}

/** What the broker knows of a client's certificate. */
export interface PeerCertificate {
  /** Common name of the subject. */
  readonly commonName: string;
  /**
   * Subject alternative names as OpenSSL writes them: `URI:spiffe://…, DNS:…`. For
   * people: a name may itself hold a comma and another name.
   */
  readonly subjectAltName: string;
  /** The URIs among the subject alternative names, in their order. */
  readonly uris: readonly string[];
  /** SHA-256 fingerprint, hexadecimal with colons. */
  readonly fingerprint256: string;
}

/**
 * A client's session as plugins see it. It outlives the connection if the client
 * asked for that.
 */
export interface Session {
  /** Client identifier, also when the broker assigned it. */
  readonly clientId: string;
  /** User name; absent if the client sent none. */
  readonly username: string | undefined;
  /** Password; present only while the client is being authenticated. */
  readonly password: Uint8Array | undefined;
  /** Whether the client connected without a user name. */
  readonly isAnonymous: boolean;
  /** Protocol level: 3 (MQTT 3.1), 4 (3.1.1) or 5. */
  readonly protocolVersion: 3 | 4 | 5;
  /** Whether the client asked for a new session. */
  readonly cleanStart: boolean;
  /** Seconds that the session outlives its connection; `Infinity`: for ever. */
  readonly expiryInterval: number;
  /** Keep alive in seconds; 0: none. */
  readonly keepAlive: number;
  /** Whether the client is connected now. */
  readonly connected: boolean;
  /** Whether this connection found an earlier session. */
  readonly sessionPresent: boolean;
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the client; 0 for a Unix socket. */
  readonly remotePort: number;
  /** Name of the listener that accepted the connection. */
  readonly listener: string;
  /** The client's certificate, if it showed one that the listener trusts. */
  readonly peerCertificate: PeerCertificate | undefined;
  /** The will, if the client left one and it was not sent or deleted. */
  readonly will: ApplicationMessage | undefined;
  /** Time of the last CONNECT, in milliseconds since 1970. */
  readonly connectedAt: number;
  /** Time of the last disconnection; 0 if there was none. */
  readonly disconnectedAt: number;
  /** Messages that were sent and are not acknowledged yet. */
  readonly inflightCount: number;
  /** Messages that wait to be sent. */
  readonly queuedCount: number;
  /** Room for plugins; prefix the keys with the plugin's name. Lives as long as the session. */
  readonly attributes: Map<string, unknown>;
}

/** A subscription of a client. */
export interface SubscriptionInfo {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it, `$share/…` included. */
  readonly filter: string;
  /** Maximum QoS. */
  readonly qos: QoS;
}

// -- Events --

/** `onBrokerClientConnected`, `onBrokerClientDisconnected`: a client came or went. */
export interface ClientEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Its session. */
  readonly clientSession: Session;
}

/** `onBrokerClientSubscribed`: one filter was granted. */
export interface SubscribedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it. */
  readonly topic: string;
  /** QoS that was asked for. */
  readonly qos: QoS;
}

/** `onBrokerClientUnsubscribed`: one filter was removed. */
export interface UnsubscribedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it. */
  readonly topic: string;
}

/** `onBrokerMessageReceived`, `onBrokerMessageBroadcast`: a client published. */
export interface MessageEvent {
  /** Client that published. */
  readonly clientId: string;
  /** The message. */
  readonly message: ApplicationMessage;
}

/**
 * `onBrokerRetainedMessage`: a retained message was set (`clientId` is `null`) or
 * cleared (the payload is empty too), or a message was queued for the offline
 * client `clientId`.
 */
export interface RetainedMessageEvent {
  /** The offline client, or `null` for a topic's retained message. */
  readonly clientId: string | null;
  /** The message. */
  readonly retainedMessage: ApplicationMessage;
}

/** `onMqttPacketReceived`, `onMqttPacketSent`: a packet passed. */
export interface PacketEvent {
  /** The packet as `mqtt-packet` describes it. The password of a CONNECT is left out. */
  readonly packet: Packet;
  /** The session, once the client has one. */
  readonly session?: Session;
}

/** `onBrokerAlarmRaised`: something that the broker needs does not work. */
export interface AlarmEvent {
  /** What it is: `store`. */
  readonly alarm: string;
  /** What is wrong and what helps. */
  readonly message: string;
}

/** `onBrokerAlarmCleared`: it works again. */
export interface AlarmClearedEvent {
  /** What it is: `store`. */
  readonly alarm: string;
}

/** `onBrokerConfigReloaded`: another configuration is in use. */
export interface ConfigReloadedEvent {
  /** What does not change before the broker is started again, by its path in the configuration. */
  readonly restart: readonly string[];
}

/** The argument of each event, by the name of the method that gets it. */
export interface BrokerEvents {
  /** Before the first listener opens. Awaited. */
  onBrokerPreStart: void;
  /** When every listener is open. Awaited. */
  onBrokerPostStart: void;
  /** Before the broker closes anything. Awaited. */
  onBrokerPreShutdown: void;
  /** When everything is closed. Awaited. */
  onBrokerPostShutdown: void;
  /** After the CONNACK that accepts a client. */
  onBrokerClientConnected: ClientEvent;
  /** After a client's connection ended, for whatever reason. */
  onBrokerClientDisconnected: ClientEvent;
  /** After the SUBACK, once for each granted filter, before its retained messages. */
  onBrokerClientSubscribed: SubscribedEvent;
  /** After the UNSUBACK, once for each filter. */
  onBrokerClientUnsubscribed: UnsubscribedEvent;
  /** A client's PUBLISH arrived; nothing has been decided yet. */
  onBrokerMessageReceived: MessageEvent;
  /** A client's PUBLISH may pass; subscribers get it next. */
  onBrokerMessageBroadcast: MessageEvent;
  /** A retained message changed, or a message was queued for an offline client. */
  onBrokerRetainedMessage: RetainedMessageEvent;
  /** A packet was decoded; nothing has been done with it yet. */
  onMqttPacketReceived: PacketEvent;
  /** A packet was handed to a client's connection. */
  onMqttPacketSent: PacketEvent;
  /** Another configuration is in use. */
  onBrokerConfigReloaded: ConfigReloadedEvent;
  /** Something that the broker needs does not work: the store cannot be written. */
  onBrokerAlarmRaised: AlarmEvent;
  /** It works again. */
  onBrokerAlarmCleared: AlarmClearedEvent;
}

/** Name of an event, which is the name of the method that observes it. */
export type BrokerEventName = keyof BrokerEvents;

// -- Decisions --

/** A refusal with the reason that MQTT 5 clients are told. */
export interface Denial {
  /** Always `false`; tells a denial from other objects. */
  readonly allow: false;
  /**
   * Reason code of MQTT 5, 0x80 or above; one that the answer cannot carry becomes
   * the default. Default: 0x87, not authorized.
   */
  readonly reasonCode?: number;
  /** Text for the client; of a long one the first 1024 characters. */
  readonly reasonString?: string;
}

/**
 * What a plugin answers to a question: `true` (yes), `false` or a
 * {@linkcode Denial} (no), nothing (it does not decide).
 */
export type Decision = boolean | Denial | null | undefined | void;

/** What a client wants with a topic. `receive`: a message is about to be delivered to it. */
export type Action = "publish" | "subscribe" | "receive";

/** The argument of `authenticate`. */
export interface AuthenticateEvent {
  /**
   * The session that the client would get; its `password` is set. A plugin that knows
   * the user by other means, such as a certificate, may set `username`.
   */
  readonly session: Session & { username: string | undefined };
}

/** The argument of `topicFiltering`. */
export interface TopicFilteringEvent {
  /** The client's session. */
  readonly session: Session;
  /**
   * Topic name (`publish`, `receive`) or topic filter (`subscribe`; of a shared
   * subscription the inner filter).
   */
  readonly topic: string;
  /** What the client wants with it. */
  readonly action: Action;
  /** QoS of the message or of the subscription asked for. */
  readonly qos: QoS;
  /** Whether the message is to be retained, or is a retained one (`receive`). */
  readonly retain: boolean;
}

/** The argument of `enhancedAuthenticate`: one step of an MQTT 5 AUTH exchange. */
export interface EnhancedAuthEvent {
  /** The session; of a first authentication the one that the client would get. */
  readonly session: Session;
  /** Authentication method. */
  readonly method: string;
  /** Authentication data of this step. */
  readonly data: Uint8Array | undefined;
  /** Whether a connected client authenticates itself again. */
  readonly reauthentication: boolean;
  /** Which step of this exchange: 1 is the CONNECT or the re-authenticating AUTH. */
  readonly step: number;
}

/** What `enhancedAuthenticate` answers; nothing: the method is not this plugin's. */
export type EnhancedAuthResult =
  | { readonly result: "success"; readonly data?: Uint8Array }
  | { readonly result: "continue"; readonly data?: Uint8Array }
  | Denial
  | false
  | null
  | undefined
  | void;

// -- Context --

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

// -- Base classes --

/** The observers that a plugin may implement. A promise is allowed everywhere. */
export interface BrokerObservers {
  /** Before the first listener opens. Awaited. */
  onBrokerPreStart?(): void | Promise<void>;
  /** When every listener is open. Awaited. */
  onBrokerPostStart?(): void | Promise<void>;
  /** Before the broker closes anything. Awaited. */
  onBrokerPreShutdown?(): void | Promise<void>;
  /** When everything is closed. Awaited. */
  onBrokerPostShutdown?(): void | Promise<void>;
  /** After the CONNACK that accepts a client. */
  onBrokerClientConnected?(event: ClientEvent): void | Promise<void>;
  /** After a client's connection ended, for whatever reason. */
  onBrokerClientDisconnected?(event: ClientEvent): void | Promise<void>;
  /** After the SUBACK, once for each granted filter, before its retained messages. */
  onBrokerClientSubscribed?(event: SubscribedEvent): void | Promise<void>;
  /** After the UNSUBACK, once for each filter. */
  onBrokerClientUnsubscribed?(event: UnsubscribedEvent): void | Promise<void>;
  /** A client's PUBLISH arrived; nothing has been decided yet. */
  onBrokerMessageReceived?(event: MessageEvent): void | Promise<void>;
  /** A client's PUBLISH may pass; subscribers get it next. */
  onBrokerMessageBroadcast?(event: MessageEvent): void | Promise<void>;
  /** A retained message changed, or a message was queued for an offline client. */
  onBrokerRetainedMessage?(event: RetainedMessageEvent): void | Promise<void>;
  /** A packet was decoded; nothing has been done with it yet. */
  onMqttPacketReceived?(event: PacketEvent): void | Promise<void>;
  /** A packet was handed to a client's connection. */
  onMqttPacketSent?(event: PacketEvent): void | Promise<void>;
  /** Another configuration is in use. */
  onBrokerConfigReloaded?(event: ConfigReloadedEvent): void | Promise<void>;
  /** Something that the broker needs does not work: the store cannot be written. */
  onBrokerAlarmRaised?(event: AlarmEvent): void | Promise<void>;
  /** It works again. */
  onBrokerAlarmCleared?(event: AlarmClearedEvent): void | Promise<void>;
}

/**
 * Base class of every plugin.
 *
 * A subclass may declare `static config`, a {@linkcode StandardSchema} for its
 * options, and implements any of the events of {@linkcode BrokerEvents} as a
 * method. Follows aMQTT's `BasePlugin`.
 */
export class BasePlugin<Config = unknown> {
  /** Checks the options; without it they arrive as they were written. */
  static config?: StandardSchema;

  /** The broker's services. */
  readonly context: BrokerContext<Config>;

  /**
   * Creates the plugin. Nothing is listening yet.
   *
   * @param context The broker's services.
   */
  constructor(context: BrokerContext<Config>) {
    this.context = context;
  }

  /** The plugin's own options. */
  get config(): Config {
    return this.context.config;
  }

  /** Called once when the broker stops or a later plugin could not be loaded. */
  close(): void | Promise<void> {}
}

/**
 * Takes new options into use. It must not fail: what can, belongs before it. Nothing
 * instead of a function means that the new options need a restart.
 */
export type ConfigChange =
  | (() => void | Promise<void>)
  | null
  | undefined
  | void;

/** The events of {@linkcode BrokerEvents} and more, as optional methods of a plugin. */
export interface BasePlugin<Config = unknown> extends BrokerObservers {
  /**
   * Called at every reload of the configuration, also if the options are the same:
   * a file that they name may have changed. Prepares everything and changes nothing
   * yet; throwing refuses the whole reload. When all plugins have agreed, `config`
   * is exchanged and the function that was returned is called.
   *
   * @param config The new options, checked by the plugin's schema.
   * @returns What takes them into use, or nothing if a restart is needed.
   *
   * @example
   * ```ts
   * import { BasePlugin, type ConfigChange } from "@dinomq/broker/plugins";
   *
   * class Greeter extends BasePlugin<{ file: string }> {
   *   #greeting = Deno.readTextFileSync(this.config.file);
   *
   *   override onConfigChanged({ file }: { file: string }): ConfigChange {
   *     const greeting = Deno.readTextFileSync(file);
   *     return () => void (this.#greeting = greeting);
   *   }
   * }
   * ```
   */
  onConfigChanged?(config: Config): ConfigChange | Promise<ConfigChange>;
}

/**
 * Base class of plugins that decide who may connect. Follows aMQTT's
 * `BaseAuthPlugin`.
 */
export abstract class BaseAuthPlugin<Config = unknown>
  extends BasePlugin<Config> {
  /**
   * Decides whether a client may connect. Throwing, or not answering in time, denies.
   *
   * @param event The session with user name and password.
   * @returns `true`, `false`, a {@linkcode Denial}, or nothing to abstain.
   */
  abstract authenticate(
    event: AuthenticateEvent,
  ): Decision | Promise<Decision>;

  /**
   * One step of enhanced authentication (MQTT 5, section 4.12).
   *
   * @param event Method and data of the step.
   * @returns The next step, or nothing if the method is not this plugin's.
   */
  enhancedAuthenticate?(
    event: EnhancedAuthEvent,
  ): EnhancedAuthResult | Promise<EnhancedAuthResult>;
}

/**
 * Base class of plugins that decide about topics. Follows aMQTT's
 * `BaseTopicPlugin`.
 */
export abstract class BaseTopicPlugin<Config = unknown>
  extends BasePlugin<Config> {
  /**
   * The topics that are this plugin's own: those that begin with this text, which
   * begins with `$` and ends with `/`, such as `"$shadow/"`. Clients may publish to
   * them although they begin with `$`, and the plugin decides about no others.
   * Default: none; the plugin decides about all topics.
   */
  declare readonly topicPrefix?: string;

  /**
   * Decides whether a client may publish to a topic, subscribe to a filter or
   * receive a message. Throwing, or not answering in time, denies.
   *
   * @param event Session, topic and action.
   * @returns `true`, `false`, a {@linkcode Denial}, or nothing to abstain.
   */
  abstract topicFiltering(
    event: TopicFilteringEvent,
  ): Decision | Promise<Decision>;
}
