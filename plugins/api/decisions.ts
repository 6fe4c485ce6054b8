/**
 * What plugins are asked, and what they answer.
 *
 * @module
 */

import type { QoS, Session } from "./messages.ts";

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
