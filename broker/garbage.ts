/**
 * Collects garbage without a flag on the command line.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects all garbage at once, which takes about a tenth of a second for a gigabyte.
 * V8 does so by itself as long as objects are made; a quiet broker makes none.
 *
 * @param largest Most bytes that the heap may have: everyone waits meanwhile. Default: no limit.
 */
export function collectGarbage(largest: number = Infinity): void {
  if (Deno.memoryUsage().heapUsed <= largest) (collect ??= collector())();
}

/** Contexts that are made while the flag is set have the function. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc");
  } catch {
    // Then it is left to V8.
    return () => {};
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
