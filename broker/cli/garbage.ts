/**
 * Collects garbage without a flag on the command line.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// A larger heap takes longer to collect than is worth it: some milliseconds a megabyte.
const LARGEST = 64 << 20;

let collect: (() => void) | undefined;

/**
 * Collects all garbage at once, unless the heap is so large that everyone would wait.
 *
 * @param largest Most bytes that the heap may have. Default: 64 MiB.
 */
export function collectGarbage(largest: number = LARGEST): void {
  if (Deno.memoryUsage().heapUsed <= largest) (collect ??= collector())();
}

/** Contexts that are made while the flag is set have the function. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc");
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
