/**
 * Lets a few through at a time.
 *
 * @module
 */

/** How many may wait for their turn. */
const MOST_WAITING = 1000;

/** Whoever is inside has a place; others wait in a row that is not endless. */
export class Turnstile {
  readonly #places: number;
  #taken = 0;
  #row: Array<() => void> = [];

  /**
   * Creates a turnstile.
   *
   * @param places How many may be inside at one time; at least 1.
   */
  constructor(places: number) {
    this.#places = places;
  }

  /** Whether whoever comes now has to wait. */
  get isFull(): boolean {
    return this.#taken >= this.#places;
  }

  /** Takes a place, whether there is one or not. */
  enter(): void {
    this.#taken++;
  }

  /**
   * Waits for a place and takes it.
   *
   * @returns Resolves when it is taken; `undefined` if too many wait already.
   */
  wait(): Promise<void> | undefined {
    if (this.#row.length >= MOST_WAITING) return undefined;
    return new Promise((resolve) => this.#row.push(resolve));
  }

  /** Gives a place up; who waits longest gets it. */
  leave(): void {
    const next = this.#row.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
