/**
 * Hearing messages without being a client.
 *
 * @module
 */

import type { ApplicationMessage } from "./messages.ts";

/** Options of `context.messages()`. */
export interface MessagesOptions {
  /** Most messages that may wait for the loop, 1 or more. Default: 1000. */
  limit?: number;
}

/** The messages of a topic filter, to be iterated once. */
export interface MessageStream
  extends
    AsyncIterableIterator<ApplicationMessage, undefined>,
    AsyncDisposable {
  /** How many messages were left out, because too many waited. */
  readonly dropped: number;
}
