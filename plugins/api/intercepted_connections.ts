/**
 * What interceptors of the begin and the end of a connection get and may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { PeerCertificate, Session } from "./messages.ts";

/**
 * The argument of `interceptAccept`: a connection, before a byte of MQTT is read from
 * it. What TLS, WebSocket and the PROXY protocol have to say is known.
 */
export interface AcceptEvent {
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the client; 0 for a Unix socket. */
  readonly remotePort: number;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** The client's certificate, if it showed one that the listener trusts. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What `interceptAccept` answers: a refusal closes the connection without a word. */
export type AcceptAnswer = true | Refusal | Unchanged;

/** The argument of `interceptDisconnect`: a connection is about to end by a DISCONNECT. */
export interface DisconnectEvent {
  /** The session. */
  readonly session: Session;
  /** Whether the client sends the DISCONNECT; else the broker does. */
  readonly byClient: boolean;
  /** Reason code of MQTT 5; 0 if a client of MQTT 3 ends it. */
  readonly reasonCode: number;
  /** Text, if there is one. */
  readonly reasonString: string | undefined;
  /** Whether the will is going to be sent. */
  readonly sendWill: boolean;
}

/** What `interceptDisconnect` may change. */
export interface DisconnectChanges {
  /** Whether the will is sent. */
  sendWill?: boolean;
  /** Reason code that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonCode?: number;
  /** Text that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonString?: string;
}

/**
 * What `interceptDisconnect` answers. A promise is a mistake: the end cannot wait. A
 * plugin that fails changes nothing.
 */
export type DisconnectAnswer = DisconnectChanges | Unchanged;
