/**
 * Leaves a plugin alone that fails too often.
 *
 * @module
 */

import type { CircuitBreakerPolicy } from "./policy.ts";

/** Whether a plugin may be called: `probe` finds out whether it works again. */
export type Passage = "closed" | "probe" | "open";

/**
 * Counts the failures of a plugin. So many of them in a window open it. After a
 * while one call at a time is let through; the first that does not fail closes it.
 */
export class CircuitBreaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #onChange: (isOpen: boolean) => void;
  /** The times of the last failures. */
  #failures: number[] = [];
  /** When the next probe may be made, if it is open. */
  #probeAt: number | undefined;

  /**
   * Creates a breaker, closed.
   *
   * @param policy When it opens, and for how long.
   * @param onChange Is told that it opens or closes.
   */
  constructor(
    policy: CircuitBreakerPolicy,
    onChange: (isOpen: boolean) => void,
  ) {
    this.#policy = policy;
    this.#onChange = onChange;
  }

  /** Asks whether the plugin may be called now. */
  ask(): Passage {
    if (this.#probeAt === undefined) return "closed";
    const now = performance.now();
    if (now < this.#probeAt) return "open";
    // A probe that never ends must not be the last one.
    this.#probeAt = now + this.#policy.open * 1000;
    return "probe";
  }

  /** Notes a failure of the plugin. */
  failed(): void {
    const now = performance.now();
    const { failures, window, open } = this.#policy;
    if (this.#probeAt !== undefined) {
      this.#probeAt = now + open * 1000;
      return;
    }
    this.#failures.push(now);
    if (this.#failures.length > failures) this.#failures.shift();
    if (this.#failures.length < failures) return;
    if (this.#failures[0] < now - window * 1000) return;
    this.#failures = [];
    this.#probeAt = now + open * 1000;
    this.#onChange(true);
  }

  /** Closes it: a probe has not failed, or the plugin is not needed any more. */
  close(): void {
    this.#failures = [];
    if (this.#probeAt === undefined) return;
    this.#probeAt = undefined;
    this.#onChange(false);
  }
}
