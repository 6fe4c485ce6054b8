/**
 * A connection that has to wait, and may end meanwhile.
 *
 * @module
 */

import type { Clock, Deadline } from "../clock.ts";

/** One wait at a time, which can be ended early. */
export class Pause {
  readonly #clock: Clock;
  #deadline: Deadline | undefined;
  #resume: (() => void) | undefined;
  #over = false;

  /**
   * Creates it.
   *
   * @param clock Who wakes it.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits.
   *
   * @param milliseconds How long; not at all after `end()`.
   */
  wait(milliseconds: number): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#deadline = this.#clock.schedule(milliseconds, resolve);
    });
  }

  /** Ends the wait. */
  skip(): void {
    this.#deadline?.cancel();
    this.#resume?.();
  }

  /** Ends the wait, and every later one. */
  end(): void {
    this.#over = true;
    this.skip();
  }
}
