/**
 * What a reload of the configuration exchanges, while questions to it are under way.
 *
 * @module
 */

/** Something that ends. */
export interface Closeable {
  /** Ends it. */
  close(): void | Promise<void>;
}

interface Use<Backend> {
  readonly backend: Backend;
  /** How much is under way. */
  count: number;
}

/**
 * A back-end that can be replaced: what has begun with one ends with that one, and
 * then it is closed.
 */
export class Replaceable<Backend extends Closeable> {
  #present: Use<Backend>;
  readonly #retired = new Set<Use<Backend>>();

  /**
   * Takes the first one into use.
   *
   * @param first The first one.
   */
  constructor(first: Backend) {
    this.#present = { backend: first, count: 0 };
  }

  /** The present one, for what takes no time. */
  get present(): Backend {
    return this.#present.backend;
  }

  /**
   * Does something with the present one, which is not closed before that is over.
   *
   * @param work What to do.
   * @returns What it returns.
   */
  use<Result>(work: (backend: Backend) => Result): Result {
    const use = this.#present;
    const result = work(use.backend);
    if (!(result instanceof Promise)) return result;
    use.count++;
    return result.finally(() => {
      use.count--;
      this.#closeIfIdle(use);
    }) as Result;
  }

  /**
   * Takes another one into use.
   *
   * @param next The other one.
   */
  replace(next: Backend): void {
    const use = this.#present;
    this.#present = { backend: next, count: 0 };
    this.#retired.add(use);
    this.#closeIfIdle(use);
  }

  /** Closes the present one, and those that still are in use. */
  async close(): Promise<void> {
    const all = [this.#present, ...this.#retired];
    this.#retired.clear();
    await Promise.all(all.map(({ backend }) => backend.close()));
  }

  #closeIfIdle(use: Use<Backend>): void {
    // Nobody waits for it, and nobody could do anything about it.
    if (use.count === 0 && this.#retired.delete(use)) {
      Promise.resolve(use.backend.close()).catch(() => {});
    }
  }
}
