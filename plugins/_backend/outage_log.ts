/**
 * Failures of a back-end that nobody up the stack reports.
 *
 * @module
 */

import type { Logger } from "../mod.ts";
import { messageOf } from "./message.ts";

const INTERVAL_MILLISECONDS = 10_000;

/** Writes a failure, then no other for some time; the next one says how many there were. */
export class OutageLog {
  readonly #logger: Logger;
  #next = 0;
  #suppressed = 0;

  /**
   * Creates the log.
   *
   * @param logger Where the failures go.
   */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Notes a failure.
   *
   * @param error What happened.
   */
  failed(error: unknown): void {
    const now = performance.now();
    if (now < this.#next) {
      this.#suppressed++;
      return;
    }
    this.#next = now + INTERVAL_MILLISECONDS;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#logger.error(
      messageOf(error),
      suppressed > 0 ? { suppressed } : undefined,
    );
  }
}
