/**
 * Gives memory back when many clients have come.
 *
 * What they leave behind while they connect lets the young generation of the heap grow
 * to dozens of megabytes: for 5,000 clients as much as all that is kept of them. V8
 * gives that back when it collects the next time, which in a quiet broker takes long.
 *
 * @module
 */

import type { Core } from "./core.ts";

/** So many new connections are worth a collection at a quiet moment, */
const MANY = 500;
/** and so many at any moment: the young generation would only grow on. */
const TOO_MANY = 2000;
/** How long it is watched whether it is quiet, in milliseconds. */
const WATCHED = 250;
/** How many packets may arrive meanwhile. */
const FEW = 100;

/** Watches how connections become more, and has garbage collected when it is worth it. */
export class HeapTrim {
  readonly #core: Pick<Core, "gate" | "stats" | "clock">;
  readonly #collect: () => void;
  /** How many connections there were when it was collected; fewer if some have gone. */
  #known = 0;
  #packets = 0;
  #watching = false;

  /**
   * Creates one.
   *
   * @param core Its connections, packets and clock.
   * @param collect Collects garbage.
   */
  constructor(
    core: Pick<Core, "gate" | "stats" | "clock">,
    collect: () => void,
  ) {
    this.#core = core;
    this.#collect = collect;
  }

  /** A connection was opened. */
  opened(): void {
    const { open } = this.#core.gate;
    if (open < this.#known) this.#known = open;
    const fresh = open - this.#known;
    if (fresh >= TOO_MANY) this.#trim();
    else if (fresh >= MANY && !this.#watching) this.#watch();
  }

  #watch(): void {
    const { clock, stats } = this.#core;
    this.#watching = true;
    this.#packets = stats.packetsReceived;
    clock.schedule(WATCHED, this.#look);
  }

  readonly #look = (): void => {
    const { gate, stats } = this.#core;
    this.#watching = false;
    if (gate.open - this.#known < MANY) return;
    if (stats.packetsReceived - this.#packets > FEW) this.#watch();
    else this.#trim();
  };

  #trim(): void {
    this.#known = this.#core.gate.open;
    this.#collect();
  }
}
