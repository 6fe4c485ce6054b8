/**
 * Times operations, and memory.
 *
 * @module
 */

/** What an operation costs. */
export interface Timing {
  /** Microseconds on average. */
  readonly mean: number;
  /** Microseconds of the one that took longest. */
  readonly longest: number;
}

/**
 * Does something many times.
 *
 * @param count How often.
 * @param operation Is told how often it was done before.
 * @returns How long one takes.
 */
export function time(
  count: number,
  operation: (index: number) => void,
): Timing {
  let longest = 0;
  const begin = performance.now();
  let last = begin;
  for (let i = 0; i < count; i++) {
    operation(i);
    const now = performance.now();
    if (now - last > longest) longest = now - last;
    last = now;
  }
  return { mean: (last - begin) * 1000 / count, longest: longest * 1000 };
}

/**
 * The memory that JavaScript objects take, when all that is not needed is gone.
 *
 * @returns Bytes.
 */
export function liveMemory(): number {
  // Typed arrays free their memory only after the objects are gone.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) {
    throw new Error(
      "Cannot measure memory: run with --v8-flags=--expose-gc, as the task does",
    );
  }
  gc();
}
