/**
 * The run of messages that is being looked at.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { Target } from "../topics/subscription_tree.ts";

/** Packets that were seen, and are not passed on yet. */
export class OpenRun {
  readonly #core: Core;
  readonly #targets: readonly Target[];
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Where the last packet ends. */
  end: number;
  /** How many packets there are. */
  count = 0;
  #ready = 0;
  #readyEnd = 0;
  /** Whether it takes no more packets. */
  passed = false;

  /**
   * Begins a run.
   *
   * @param core The broker.
   * @param targets Who gets the packets.
   * @param bytes Where they stand.
   * @param start Where the first one begins.
   */
  constructor(
    core: Core,
    targets: readonly Target[],
    bytes: Uint8Array,
    start: number,
  ) {
    this.#core = core;
    this.#targets = targets;
    this.#bytes = bytes;
    this.#start = this.end = start;
  }

  /** Adds the next `count` packets, for all receivers; the last one ends at `end`. */
  add(count: number, end: number): void {
    this.end = end;
    this.count += count;
    this.#ready = 0;
  }

  /** Adds the next packet for the first `ready` receivers; the others may get another one. */
  addFor(ready: number, end: number): void {
    this.#ready = ready;
    this.#readyEnd = end;
  }

  /** Passes the packets on, before anything else happens. It takes no more of them. */
  pass(): void {
    if (this.passed) return;
    this.passed = true;
    this.#core.openRun = undefined;
    const targets = this.#targets;
    for (let i = 0; i < targets.length; i++) {
      const ready = i < this.#ready;
      const end = ready ? this.#readyEnd : this.end;
      const count = ready ? this.count + 1 : this.count;
      if (count === 0) return;
      const { connection } = targets[i].session;
      connection!.sendRun(this.#bytes, this.#start, end, count);
    }
  }
}
