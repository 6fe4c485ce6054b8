/**
 * Counts a plugin's failures and writes some of them to the log.
 *
 * @module
 */

import { messageOf } from "./errors.ts";
import type { Logger } from "./mod.ts";

/** Time between two messages about one plugin, in milliseconds. */
const INTERVAL = 10_000;

/**
 * What goes wrong in one plugin. A plugin that fails at every message must not
 * fill the log: after a message the next comes when an interval has passed, and
 * says how many were left out.
 */
export class FailureLog {
  /** Is told of each failure. */
  onFailure: (() => void) | undefined;
  readonly #logger: Logger;
  readonly #plugin: string;
  #failures = 0;
  #dropped = 0;
  #unloggedFailures = 0;
  #unloggedDrops = 0;
  #nextFailureMessage = 0;
  #nextDropMessage = 0;
  /** Is told of each failure. */
  observer: ((plugin: string, method: string, error: unknown) => void) | null =
    null;

  /**
   * Creates the log of a plugin.
   *
   * @param logger Where the messages go.
   * @param plugin Name of the plugin.
   */
  constructor(logger: Logger, plugin: string) {
    this.#logger = logger;
    this.#plugin = plugin;
  }

  /** How often the plugin failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How many events it did not get, because it was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notes a failure in one of the plugin's methods. */
  failed(method: string, thrown: unknown): void {
    this.#failures++;
    this.observer?.(this.#plugin, method, thrown);
    this.#note(method, thrown);
    this.onFailure?.();
  }

  #note(method: string, thrown: unknown): void {
    const now = performance.now();
    if (now < this.#nextFailureMessage) {
      this.#unloggedFailures++;
      return;
    }
    this.#nextFailureMessage = now + INTERVAL;
    const suppressed = this.#unloggedFailures;
    this.#unloggedFailures = 0;
    this.#write(
      "error",
      `The plugin "${this.#plugin}" failed in ${method}(): ${
        messageOf(thrown)
      }`,
      {
        plugin: this.#plugin,
        method,
        error: thrown,
        ...(suppressed > 0 && { suppressed }),
      },
    );
  }

  /** Notes that an event was dropped, because `waiting` others wait. */
  droppedEvent(waiting: number): void {
    this.#dropped++;
    this.#unloggedDrops++;
    const now = performance.now();
    if (now < this.#nextDropMessage) return;
    this.#nextDropMessage = now + INTERVAL;
    const dropped = this.#unloggedDrops;
    this.#unloggedDrops = 0;
    this.#write(
      "warn",
      `The plugin "${this.#plugin}" is too slow: ${waiting} events wait, the oldest are dropped`,
      { plugin: this.#plugin, dropped },
    );
  }

  /** Contains a failing logger too: nobody above could do anything about it. */
  #write(
    level: "warn" | "error",
    message: string,
    fields: Record<string, unknown>,
  ): void {
    try {
      this.#logger[level](message, fields);
    } catch {
      // There is no second log.
    }
  }
}
