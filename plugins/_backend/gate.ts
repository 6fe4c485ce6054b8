/**
 * Bounds what is asked of a back-end at one time. The one place where requests wait:
 * for a connection of a pool, or to be sent.
 *
 * @module
 */

/** Options of {@linkcode Gate}. */
export interface GateOptions {
  /** How many may be inside at one time. */
  places: number;
  /** How many may wait for a place. */
  maxWaiting: number;
}

interface Waiter {
  readonly admit: (leave: () => void) => void;
  readonly refuse: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * A number of places, and those who wait for one. The last to come is the first to
 * get in: it has the most time left for its question. Under a load that the back-end
 * can bear nobody notices; above it, some are served in time and not all too late.
 */
export class Gate {
  readonly #places: number;
  readonly #maxWaiting: number;
  // Who waits longest is at the front, where those leave whose time is over.
  readonly #waiting: Waiter[] = [];
  #taken = 0;
  #closed = false;

  /**
   * Creates the gate.
   *
   * @param options How many may be inside and how many may wait.
   */
  constructor(options: GateOptions) {
    this.#places = options.places;
    this.#maxWaiting = options.maxWaiting;
  }

  /**
   * Takes a place, or waits for one.
   *
   * @param milliseconds How long to wait at most.
   * @returns Gives the place back; to be called once.
   * @throws {Error} If no place is free in time, too many wait, or the gate is closed.
   */
  enter(milliseconds: number): Promise<() => void> {
    if (this.#closed) return Promise.reject(new Error("it was closed"));
    if (this.#taken < this.#places) {
      this.#taken++;
      return Promise.resolve(this.#leave);
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(
        new Error(`${this.#maxWaiting} requests wait already`),
      );
    }
    return new Promise((admit, refuse) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        refuse(
          new Error(
            `no answer within ${
              milliseconds / 1000
            } s: ${this.#places} other requests are under way`,
          ),
        );
      }, milliseconds);
      const waiter = { admit, refuse, timer };
      this.#waiting.push(waiter);
    });
  }

  /** Refuses who waits and who comes. */
  close(): void {
    this.#closed = true;
    for (const { timer, refuse } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      refuse(new Error("it was closed"));
    }
  }

  readonly #leave = (): void => {
    const next = this.#waiting.pop();
    if (next === undefined) {
      this.#taken--;
      return;
    }
    clearTimeout(next.timer);
    next.admit(this.#leave);
  };
}
