/**
 * Plugins that cause what they hear of: one that publishes whenever something is
 * published, for instance. The broker goes along, but not for ever at once.
 *
 * @module
 */

import type { Logger } from "../plugins/mod.ts";
import type { Clock } from "./clock.ts";

/** How much one thing may cause at once; what is beyond waits. */
const MOST_NESTED = 100;
/** How much may wait; what is beyond is dropped. */
const MOST_WAITING = 1000;
/** Milliseconds between two warnings. */
const INTERVAL = 10_000;

/** Does what plugins ask for; what they ask for because of that, at once or a little later. */
export class Feedback {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #depth = 0;
  #nested = 0;
  #waiting: (() => void)[] = [];
  #dropped = 0;
  #nextWarning = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether so much was caused at once that more has to wait. */
  get isFull(): boolean {
    return this.#depth > 0 && this.#nested >= MOST_NESTED;
  }

  /**
   * Does something for a plugin, in a later turn of the event loop if it is full.
   *
   * @param act What to do.
   */
  run(act: () => void): void {
    if (this.isFull) return this.#defer(act);
    if (this.#depth > 0) this.#nested++;
    this.#depth++;
    try {
      act();
    } finally {
      if (--this.#depth === 0) this.#nested = 0;
    }
  }

  #defer(act: () => void): void {
    if (this.#waiting.length >= MOST_WAITING) return this.#drop();
    if (this.#waiting.push(act) === 1) this.#clock.schedule(1, this.#goOn);
  }

  readonly #goOn = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    // All of it counts as caused by one thing: what is too much waits again.
    this.run(() => {
      for (const act of waiting) {
        try {
          this.run(act);
        } catch (error) {
          this.#logger.error("Cannot do what a plugin asked for", { error });
        }
      }
    });
  };

  #drop(): void {
    this.#dropped++;
    const now = performance.now();
    if (now < this.#nextWarning) return;
    this.#nextWarning = now + INTERVAL;
    this.#logger.warn(
      "A plugin causes what it hears of, again and again: publications of plugins are dropped",
      { waiting: this.#waiting.length, dropped: this.#dropped },
    );
    this.#dropped = 0;
  }
}
