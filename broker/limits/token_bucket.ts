/**
 * A rate, with as much at once as one second allows.
 *
 * @module
 */

/** Tokens that come at a rate, and are taken. */
export class TokenBucket {
  /** Tokens in a second. */
  readonly rate: number;
  readonly #capacity: number;
  #tokens: number;
  #at: number;

  /**
   * Creates a full bucket.
   *
   * @param rate Tokens in a second, more than 0. At least one is in the bucket.
   * @param now The present time in milliseconds.
   */
  constructor(rate: number, now: number) {
    this.rate = rate;
    this.#tokens = this.#capacity = Math.max(1, rate);
    this.#at = now;
  }

  /** Milliseconds in which an empty bucket becomes full. */
  get refillTime(): number {
    return this.#capacity / this.rate * 1000;
  }

  /**
   * How long to wait for a token.
   *
   * @param now The present time in milliseconds.
   * @returns Milliseconds; 0 if there is at least one token.
   */
  delay(now: number): number {
    this.#tokens = Math.min(
      this.#capacity,
      this.#tokens + (now - this.#at) * this.rate / 1000,
    );
    this.#at = now;
    const missing = 1 - this.#tokens;
    // Less than a microsecond is an error of rounding.
    return missing > this.rate * 1e-6 ? missing / this.rate * 1000 : 0;
  }

  /**
   * Takes tokens. More than there are leave a debt that the next one waits for: so
   * what is larger than the bucket passes, too.
   *
   * @param count How many.
   */
  spend(count: number): void {
    this.#tokens -= count;
  }
}
