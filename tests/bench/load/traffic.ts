/**
 * What all clients of one run count together.
 *
 * @module
 */

import type { Scenario } from "../scenarios.ts";
import { Latency } from "./latency.ts";

// Bytes that may be on their way. More would measure how much a broker can store.
const MOST_UNDER_WAY = 1 << 23;

/** The messages of one run. */
export class Traffic {
  /** Messages that publishers have sent. */
  published = 0;
  /** Messages that were acknowledged to publishers. */
  acknowledged = 0;
  /** Messages that subscribers got. */
  delivered = 0;
  /** Whether publishers go on. */
  running = true;
  readonly latency: Latency = new Latency();
  readonly #copies: number;
  readonly #most: number;
  #room: PromiseWithResolvers<void> | undefined;

  /** Prepares a run. */
  constructor({ copies, size }: Scenario) {
    this.#copies = copies;
    this.#most = Math.max(64, MOST_UNDER_WAY / (size + 16));
  }

  /** Deliveries that are still to come. */
  get underWay(): number {
    return this.published * this.#copies - this.delivered;
  }

  /** Stops the publishers. */
  stop(): void {
    this.running = false;
    this.#room?.resolve();
  }

  /** A promise if so much is under way that publishers have to wait. */
  room(): Promise<void> | undefined {
    if (!this.running || this.underWay < this.#most) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /** Subscribers have read something. */
  eased(): void {
    if (this.#room === undefined || this.underWay * 2 > this.#most) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
