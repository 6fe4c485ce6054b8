/**
 * Keeps clients that send more than the broker can handle from having it to
 * themselves.
 *
 * The runtime hands bytes that are there already to whoever asks for them, in the
 * same turn of the event loop and up to 128 times in a row, and it looks for what
 * others have sent only now and then while it is busy. A single client that sends
 * without a pause could so make all others wait for seconds.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** How long those who have more to do may go on, in milliseconds. */
const LONGEST = 1;
/** How many of them may read when they go on. */
const FIRST = 4;
/**
 * How many turns of the event loop pass before they go on. Every 61 turns the runtime
 * (tokio's `event_interval`) asks the system what else has arrived; an empty turn
 * takes about two microseconds.
 */
const PAUSE = 64;

/** Who wants to read. */
export interface Reader {
  read(): void;
}

/** Lets the readers that find much to read take turns. */
export class Turns {
  #waiting: Reader[] = [];
  #head = 0;
  /** Whether somebody reads in this turn, and since when. */
  #open = false;
  #since = 0;
  /** When nobody wanted to read any more. */
  #closed = 0;
  #pause = 0;

  /**
   * Has a reader read when it is its turn; often that is now.
   *
   * @param reader Who has read so much that there may be more.
   */
  next(reader: Reader): void {
    const now = performance.now();
    if (!this.#open) this.#resume(now);
    if (this.#pause > 0 || now - this.#since >= LONGEST) {
      this.#waiting.push(reader);
    } else if (this.#head === this.#waiting.length) reader.read();
    else {
      this.#waiting.push(reader);
      this.#take().read();
    }
  }

  /**
   * Lets the others have their turn, after something that took long.
   *
   * @param began When it began, in milliseconds since 1970.
   * @returns A promise to wait for, unless it did not take long.
   */
  pauseIfLong(began: number): Promise<void> | undefined {
    if (Date.now() - began <= LONGEST) return undefined;
    return new Promise((resolve) => {
      if (!this.#open) this.#resume(performance.now());
      this.#waiting.push({ read: resolve });
    });
  }

  /**
   * Does something a number of times; what takes long, a part at a time.
   *
   * @param count How many times.
   * @param step Does it once; a promise is waited for.
   * @param from With which number it begins.
   * @returns A promise, unless it was done at once.
   */
  repeat(
    count: number,
    step: (index: number) => Promise<void> | void,
    from = 0,
  ): Promise<void> | undefined {
    const began = Date.now();
    for (let i = from; i < count; i++) {
      const wait = step(i) ??
        (i % 8 === 7 ? this.pauseIfLong(began) : undefined);
      if (wait) return wait.then(() => this.repeat(count, step, i + 1));
    }
    return undefined;
  }

  /**
   * A turn of the event loop may be short, and the next one begin where it ended: many
   * of them would be as bad as a long one.
   */
  #resume(now: number): void {
    this.#begin(now - this.#closed < LONGEST ? this.#since : now);
  }

  #begin(since: number): void {
    this.#open = true;
    this.#since = since;
    setImmediate(this.#end);
  }

  readonly #end = (): void => {
    if (this.#head === this.#waiting.length) {
      this.#open = false;
      this.#closed = performance.now();
      return;
    }
    if (this.#pause === 0) this.#pause = PAUSE;
    if (--this.#pause > 0) {
      setImmediate(this.#end);
      return;
    }
    this.#begin(performance.now());
    const count = Math.min(FIRST, this.#waiting.length - this.#head);
    for (let i = 0; i < count; i++) this.#take().read();
  };

  #take(): Reader {
    const reader = this.#waiting[this.#head++];
    if (this.#head === this.#waiting.length) this.#waiting = [];
    else if (this.#head > 1024) this.#waiting = this.#waiting.slice(this.#head);
    else return reader;
    this.#head = 0;
    return reader;
  }
}
