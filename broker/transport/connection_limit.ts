/** Counts the open connections of one listener. @module */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate } from "../limits/gate.ts";

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
  readonly #gate: ConnectionGate;
  /** The listener; may be exchanged. */
  config: ListenerConfig;
  #open = 0;

  /**
   * Creates the limit.
   *
   * @param gate Where refusals are reported.
   * @param config The listener.
   */
  constructor(gate: ConnectionGate, config: ListenerConfig) {
    this.#gate = gate;
    this.config = config;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a place for a new connection.
   *
   * @param address Address of the client.
   * @returns Whether there was one; if not, the refusal has been reported.
   */
  take(address: string): boolean {
    const { maxConnections, name } = this.config;
    if (maxConnections > 0 && this.#open >= maxConnections) {
      this.#gate.report(
        "maxConnections",
        address,
        `Connection refused: the listener "${name}" has ${maxConnections} already`,
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
