/**
 * What the journal needs of others.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Message } from "../message.ts";
import type { StoreError } from "./store.ts";

/** Waits until a batch is written. */
export interface Waiter {
  /** Everything up to the batch with this number is written. */
  stored(batch: number): void;
}

/** Waits until all deliveries of a message have ended. */
export interface MessageWaiter {
  /** They have, before they were written. */
  delivered(): void;
}

/** A delivery as the journal sees it. */
export interface Recorded {
  /** Place in the order of all deliveries; 0: the store does not have it. */
  seq: number;
  /** Number of the batch that it was added in. */
  batch: number;
  /** Its place in that batch. */
  place: number;
  readonly message: Message;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly packetId: number;
  readonly released: boolean;
  readonly identifiers: readonly number[];
  readonly group: { readonly text: string } | undefined;
}

/** Whoever must hear that the store fails, or works again. */
export interface JournalOwner {
  readonly clock: Clock;
  /** The store has failed; called once until it works again. */
  storeFailed(error: StoreError): void;
  /** The store works again. */
  storeRecovered(): void;
}
