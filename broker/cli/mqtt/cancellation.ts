/**
 * Ends a wait from outside. Unlike `Promise.race()` with a promise that lives long,
 * it keeps nothing of the waits that are over.
 */
export class Cancellation {
  #reason: unknown;
  #isCancelled = false;
  readonly #waiting = new Set<(reason: unknown) => void>();

  /** Whether it has happened. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Ends every wait, those to come too. Only the first call counts. */
  cancel(reason: unknown): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reason = reason;
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  /**
   * Waits for a promise.
   *
   * @param promise The promise.
   * @returns What it resolves with.
   * @throws What `cancel()` was given, if that comes first.
   */
  async during<T>(promise: Promise<T>): Promise<T> {
    const { promise: either, resolve, reject } = Promise.withResolvers<T>();
    promise.then(resolve, reject);
    if (this.#isCancelled) reject(this.#reason);
    else this.#waiting.add(reject);
    try {
      return await either;
    } finally {
      this.#waiting.delete(reject);
    }
  }
}
