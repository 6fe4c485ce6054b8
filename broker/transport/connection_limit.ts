/** Counts the open connections of one listener. @module */

import type { Logger } from "../../plugins/mod.ts";

const WARNING_INTERVAL = 10_000;

/** Warns about what may happen many times a second, but at most every ten seconds. */
export class RepeatedWarning {
  readonly #logger: Logger;
  #count = 0;
  #last = -Infinity;

  /**
   * Creates the warning.
   *
   * @param logger Where it goes.
   */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Writes the warning, or only counts it if one was written shortly before.
   *
   * @param message The text.
   * @param fields What belongs to it; `times` is added.
   */
  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.#count++;
    const now = performance.now();
    if (now - this.#last < WARNING_INTERVAL) return;
    this.#logger.warn(message, { ...fields, times: this.#count });
    this.#last = now;
    this.#count = 0;
  }
}

/** Holds a listener to its `maxConnections`. */
export class ConnectionLimit {
  readonly #maximum: number;
  readonly #warning: RepeatedWarning;
  #open = 0;

  /**
   * Creates the limit.
   *
   * @param maximum Most connections at one time; 0: no limit.
   * @param logger Where refusals are reported.
   */
  constructor(maximum: number, logger: Logger) {
    this.#maximum = maximum;
    this.#warning = new RepeatedWarning(logger);
  }

  /** How many connections are open. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a place for a new connection.
   *
   * @returns Whether there was one; if not, the refusal has been logged.
   */
  take(): boolean {
    if (this.#maximum > 0 && this.#open >= this.#maximum) {
      this.#warning.warn(
        `A connection was refused: the listener has ${this.#maximum} already`,
      );
      return false;
    }
    this.#open++;
    return true;
  }

  /** Gives a place back. */
  readonly release = (): void => {
    this.#open--;
  };
}
