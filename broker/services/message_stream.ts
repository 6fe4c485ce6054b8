/**
 * The messages of a topic filter, one after the other.
 *
 * @module
 */

import type { ApplicationMessage, MessageStream } from "../../plugins/mod.ts";

type Result = IteratorResult<ApplicationMessage, undefined>;

const END: Result = { done: true, value: undefined };

/** What a stream is made of. */
export interface StreamParts {
  /** Most messages that wait. */
  readonly limit: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Told when a message is dropped. */
  readonly onDrop: () => void;
  /** Begins to hand messages to `push`; the answer ends it. */
  readonly subscribe: (
    push: (message: ApplicationMessage) => void,
  ) => () => void;
}

/** Messages that wait for whoever iterates; of too many the oldest are dropped. */
export class QueuedMessages implements MessageStream {
  readonly #limit: number;
  readonly #onDrop: () => void;
  readonly #unsubscribe: () => void;
  // A list with a moving head: shift() on a long array is slow.
  #waiting: ApplicationMessage[] = [];
  #head = 0;
  #readers: ((result: Result) => void)[] = [];
  #ended = false;
  dropped = 0;

  /**
   * Begins the stream.
   *
   * @param parts What it is made of.
   */
  constructor({ limit, signal, onDrop, subscribe }: StreamParts) {
    this.#limit = limit;
    this.#onDrop = onDrop;
    const unsubscribe = subscribe((message) => this.#push(message));
    const end = (): void => this.#end();
    this.#unsubscribe = () => {
      signal.removeEventListener("abort", end);
      unsubscribe();
    };
    if (signal.aborted) this.#end();
    else signal.addEventListener("abort", end, { once: true });
  }

  next(): Promise<Result> {
    if (this.#head < this.#waiting.length) {
      const value = this.#waiting[this.#head++];
      this.#compact();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve(END);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #push(message: ApplicationMessage): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader({ done: false, value: message });
      return;
    }
    if (this.#waiting.length - this.#head >= this.#limit) {
      this.#head++;
      this.#compact();
      this.dropped++;
      this.#onDrop();
    }
    this.#waiting.push(message);
  }

  /** Nobody gets what still waits: the plugin has ended, or does not want it. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#waiting = [];
    this.#head = 0;
    for (const reader of this.#readers.splice(0)) reader(END);
  }

  /** Gives the memory of what is over back, seldom enough to cost nothing. */
  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
  }
}
