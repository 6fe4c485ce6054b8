/**
 * The connections of a broker.
 *
 * @module
 */

import { ReasonCode } from "../codec/reason_codes.ts";
import { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { Place } from "./limits/gate.ts";
import type { Transport } from "./transport/transport.ts";

/** The connections that are open. */
export class Connections {
  readonly #open = new Set<Connection>();
  #idle: (() => void) | undefined;

  /** All of them; the list does not change. */
  all(): Connection[] {
    return [...this.#open];
  }

  /**
   * Serves a client until its connection ends.
   *
   * @param core The broker; absent if it serves nobody: the connection is closed then.
   * @param transport The connection.
   * @param listener Name of the listener.
   * @param place Its place among the connections.
   * @param gone Called when it has ended.
   */
  serve(
    core: Core | undefined,
    transport: Transport,
    listener: string,
    place: Place,
    gone: (() => void) | undefined,
  ): void {
    if (core === undefined) {
      place.release();
      transport.close();
      gone?.();
      return;
    }
    const connection = new Connection(core, transport, listener, place);
    this.#open.add(connection);
    // An idle connection should not have to keep a function of its own.
    connection.run(
      gone === undefined ? this.#forget : (connection) => {
        this.#forget(connection);
        gone();
      },
    );
    core.trim?.opened();
  }

  /** Ends all of them: the broker ends. No will is sent. */
  end(): void {
    for (const connection of this.all()) {
      connection.end(ReasonCode.ServerShuttingDown, false);
    }
  }

  /** Ends all of them without another word. */
  drop(why: string): void {
    for (const connection of this.all()) connection.drop(why);
  }

  /**
   * Waits until all have ended.
   *
   * @param patience Seconds after which they are closed, whatever is still to be written.
   */
  async ended(patience: number): Promise<void> {
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    const timer = setTimeout(() => {
      for (const connection of this.#open) connection.transport.close();
    }, patience * 1000);
    await promise;
    clearTimeout(timer);
    this.#idle = undefined;
  }

  readonly #forget = (connection: Connection): void => {
    connection.place.release();
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#idle?.();
  };
}
