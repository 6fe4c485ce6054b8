/**
 * What observers get of messages.
 *
 * @module
 */

import type { ApplicationMessage, QoS } from "./messages.ts";

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
