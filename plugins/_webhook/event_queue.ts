/**
 * The events that wait to be sent.
 *
 * @module
 */

/** Options of {@linkcode EventQueue}. */
export interface EventQueueOptions {
  /** How many events wait at most. */
  maxEvents: number;
  /** How many characters they have together at most. */
  maxLength: number;
}

/** A bounded queue: what is too much pushes out the oldest. */
export class EventQueue {
  #maxEvents: number;
  #maxLength: number;
  readonly #events: string[] = [];
  // Where the oldest is; before it are places that are not in use any more.
  #first = 0;
  #length = 0;

  /**
   * Creates the queue.
   *
   * @param options How much waits at most.
   */
  constructor(options: EventQueueOptions) {
    this.#maxEvents = options.maxEvents;
    this.#maxLength = options.maxLength;
  }

  /**
   * Bounds it otherwise, from the next event on.
   *
   * @param options How much waits at most.
   */
  limit({ maxEvents, maxLength }: EventQueueOptions): void {
    this.#maxEvents = maxEvents;
    this.#maxLength = maxLength;
  }

  /** How many events wait. */
  get size(): number {
    return this.#events.length - this.#first;
  }

  /** How many characters they have together. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds an event.
   *
   * @param event The event as JSON.
   * @returns How many events were dropped for it; it may be one of them.
   */
  add(event: string): number {
    this.#events.push(event);
    this.#length += event.length;
    let dropped = 0;
    while (this.size > this.#maxEvents || this.#length > this.#maxLength) {
      this.#shift();
      dropped++;
    }
    return dropped;
  }

  /**
   * Takes the oldest events.
   *
   * @param count How many at most.
   * @param length How many characters at most; the first one is taken in any case.
   * @returns The events in their order.
   */
  take(count: number, length: number): string[] {
    const taken: string[] = [];
    while (this.size > 0 && taken.length < count) {
      length -= this.#events[this.#first].length;
      if (length < 0 && taken.length > 0) break;
      taken.push(this.#shift());
    }
    return taken;
  }

  #shift(): string {
    const event = this.#events[this.#first];
    this.#events[this.#first++] = "";
    this.#length -= event.length;
    if (this.#first * 2 > this.#events.length) {
      this.#events.splice(0, this.#first);
      this.#first = 0;
    }
    return event;
  }
}
