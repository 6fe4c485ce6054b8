/**
 * The events of a broker, and the methods of a plugin that observe them.
 *
 * @module
 */

import type {
  AlarmClearedEvent,
  AlarmEvent,
  ConfigReloadedEvent,
  PluginFailedEvent,
} from "./broker_events.ts";
import type {
  AuthenticationFailedEvent,
  ClientEvent,
  SessionEvent,
  SubscribedEvent,
  UnsubscribedEvent,
} from "./client_events.ts";
import type {
  DeliveryEvent,
  MessageDroppedEvent,
  MessageEvent,
  MessageExpiredEvent,
  MessagesEvent,
  RetainedMessageEvent,
} from "./message_events.ts";
import type { PacketEvent } from "./packet_events.ts";

/**
 * The argument of each event, by the name of the method that gets it.
 *
 * @example
 * ```ts
 * import type { BrokerEvents } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * type Descriptions = {
 *   [Name in keyof BrokerEvents]?: (event: BrokerEvents[Name]) => string;
 * };
 *
 * const descriptions: Descriptions = {
 *   onBrokerClientConnected: ({ clientId }) => `${clientId} is there`,
 *   onBrokerAlarmCleared: ({ alarm }) => `${alarm} works again`,
 * };
 * assertEquals(
 *   descriptions.onBrokerAlarmCleared?.({ alarm: "store" }),
 *   "store works again",
 * );
 * ```
 */
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
  /**
   * PUBLISH packets of one client arrived together, and were handled. Told before the
   * broker waits for anything, and before their client is gone.
   */
  onBrokerMessagesReceived: MessagesEvent;
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
  /**
   * Something that the broker needs does not work: the store cannot be written (`store`),
   * memory runs short (`memory`), or a plugin fails too often (`plugin:<name>`).
   */
  onBrokerAlarmRaised: AlarmEvent;
  /** It works again. */
  onBrokerAlarmCleared: AlarmClearedEvent;
  /** A CONNECT was answered with a refusal. */
  onBrokerClientAuthenticationFailed: AuthenticationFailedEvent;
  /** A session began that was not there before. */
  onBrokerSessionCreated: SessionEvent;
  /** A client came back to its session. */
  onBrokerSessionResumed: SessionEvent;
  /** Another connection of the client takes the session over from one that was open. */
  onBrokerSessionTakenOver: SessionEvent;
  /** A session ended: its client stayed away or began anew, or it ends with the connection. */
  onBrokerSessionExpired: SessionEvent;
  /** A message was handed to a client's connection; not told of repetitions. */
  onBrokerMessageDelivered: DeliveryEvent;
  /** A client acknowledged a message of QoS 1 or 2 completely. */
  onBrokerMessageAcknowledged: DeliveryEvent;
  /** A client does not get a message, or nobody does. */
  onBrokerMessageDropped: MessageDroppedEvent;
  /** A message was too old to be delivered or kept. */
  onBrokerMessageExpired: MessageExpiredEvent;
  /** The will of a client was sent. */
  onBrokerWillSent: MessageEvent;
  /** A plugin failed. Not told of failures that this very method causes. */
  onBrokerPluginFailed: PluginFailedEvent;
}

/**
 * Name of an event, which is the name of the method that observes it.
 *
 * @example
 * ```ts
 * import { BasePlugin, type BrokerContext, type BrokerEventName } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Counts the events that the options name.
 * class Tally extends BasePlugin<{ events: BrokerEventName[] }> {
 *   constructor(context: BrokerContext<{ events: BrokerEventName[] }>) {
 *     super(context);
 *     for (const name of context.config.events) this[name] = () => context.count(name);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Tally, options: { events: ["onBrokerClientConnected"] } }],
 * });
 * await broker.connect();
 * const [{ counters }] = broker.broker.describePlugins();
 * assertEquals(counters, { onBrokerClientConnected: 1 });
 * ```
 */
export type BrokerEventName = keyof BrokerEvents;

/**
 * The observers that a plugin may implement. A promise is allowed everywhere.
 *
 * @example
 * ```ts
 * import type { BrokerObservers } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A host program may plug in an object; it needs no class.
 * const topics = new Set<string>();
 * const collector: BrokerObservers = {
 *   onBrokerMessageReceived: ({ message }) => void topics.add(message.topic),
 * };
 *
 * await using broker = await TestBroker.start({ plugins: [collector] });
 * const client = await broker.connect();
 * await client.publish("a/b", "x");
 * assertEquals([...topics], ["a/b"]);
 * ```
 */
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
  /**
   * PUBLISH packets of one client arrived together, and were handled. Told before the
   * broker waits for anything, and before their client is gone.
   */
  onBrokerMessagesReceived?(event: MessagesEvent): void | Promise<void>;
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
  /**
   * Something that the broker needs does not work: the store cannot be written (`store`),
   * memory runs short (`memory`), or a plugin fails too often (`plugin:<name>`).
   */
  onBrokerAlarmRaised?(event: AlarmEvent): void | Promise<void>;
  /** It works again. */
  onBrokerAlarmCleared?(event: AlarmClearedEvent): void | Promise<void>;
  /** A CONNECT was answered with a refusal. */
  onBrokerClientAuthenticationFailed?(
    event: AuthenticationFailedEvent,
  ): void | Promise<void>;
  /** A session began that was not there before. */
  onBrokerSessionCreated?(event: SessionEvent): void | Promise<void>;
  /** A client came back to its session. */
  onBrokerSessionResumed?(event: SessionEvent): void | Promise<void>;
  /** Another connection of the client takes the session over from one that was open. */
  onBrokerSessionTakenOver?(event: SessionEvent): void | Promise<void>;
  /** A session ended: its client stayed away or began anew, or it ends with the connection. */
  onBrokerSessionExpired?(event: SessionEvent): void | Promise<void>;
  /** A message was handed to a client's connection; not told of repetitions. */
  onBrokerMessageDelivered?(event: DeliveryEvent): void | Promise<void>;
  /** A client acknowledged a message of QoS 1 or 2 completely. */
  onBrokerMessageAcknowledged?(event: DeliveryEvent): void | Promise<void>;
  /** A client does not get a message, or nobody does. */
  onBrokerMessageDropped?(event: MessageDroppedEvent): void | Promise<void>;
  /** A message was too old to be delivered or kept. */
  onBrokerMessageExpired?(event: MessageExpiredEvent): void | Promise<void>;
  /** The will of a client was sent. */
  onBrokerWillSent?(event: MessageEvent): void | Promise<void>;
  /** A plugin failed. Not told of failures that this very method causes. */
  onBrokerPluginFailed?(event: PluginFailedEvent): void | Promise<void>;
}
