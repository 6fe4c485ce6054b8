/**
 * The way of the events to one plugin: one at a time, in order, whatever the
 * plugin does.
 *
 * @module
 */

import type { FailureLog } from "./failure_log.ts";
import { isThenable, TIMED_OUT, withTimeLimit } from "./time_limit.ts";

/** How many events that have waited are delivered in one turn of the event loop. */
const MOST_AT_ONCE = 100;

/** A function that does what a plugin's method does. */
export type EventHandler = (event: unknown) => unknown;

/**
 * Who observes an event of one name. Where many are called in turn, a method that is
 * called with its object is cheaper than one that is bound to it.
 */
export interface Observer {
  /** The plugin. */
  readonly object: object;
  /** Its method. */
  readonly method: (this: object, event: unknown) => unknown;
  /** Name of the event. */
  readonly name: string;
  /** The way to the plugin. */
  readonly channel: EventChannel;
  /** How long it may take, in milliseconds, if somebody waits; absent: as long as any. */
  readonly timeout?: number;
}

interface WaitingEvent extends Pick<Observer, "name" | "object" | "method"> {
  readonly event: unknown;
  /** Called when the event is over: handled, failed or dropped. */
  readonly done?: () => void;
}

/**
 * Delivers events to one plugin. A handler that returns nothing runs inside the
 * caller's turn; what it causes itself, the plugin hears of afterwards. After one that
 * returns a promise, the plugin's later events wait until it has settled. When too many
 * wait, the oldest is dropped.
 */
export class EventChannel {
  readonly #log: FailureLog;
  readonly #capacity: number;
  #busy = false;
  // A list with a moving head: shift() on a long array is slow.
  #waiting: WaitingEvent[] = [];
  #head = 0;
  #idleCallbacks: Array<() => void> = [];
  readonly #proceed = (): void => this.#drain();

  /**
   * Creates the channel of a plugin.
   *
   * @param log Where failures go.
   * @param capacity How many events may wait; at least 1.
   */
  constructor(log: FailureLog, capacity: number) {
    this.#log = log;
    this.#capacity = capacity;
  }

  /**
   * Delivers an event to the plugin. Never throws.
   *
   * @param observer Says which method gets it.
   * @param event The argument.
   * @returns Whether the plugin is not through with the event: it waits for its turn, or
   *   a promise was returned.
   */
  deliver({ name, object, method }: Observer, event: unknown): boolean {
    if (this.#busy) {
      this.#enqueue({ name, object, method, event });
      return true;
    }
    // As #call(), but there are many events, and nobody waits for most.
    this.#busy = true;
    try {
      const result = method.call(object, event);
      if (result !== undefined && isThenable(result)) {
        this.#finish(name, result, undefined);
        return true;
      }
    } catch (error) {
      this.#log.failed(name, error);
    }
    this.#busy = false;
    if (this.#head < this.#waiting.length) this.#drain();
    return false;
  }

  /**
   * Delivers an event without an argument and waits until the plugin is through with it.
   *
   * @param observer Says which method gets it.
   * @param limit How long to wait, in milliseconds.
   */
  async deliverAndWait(
    { name, object, method }: Observer,
    limit: number,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const event = { name, object, method, event: undefined, done: resolve };
    if (this.#busy) this.#enqueue(event);
    else this.#call(event);
    if (await withTimeLimit(promise, limit) === TIMED_OUT) {
      this.#log.failed(name, new Error(`no end after ${limit} ms`));
    }
  }

  /** Waits until no event is being handled and none waits. */
  async idle(): Promise<void> {
    if (!this.#busy) return;
    await new Promise<void>((resolve) => this.#idleCallbacks.push(resolve));
  }

  #call({ name, object, method, event, done }: WaitingEvent): void {
    // Events that the handler itself causes wait until it is over.
    this.#busy = true;
    try {
      const result = method.call(object, event);
      if (isThenable(result)) {
        this.#finish(name, result, done);
        return;
      }
    } catch (error) {
      this.#log.failed(name, error);
    }
    this.#busy = false;
    done?.();
    if (this.#head < this.#waiting.length) this.#drain();
  }

  #finish(
    name: string,
    result: PromiseLike<unknown>,
    done: (() => void) | undefined,
  ): void {
    // Promise.resolve() first: `then` of a foreign object may throw, or call back twice.
    Promise.resolve(result)
      .then(undefined, (error) => this.#log.failed(name, error))
      .then(done)
      .then(this.#proceed);
  }

  #drain(): void {
    this.#busy = true;
    for (let count = 0; this.#head < this.#waiting.length; count++) {
      if (count === MOST_AT_ONCE) {
        // A handler may cause an event at every event: the others want to be served.
        this.#compact();
        setTimeout(this.#proceed, 1);
        return;
      }
      const { name, object, method, event, done } = this.#waiting[this.#head++];
      try {
        const result = method.call(object, event);
        if (isThenable(result)) {
          this.#compact();
          this.#finish(name, result, done);
          return;
        }
      } catch (error) {
        this.#log.failed(name, error);
      }
      done?.();
    }
    this.#busy = false;
    this.#waiting = [];
    this.#head = 0;
    const callbacks = this.#idleCallbacks;
    this.#idleCallbacks = [];
    for (const callback of callbacks) callback();
  }

  #enqueue(event: WaitingEvent): void {
    const waiting = this.#waiting.length - this.#head;
    if (waiting >= this.#capacity) {
      this.#waiting[this.#head++].done?.();
      this.#log.droppedEvent(waiting);
      this.#compact();
    }
    this.#waiting.push(event);
  }

  /** Gives the memory of what is over back, seldom enough to cost nothing. */
  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
  }
}
