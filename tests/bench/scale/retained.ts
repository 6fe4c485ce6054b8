/**
 * Many retained messages.
 *
 * @module
 */

import { startQuietBroker } from "./broker.ts";
import { liveMemory, time, type Timing } from "./timing.ts";

const LOOKUPS = 20_000;
const PAYLOAD = new TextEncoder().encode("21.5 degrees C");

/** What some number of retained messages costs. */
export interface RetainedCosts {
  readonly set: Timing;
  /** The message of a topic. */
  readonly get: Timing;
  /** A filter with a wildcard that selects one message. */
  readonly match: Timing;
  /** A filter that selects all; for each message. */
  readonly matchAll: Timing;
  readonly clear: Timing;
  /** Bytes for each message; its payload has 14 of them, its topic about 35. */
  readonly bytesEach: number;
  /** Bytes that are still there for each when all are gone. */
  readonly bytesLeft: number;
}

/**
 * Measures retained messages.
 *
 * @param size How many.
 * @returns What they cost.
 */
export async function measureRetained(size: number): Promise<RetainedCosts> {
  await using broker = await startQuietBroker();
  const { retained } = broker.context;
  const before = liveMemory();
  const set = time(size, (i) => retained.set(topicOf(i), PAYLOAD));
  const full = liveMemory();
  let found = 0;
  const get = time(LOOKUPS, (i) => {
    if (retained.get(topicOf(chosen(i, size))) !== undefined) found++;
  });
  const match = time(LOOKUPS, (i) => {
    const device = chosen(i, size);
    const filter = `site/${device % 1000}/+/${device}/+`;
    for (const _ of retained.match(filter)) found++;
  });
  const all = retained.match("#")[Symbol.iterator]();
  const matchAll = time(size, () => {
    if (!all.next().done) found++;
  });
  if (found !== 2 * LOOKUPS + size) {
    throw new Error(`Cannot measure: ${found} messages were found`);
  }
  const clear = time(size, (i) => retained.clear(topicOf(i)));
  const after = liveMemory();
  return {
    set,
    get,
    match,
    matchAll,
    clear,
    bytesEach: (full - before) / size,
    bytesLeft: (after - before) / size,
  };
}

/** Where the retained messages of this measurement are. */
export function topicOf(device: number): string {
  return `site/${device % 1000}/device/${device}/temperature`;
}

/** Visits the devices in no order. */
function chosen(index: number, size: number): number {
  return (index * 7_368_787) % size;
}
