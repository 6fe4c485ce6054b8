/**
 * What interceptors of CONNECT and CONNACK get, and what they may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { Session } from "./messages.ts";

/** The argument of `interceptConnect`: a CONNECT, before anyone asked who it is. */
export interface ConnectEvent {
  /** The session that the client would get; its `password` is set. */
  readonly session: Session;
  /** User properties of the CONNECT; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/** What `interceptConnect` may change. */
export interface ConnectChanges {
  /** Client identifier. */
  clientId?: string;
  /** User name. */
  username?: string;
  /** Password. */
  password?: Uint8Array;
  /**
   * Keep alive in seconds, 0 to 65535. Only a client of MQTT 5 is told: another one
   * that is given less than it asked for may be cut off.
   */
  keepAlive?: number;
  /** Seconds that the session outlives its connection; not above the broker's limit. */
  expiryInterval?: number;
  /** Whether an earlier session is deleted. */
  cleanStart?: boolean;
}

/** What `interceptConnect` answers. */
export type ConnectAnswer = ConnectChanges | Refusal | Unchanged;

/**
 * The argument of `interceptConnack`: the client is authenticated, and its session is
 * about to become its.
 */
export interface ConnackEvent {
  /** The session that the client asks for. */
  readonly session: Session;
  /** Whether an earlier session will be found. */
  readonly sessionPresent: boolean;
  /** User properties that the CONNACK will have. */
  readonly userProperties: ReadonlyArray<
    readonly [name: string, value: string]
  >;
  /** Text that the CONNACK will have. */
  readonly reasonString: string | undefined;
  /** Response information that the client will get if it asked for it. */
  readonly responseInformation: string | undefined;
}

/** What `interceptConnack` may change; only clients of MQTT 5 see it. */
export interface ConnackChanges {
  /** User properties, added to those of other plugins. */
  userProperties?: ReadonlyArray<readonly [name: string, value: string]>;
  /** Text for the client. */
  reasonString?: string;
  /** Response information (MQTT 5, section 3.2.2.3.15), if the client asked for it. */
  responseInformation?: string;
}

/** What `interceptConnack` answers: a refusal is the last chance to turn a client away. */
export type ConnackAnswer = ConnackChanges | Refusal | Unchanged;
