/**
 * What observers get of clients and their sessions.
 *
 * @module
 */

import type { QoS, Session } from "./messages.ts";

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
