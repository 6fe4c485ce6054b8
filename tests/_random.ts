/**
 * Random numbers for generated tests. Each run has the same ones, so that it can be
 * trusted; `SEED=n` looks elsewhere.
 */
export class Random {
  #state: number;
  /** What repeats the run; printed when a test fails. */
  readonly seed: number;

  constructor(seed: number = Number(Deno.env.get("SEED") ?? 1883)) {
    this.seed = seed;
    this.#state = seed | 1;
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    // xorshift, 32 bits.
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }

  /** One of `values`. */
  pick<T>(values: readonly T[]): T {
    return values[this.int(values.length)];
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.int(times) === 0;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256));
  }
}
