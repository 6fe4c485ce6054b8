/**
 * What a store must be able to do.
 *
 * @module
 */

import type { Batch } from "./batch.ts";
import type {
  StoredDelivery,
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * Keeps what must outlive the broker: sessions with their subscriptions, messages
 * on their way, retained messages, wills and what plugins have stored.
 *
 * Reading is synchronous and serves the start of the broker and queues that do not
 * fit in memory; it sees what is committed. Writing is one batch at a time.
 */
export interface Store {
  /** What it is, for the log. */
  readonly name: string;
  /** Whether what it keeps is deleted when the broker stops as it should. */
  readonly temporary: boolean;

  /**
   * Opens the store; nothing else is called before.
   *
   * @throws {StoreError} If it cannot be used, with the reason and the remedy.
   */
  open(): Promise<void>;

  /** All sessions. */
  sessions(): Iterable<StoredSession>;
  /** All subscriptions. */
  subscriptions(): Iterable<StoredSubscription>;
  /** The QoS 2 messages that clients have not released. */
  incoming(): Iterable<{ readonly session: number; readonly packetId: number }>;
  /** All deliveries in the order of `seq`, without their messages. */
  deliveries(): Iterable<StoredDelivery>;
  /** All retained messages. */
  retained(): Iterable<StoredMessage>;
  /** All values of plugins, in any order. */
  values(): Iterable<StoredValue>;

  /**
   * Reads deliveries with their messages.
   *
   * @param seqs Which, ascending; those that are missing are left out.
   * @returns The deliveries in that order.
   */
  read(seqs: readonly number[]): StoredFlight[];

  /**
   * Writes a batch: all of it or nothing. The broker calls it again only when the
   * promise has settled, with the same batch (perhaps longer) if it was rejected.
   *
   * @param batch The operations; not changed until the promise settles.
   * @throws {StoreError} If nothing was written.
   */
  commit(batch: Batch): Promise<void>;

  /** Closes the store. */
  close(): Promise<void>;
}

/** What is wrong with a store. */
export type StoreProblem =
  | "locked"
  | "newer"
  | "corrupt"
  | "full"
  | "readonly"
  | "unreadable"
  | "failed";

/** A store cannot be used, or a batch could not be written. */
export class StoreError extends Error {
  /** What is wrong. */
  readonly problem: StoreProblem;

  /**
   * Creates the error.
   *
   * @param problem What is wrong.
   * @param message The same for people, with the remedy.
   * @param options The cause.
   */
  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.problem = problem;
  }
}
