/**
 * What interceptors of messages get, and what they may change.
 *
 * @module
 */

import type { Drop, Refusal, Unchanged } from "./answers.ts";
import type {
  ApplicationMessage,
  MessageProperties,
  QoS,
  Session,
} from "./messages.ts";

/** What an interceptor may change of a message. */
export interface MessageChanges {
  /** Topic name. */
  topic?: string;
  /** The payload. */
  payload?: Uint8Array | string;
  /** MQTT 5 properties; they replace all that the message has. */
  properties?: MessageProperties;
}

/** The argument of `interceptPublish`: a client's PUBLISH, before rights are asked for. */
export interface PublishEvent {
  /** The client's session. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
}

/** What `interceptPublish` may change. */
export interface PublishChanges extends MessageChanges {
  /** QoS with which subscribers get it at most; the client is acknowledged as it asked. */
  qos?: QoS;
  /** Whether the message is retained. */
  retain?: boolean;
}

/** What `interceptPublish` answers; a promise delays the message and those behind it. */
export type PublishAnswer = PublishChanges | Drop | Refusal | Unchanged;

/**
 * The argument of `interceptDeliver`: a message about to be delivered to one client.
 * It is asked once for each message and client, before the message is sent or queued,
 * whether the client is connected or not; a retained message that answers a
 * subscription is no exception. What waits for the client is what was answered.
 */
export interface DeliverEvent {
  /** The session that gets it. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
  /** QoS with which the client gets it. */
  readonly qos: QoS;
  /** The retain flag that the client sees. */
  readonly retain: boolean;
}

/** What `interceptDeliver` answers: what this client gets, or that it gets nothing. */
export type DeliverAnswer = MessageChanges | Drop | Refusal | Unchanged;

/** The argument of `interceptWill`: a will is left, or is about to be sent. */
export interface WillEvent {
  /** The session. */
  readonly session: Session;
  /** The will. */
  readonly will: ApplicationMessage;
  /** `register`: the client connects. `fire`: the will is about to be sent. */
  readonly phase: "register" | "fire";
}

/**
 * What `interceptWill` answers. When the client connects, a refusal refuses it and
 * `drop` lets it in without a will; later both keep the will from being sent.
 */
export type WillAnswer = PublishChanges | Drop | Refusal | Unchanged;

/** The argument of `interceptRetain`: a message is about to become its topic's retained one. */
export interface RetainEvent {
  /** The message; an empty payload removes the retained one. */
  readonly message: ApplicationMessage;
}

/**
 * What `interceptRetain` answers: what is retained, or that nothing changes (`drop`
 * or a refusal; subscribers get the message all the same). A promise is a mistake,
 * and nothing is retained then.
 */
export type RetainAnswer =
  | Omit<MessageChanges, "topic">
  | Drop
  | Refusal
  | Unchanged;
