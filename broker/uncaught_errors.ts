/**
 * Errors that nobody caught: a plugin left a promise or a timer of its own behind,
 * and it failed. Without this the runtime ends the process, and with it every client.
 *
 * @module
 */

import type { Logger } from "../plugins/mod.ts";

/** Time between two messages, in milliseconds: a broken timer must not fill the log. */
const INTERVAL = 10_000;

/** Logs errors that nobody caught, and lets the process live. */
export class UncaughtErrors implements Disposable {
  readonly #logger: Logger;
  #nextMessage = 0;
  #suppressed = 0;

  /**
   * Starts to listen. For the command line only: in a host program it is the host's
   * business what such an error means.
   *
   * @param logger Where the errors are written.
   */
  constructor(logger: Logger) {
    this.#logger = logger;
    addEventListener("error", this.#onError);
    addEventListener("unhandledrejection", this.#onRejection);
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    removeEventListener("error", this.#onError);
    removeEventListener("unhandledrejection", this.#onRejection);
  }

  readonly #onError = (event: ErrorEvent): void => {
    event.preventDefault();
    this.#log("An error was thrown that nobody caught", event.error);
  };

  readonly #onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.#log("A promise was rejected that nobody waited for", event.reason);
  };

  #log(what: string, thrown: unknown): void {
    const now = performance.now();
    if (now < this.#nextMessage) {
      this.#suppressed++;
      return;
    }
    this.#nextMessage = now + INTERVAL;
    this.#logger.error(
      `${what}; the broker goes on, the stack says whose it is`,
      {
        error: thrown instanceof Error ? thrown.stack : String(thrown),
        ...(this.#suppressed > 0 && { suppressed: this.#suppressed }),
      },
    );
    this.#suppressed = 0;
  }
}
