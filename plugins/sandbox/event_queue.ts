/**
 * The events of a sandboxed plugin: one at a time, in order.
 *
 * @module
 */

import { isThenable } from "../time_limit.ts";

/** Whom an {@linkcode EventQueue} reports to. */
export interface EventQueueReports {
  /** An event is over, whatever came of it. */
  eventDone(): void;
  /** A handler failed. */
  failed(method: string, thrown: unknown): void;
}

/**
 * Runs handlers. One that returns nothing is over at once; after one that returns a
 * promise the next waits. The broker sends no more than it can bear to wait for, so
 * there is no limit here.
 */
export class EventQueue {
  readonly #reports: EventQueueReports;
  #waiting: Array<{ method: string; handler: () => unknown }> = [];
  #running: Promise<void> | undefined;

  constructor(reports: EventQueueReports) {
    this.#reports = reports;
  }

  /** Runs a handler, now or after those before it. */
  add(method: string, handler: () => unknown): void {
    if (this.#running !== undefined) {
      this.#waiting.push({ method, handler });
      return;
    }
    const pending = this.#start(method, handler);
    if (pending !== undefined) this.#running = this.#drain(pending);
  }

  /** Resolves when no handler runs and none waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #start(method: string, handler: () => unknown): Promise<void> | undefined {
    try {
      const result = handler();
      if (isThenable(result)) return this.#finish(method, result);
    } catch (error) {
      this.#reports.failed(method, error);
    }
    this.#reports.eventDone();
    return undefined;
  }

  async #finish(method: string, result: PromiseLike<unknown>): Promise<void> {
    try {
      await result;
    } catch (error) {
      this.#reports.failed(method, error);
    }
    this.#reports.eventDone();
  }

  async #drain(first: Promise<void>): Promise<void> {
    await first;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const { method, handler } of batch) {
        await this.#start(method, handler);
      }
    }
    this.#running = undefined;
  }
}
