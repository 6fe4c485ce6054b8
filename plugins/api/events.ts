/**
 * What observers get: the events of a broker and their arguments.
 *
 * @module
 */

import type { Packet as MqttPacket } from "mqtt-packet";
import type { ApplicationMessage, QoS, Session } from "./messages.ts";

/** A packet as the package `mqtt-packet` describes it; `cmd` says which kind it is. */
export type Packet = MqttPacket;

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
  /** What it is: `store`; `memory` if there is too little; `plugin:` and the name of a plugin. */
  readonly alarm: string;
  /** What is wrong and what helps. */
  readonly message: string;
}

/** `onBrokerAlarmCleared`: it works again. */
export interface AlarmClearedEvent {
  /** What it is: `store`, `memory`, or `plugin:` and the name of a plugin. */
  readonly alarm: string;
}

/** `onBrokerConfigReloaded`: another configuration is in use. */
export interface ConfigReloadedEvent {
  /** What does not change before the broker is started again, by its path in the configuration. */
  readonly restart: readonly string[];
}

/** `onBrokerClientAuthenticationFailed`: a CONNECT was answered with a refusal. */
export interface AuthenticationFailedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** User name; absent if the client sent none. */
  readonly username: string | undefined;
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Name of the listener that accepted the connection. */
  readonly listener: string;
  /** Reason code of MQTT 5 that says why; 0x86 and 0x87 mean that nobody vouched for it. */
  readonly reasonCode: number;
}

/** `onBrokerSessionCreated` and the like: a session began, goes on or has ended. */
export interface SessionEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** The session. */
  readonly clientSession: Session;
}

/** `onBrokerMessageDelivered`, `onBrokerMessageAcknowledged`: a message reached a client. */
export interface DeliveryEvent {
  /** Client that gets the message. */
  readonly clientId: string;
  /** The message. */
  readonly message: ApplicationMessage;
  /** QoS with which it was sent. */
  readonly qos: QoS;
}

/**
 * Why a message was dropped: a name in `BrokerStats.dropped`, such as
 * `queue_full`, or `no_subscribers`.
 */
export type DropReason = string;

/** `onBrokerMessageDropped`: a client does not get a message, or nobody does. */
export interface MessageDroppedEvent {
  /** Client that does not get it; `null`: nobody does. */
  readonly clientId: string | null;
  /** The message. */
  readonly message: ApplicationMessage;
  /** Why. */
  readonly reason: DropReason;
}

/** `onBrokerMessageExpired`: a message was too old. */
export interface MessageExpiredEvent {
  /** Client in whose queue it was; `null`: it was retained. */
  readonly clientId: string | null;
  /** The message. */
  readonly message: ApplicationMessage;
}

/** `onBrokerPluginFailed`: a method of a plugin threw, or did not answer in time. */
export interface PluginFailedEvent {
  /** Name of the plugin. */
  readonly plugin: string;
  /** The method. */
  readonly method: string;
  /** What was thrown. */
  readonly error: unknown;
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

/** Name of an event, which is the name of the method that observes it. */
export type BrokerEventName = keyof BrokerEvents;

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
