/**
 * Messages that are sent when the store has the packet identifiers they go out under.
 *
 * @module
 */

import type { Journal } from "../store/journal.ts";
import type { Waiter } from "../store/journal_types.ts";
import type { Flight } from "./flight.ts";

/** A message that is held back. */
export interface HeldBack {
  readonly flight: Flight;
  /** Whether it was sent before. */
  readonly again: boolean;
  /** The batch that it waits for. */
  readonly batch: number;
}

/** Messages held back, in their order. */
export class HeldBackMessages {
  #messages: HeldBack[] = [];

  /** Whether nothing is held back. */
  get empty(): boolean {
    return this.#messages.length === 0;
  }

  /** Holds a message back until everything recorded so far is written; `waiter` is told then. */
  add(flight: Flight, again: boolean, journal: Journal, waiter: Waiter): void {
    this.#messages.push({ flight, again, batch: journal.batch });
    journal.wait(waiter);
  }

  /** Takes out what waited for a batch. */
  take(batch: number): readonly HeldBack[] {
    const at = this.#messages.findIndex((message) => message.batch > batch);
    return this.#messages.splice(0, at === -1 ? this.#messages.length : at);
  }

  /** Forgets the messages. */
  clear(): void {
    this.#messages = [];
  }
}
