/**
 * Warnings that clients cause, each written once.
 *
 * @module
 */

import type { Logger } from "../mod.ts";

// Clients choose the names: not every one must leave something behind.
const LIMIT = 1000;

/** Writes a warning about a user once, however often that user comes. */
export class OnceLog {
  readonly #logger: Logger;
  readonly #written = new Set<string>();

  /**
   * Creates the log.
   *
   * @param logger Where the warnings go.
   */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Writes a warning, unless there was one for the same key.
   *
   * @param key What it is about.
   * @param message The warning.
   */
  warn(key: string, message: string): void {
    if (this.#written.has(key) || this.#written.size >= LIMIT) return;
    this.#written.add(key);
    this.#logger.warn(message);
  }
}
