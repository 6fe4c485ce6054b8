/**
 * Many deadlines, one timer: keep alive, CONNECT time-out, session expiry, delayed
 * wills. A timer of the runtime for each of a million sessions would cost more than
 * the sessions.
 *
 * @module
 */

/** A deadline that can be called off. */
export class Deadline {
  /** When it is due, in milliseconds since 1970. */
  readonly at: number;
  #callback: (() => void) | undefined;
  readonly #clock: Clock | undefined;

  /**
   * Creates a deadline; {@linkcode Clock.schedule} does.
   *
   * @param at When it is due, in milliseconds since 1970.
   * @param callback What happens then.
   * @param clock Who keeps it; is told when it is called off.
   */
  constructor(at: number, callback: () => void, clock?: Clock) {
    this.at = at;
    this.#callback = callback;
    this.#clock = clock;
  }

  /** Whether something is still to happen. */
  get pending(): boolean {
    return this.#callback !== undefined;
  }

  /** Calls it off. What the callback holds is free at once. */
  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    this.#clock?.cancelled();
  }

  /** Calls the callback, unless it was called off; at most once. */
  fire(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

// What setTimeout can wait at most.
const LONGEST = 0x7fffffff;

// Milliseconds. A timer that is later than the first tells that the process could not
// run; then it gets some rounds of the event loop to read what has arrived meanwhile.
// One does not do: if the process has to wait again, the timer comes before the bytes;
// and a round brings 1024 connections at most.
const LATE = 100;
const GRACE = 10;
const ROUNDS = 10;

/** Keeps deadlines in a heap and waits for the next one only. */
export class Clock {
  readonly #heap: Deadline[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  /** How many rounds of grace are left. */
  #rounds = 0;
  /** How many in the heap were called off. */
  #idle = 0;
  readonly #onError: (error: unknown) => void;

  /**
   * Creates a clock.
   *
   * @param onError Gets what a callback throws. The others are called all the same.
   */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /**
   * Schedules a callback.
   *
   * @param milliseconds How long from now; `Infinity` never comes.
   * @param callback What happens then.
   * @returns The deadline, to call it off.
   */
  schedule(milliseconds: number, callback: () => void): Deadline {
    if (milliseconds === Infinity) return new Deadline(Infinity, callback);
    const deadline = new Deadline(Date.now() + milliseconds, callback, this);
    this.#push(deadline);
    this.#arm();
    return deadline;
  }

  /** A deadline was called off; from time to time those are thrown out of the heap. */
  cancelled(): void {
    if (++this.#idle < 1024 || this.#idle * 2 < this.#heap.length) return;
    this.#idle = 0;
    // Sorted, which is a heap.
    const left = this.#heap.filter((deadline) => deadline.pending)
      .sort((a, b) => a.at - b.at);
    this.#heap.length = 0;
    for (const deadline of left) this.#heap.push(deadline);
  }

  /** Calls off everything. */
  clear(): void {
    this.#heap.length = this.#idle = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#rounds = 0;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = next.at;
    this.#timer = setTimeout(
      () => this.#due(),
      Math.min(LONGEST, Math.max(0, next.at - Date.now())),
    );
  }

  #due(): void {
    const now = Date.now();
    if (this.#timerAt > 0 && now - this.#timerAt > LATE) {
      // Else clients would be cut off for a silence that was the broker's own.
      this.#timerAt = 0;
      this.#rounds = ROUNDS;
    }
    if (this.#rounds > 0) {
      this.#rounds--;
      this.#timer = setTimeout(() => this.#due(), GRACE);
      return;
    }
    this.#timer = undefined;
    this.#timerAt = Infinity;
    while (this.#heap.length > 0 && this.#heap[0].at <= now) {
      const next = this.#pop();
      if (!next.pending) {
        this.#idle--;
        continue;
      }
      try {
        next.fire();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#arm();
  }

  #push(deadline: Deadline): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(deadline);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent].at <= deadline.at) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = deadline;
  }

  #pop(): Deadline {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && heap[child + 1].at < heap[child].at) {
          child++;
        }
        if (heap[child].at >= last.at) break;
        heap[i] = heap[child];
        i = child;
      }
      heap[i] = last;
    }
    return top;
  }
}
