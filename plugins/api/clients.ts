/**
 * Finding and disconnecting clients.
 *
 * @module
 */

import type { Session } from "./messages.ts";

/** Which sessions `context.clients()` gives. */
export interface ClientQuery {
  /** Only those with a connection, or only those without. Default: both. */
  connected?: boolean;
  /** Only those of a user. Default: all. */
  username?: string;
  /** The `next` of the page before. Default: the first page. */
  after?: string;
  /** Most sessions of the page, 1 to 10000. Default: 100. */
  limit?: number;
}

/** A page of sessions. */
export interface ClientPage {
  /** The sessions. */
  readonly items: readonly Session[];
  /** What the next page is asked for with; absent if this is the last one. */
  readonly next?: string;
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
