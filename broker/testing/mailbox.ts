/** Things that come one after the other, and tests that wait for them. @module */

import { patiently } from "./real_timers.ts";

/** What has come and was not taken. */
export class Mailbox<T> {
  readonly #items: T[] = [];
  #change = Promise.withResolvers<void>();
  #closed: string | undefined;

  /** What waits. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Adds something. */
  put(item: T): void {
    this.#items.push(item);
    this.#changed();
  }

  /** Nothing comes any more; `why` tells who waits. */
  close(why: string): void {
    this.#closed ??= why;
    this.#changed();
  }

  /**
   * Takes the first thing that fits, and waits for it if it has not come.
   *
   * @param fits Which one.
   * @param what What is waited for, for the message.
   * @returns The thing.
   * @throws {Error} If it does not come.
   */
  async take(fits: (item: T) => boolean, what: () => string): Promise<T> {
    for (;;) {
      const index = this.#items.findIndex(fits);
      if (index >= 0) return this.#items.splice(index, 1)[0];
      if (this.#closed !== undefined) {
        throw new Error(`Cannot wait for ${what()}: ${this.#closed}`);
      }
      await patiently(this.#change.promise, () => `no ${what()} came`);
    }
  }

  /** Takes everything that is here. */
  takeAll(): T[] {
    return this.#items.splice(0);
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
