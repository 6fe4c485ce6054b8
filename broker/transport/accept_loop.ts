/** Accepts the connections of a `Deno.Listener`. @module */

import type { Logger } from "../../plugins/mod.ts";
import { type ConnectionLimit, RepeatedWarning } from "./connection_limit.ts";

const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 1_000;

/** What an {@linkcode AcceptLoop} works with. */
export interface AcceptLoopOptions<Connection extends Deno.Conn> {
  /** The listener, which then belongs to the loop. */
  listener: { accept(): Promise<Connection>; close(): void };
  /** How many connections may be open. */
  limit: ConnectionLimit;
  /** Takes over a connection, and its place in `limit`, unless it throws. */
  handle: (connection: Connection) => void;
  /** Where failures are reported. */
  logger: Logger;
}

/**
 * Accepts until it is closed. What goes wrong with one connection, or for a
 * while with all (no file descriptors left), does not end it.
 */
export class AcceptLoop<Connection extends Deno.Conn> {
  readonly #options: AcceptLoopOptions<Connection>;
  readonly #warning: RepeatedWarning;
  readonly #ended: Promise<void>;
  #closed = false;
  #endPause: () => void = () => {};

  /**
   * Starts accepting.
   *
   * @param options What to accept from and what to do with it.
   */
  constructor(options: AcceptLoopOptions<Connection>) {
    this.#options = options;
    this.#warning = new RepeatedWarning(options.logger);
    this.#ended = this.#run();
  }

  /**
   * Stops accepting.
   *
   * @returns When the loop has ended. A second call waits too.
   */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#options.listener.close();
      this.#endPause();
    }
    return this.#ended;
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.#closed) {
      try {
        const connection = await this.#options.listener.accept();
        pause = FIRST_PAUSE;
        this.#handOver(connection);
      } catch (error) {
        if (this.#closed) return;
        const message = error instanceof Error ? error.message : String(error);
        this.#warning.warn(`Cannot accept a connection: ${message}`);
        await this.#pause(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  #handOver(connection: Connection): void {
    const { limit, handle, logger } = this.#options;
    if (!limit.take()) return connection.close();
    try {
      handle(connection);
    } catch (error) {
      // The peer may be gone already: then setting socket options throws.
      logger.debug("A connection ended while it was accepted", { error });
      limit.release();
      connection.close();
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#endPause = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}
