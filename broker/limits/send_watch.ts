/**
 * Disconnects clients that do not read.
 *
 * @module
 */

import type { Deadline } from "../clock.ts";
import type { Connection } from "../connection.ts";

/** Watches whether a client takes what is sent to it. */
export class SendWatch {
  readonly #connection: Connection;
  #deadline: Deadline | undefined;
  /** How many writes had been taken when the client was looked at. */
  #taken = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** More is to be sent while the client has not taken what came before. */
  begin(): void {
    if (this.#deadline?.pending) return;
    const { core, output } = this.#connection;
    const { sendTimeout } = core.config;
    if (sendTimeout === 0) return;
    this.#taken = output.writesTaken;
    this.#deadline = core.clock.schedule(
      sendTimeout * 1000,
      () => this.#look(sendTimeout),
    );
  }

  /** The connection has ended. */
  end(): void {
    this.#deadline?.cancel();
  }

  #look(seconds: number): void {
    const { core, output, session, transport } = this.#connection;
    if (!output.writing) return;
    if (output.writesTaken !== this.#taken) return this.begin();
    core.reports.reached(
      "sendTimeout",
      session?.clientId ?? transport.remoteAddress,
      "Client disconnected: it does not read",
      seconds,
    );
    this.#connection.drop("the client does not read");
  }
}
