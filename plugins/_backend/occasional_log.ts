/**
 * A log for what may go wrong at every event.
 *
 * @module
 */

import type { Logger } from "../mod.ts";

const INTERVAL = 10_000;

/** Writes a warning and then none for ten seconds; the next one says how many were left out. */
export class OccasionalLog {
  readonly #logger: Logger;
  #next = 0;
  #suppressed = 0;

  /**
   * Creates the log.
   *
   * @param logger Where warnings are written.
   */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Warns, if it is time. */
  warn(message: string, fields: Record<string, unknown> = {}): void {
    const now = performance.now();
    if (now < this.#next) {
      this.#suppressed++;
      return;
    }
    this.#next = now + INTERVAL;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#logger.warn(message, {
      ...fields,
      ...(suppressed > 0 && { suppressed }),
    });
  }
}
