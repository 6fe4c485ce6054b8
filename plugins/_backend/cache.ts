/**
 * Answers of a back-end, kept for some time.
 *
 * @module
 */

/** Options of {@linkcode ExpiringCache}. */
export interface ExpiringCacheOptions {
  /** Milliseconds that an answer is kept; 0: not at all. */
  lifetime: number;
  /** How many answers are kept at most. Default: 10000. */
  capacity?: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
}

/**
 * Keeps values by their keys. A value that is being loaded is not loaded twice. A
 * failure is not kept.
 */
export class ExpiringCache<Value> {
  readonly #lifetime: number;
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #loading = new Map<string, Promise<Value>>();

  /**
   * Creates the cache.
   *
   * @param options Limits.
   */
  constructor({ lifetime, capacity = 10_000 }: ExpiringCacheOptions) {
    this.#lifetime = lifetime;
    this.#capacity = capacity;
  }

  /**
   * Gives a value, and loads it if it is not here or too old.
   *
   * @param key Key.
   * @param load Loads the value.
   * @returns The value; a promise only if it must be loaded.
   */
  get(key: string, load: () => Promise<Value>): Value | Promise<Value> {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresAt > performance.now()) {
      return entry.value;
    }
    const loading = this.#loading.get(key);
    if (loading !== undefined) return loading;
    const loaded = this.#load(key, load);
    this.#loading.set(key, loaded);
    return loaded;
  }

  async #load(key: string, load: () => Promise<Value>): Promise<Value> {
    this.#entries.delete(key);
    try {
      const value = await load();
      if (this.#lifetime > 0) this.#keep(key, value);
      return value;
    } finally {
      this.#loading.delete(key);
    }
  }

  #keep(key: string, value: Value): void {
    if (this.#entries.size >= this.#capacity) {
      // The oldest: a Map keeps the order in which its entries came.
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest);
    }
    const expiresAt = performance.now() + this.#lifetime;
    this.#entries.set(key, { value, expiresAt });
  }
}
