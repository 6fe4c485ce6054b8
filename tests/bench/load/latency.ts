/**
 * Percentiles of what was timed.
 *
 * @module
 */

/** Times in milliseconds. */
export class Latency {
  #times: number[] = [];

  /** Adds a time. */
  add(milliseconds: number): void {
    this.#times.push(milliseconds);
  }

  /** Forgets all times. */
  clear(): void {
    this.#times = [];
  }

  /** The middle and the 99th percentile; absent if nothing was timed. */
  summary(): { p50?: number; p99?: number } {
    if (this.#times.length === 0) return {};
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { p50: at(0.5), p99: at(0.99) };
  }
}
