/**
 * How much of the broker's memory a sandboxed plugin may fill. Both sides look: the
 * sandbox for a clear error at the place, the broker because it trusts nobody.
 *
 * @module
 */

const MAX_COUNTERS = 1000;
const MAX_COUNTER_NAME = 100;
const MAX_SUBSCRIPTIONS = 1000;

/** Subscriptions of clients that one plugin may add. */
export const MAX_ADDED = 10_000;

/** Lines for the log in a second. */
const MAX_LINES = 100;

/** The names of a plugin's counters. */
export class CounterNames {
  readonly #names = new Set<string>();

  /**
   * Takes note of a name.
   *
   * @param name The name.
   * @throws {RangeError} If it is too long, or there are too many.
   */
  add(name: string): void {
    if (this.#names.has(name)) return;
    if (name.length > MAX_COUNTER_NAME) {
      throw new RangeError(
        `the name of a counter has at most ${MAX_COUNTER_NAME} characters in a sandbox, not ${name.length}`,
      );
    }
    if (this.#names.size >= MAX_COUNTERS) {
      throw new RangeError(
        `a plugin in a sandbox has at most ${MAX_COUNTERS} counters; "${name}" would be another one`,
      );
    }
    this.#names.add(name);
  }
}

/**
 * Refuses one more subscription.
 *
 * @param count How many there are.
 * @throws {RangeError} If there are enough.
 */
export function refuseSubscription(count: number): void {
  if (count < MAX_SUBSCRIPTIONS) return;
  throw new RangeError(
    `a plugin in a sandbox has at most ${MAX_SUBSCRIPTIONS} subscriptions; end one that is not needed, or use a wider filter`,
  );
}

/** Lets so many lines of a plugin into the log, and counts the others. */
export class LineLimit {
  #second = 0;
  #lines = 0;
  #dropped = 0;

  /**
   * Asks for a line.
   *
   * @returns Whether it may be written.
   */
  take(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (++this.#lines <= MAX_LINES) return true;
    this.#dropped++;
    return false;
  }

  /** How many were left out since the last time that this was asked while lines may be written. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
