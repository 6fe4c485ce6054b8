/**
 * What is remembered of strangers for a while: a table that cannot grow without
 * end.
 *
 * @module
 */

import { createHash } from "node:crypto";

const LONGEST_KEY = 64;

/**
 * A key for a name that a stranger chose, and that may be very long.
 *
 * @param name The name.
 * @returns The name itself, or a short one that no other name has.
 */
export function shortKey(name: string): string {
  return name.length <= LONGEST_KEY
    ? name
    // No name of up to 64 characters looks like that.
    : `sha256-${createHash("sha256").update(name).digest("hex")}`;
}

/** A map whose entries expire, with a greatest number of entries. */
export class ExpiringTable<Value> {
  readonly #entries = new Map<string, { value: Value; until: number }>();
  readonly #capacity: number;

  /**
   * Creates an empty table.
   *
   * @param capacity Most entries; above it the one that was set longest ago goes.
   */
  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** How many entries there are, those that have expired and are not removed yet included. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Finds an entry.
   *
   * @param key Its key.
   * @param now The present time, of the same clock as in `set`.
   * @returns The value, unless there is none or it has expired.
   */
  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > now) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /**
   * Sets an entry, which then is the youngest.
   *
   * @param key Its key.
   * @param value Its value.
   * @param until When it expires.
   * @param now The present time.
   */
  set(key: string, value: Value, until: number, now: number): void {
    const entries = this.#entries;
    entries.delete(key);
    entries.set(key, { value, until });
    // Two for each that comes: what has expired does not stay.
    let left = 2;
    for (const [other, { until }] of entries) {
      if (left-- === 0 || (until > now && entries.size <= this.#capacity)) {
        break;
      }
      entries.delete(other);
    }
  }

  /** Removes an entry. */
  delete(key: string): void {
    this.#entries.delete(key);
  }
}
