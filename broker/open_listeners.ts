/**
 * The listeners of a broker while they are open.
 *
 * @module
 */

import type { Core } from "./core.ts";
import type { Place } from "./limits/gate.ts";
import { openListener } from "./transport/mod.ts";
import type { RunningListener, Transport } from "./transport/transport.ts";

/** Opens and closes listeners. */
export class OpenListeners {
  #open: RunningListener[] = [];

  /** Those that are open. */
  get all(): readonly RunningListener[] {
    return this.#open;
  }

  /**
   * Opens the listeners of the configuration.
   *
   * @param core The broker.
   * @param serve Serves a client of a listener.
   * @throws {ListenError} If one cannot be opened; those before it are.
   */
  async open(
    { config, logger, gate }: Core,
    serve: (transport: Transport, listener: string, place: Place) => void,
  ): Promise<void> {
    for (const one of config.listeners) {
      const take = (transport: Transport, place: Place): void =>
        serve(transport, one.name, place);
      this.#open.push(await openListener(one, take, logger, gate));
    }
  }

  /**
   * Lets nobody in any more.
   *
   * @returns Waits until their ports are free: those that serve WebSockets free
   * theirs when the last one is gone.
   */
  async close(): Promise<() => Promise<unknown>> {
    const listeners = this.#open;
    this.#open = [];
    const all = () =>
      Promise.allSettled(listeners.map((listener) => listener.close()));
    await all();
    return all;
  }
}
