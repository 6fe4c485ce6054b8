/**
 * In what a device is not as it should be.
 *
 * @module
 */

import {
  emptyObject,
  isObject,
  type Json,
  type JsonObject,
  type ShadowDocument,
  withoutNulls,
} from "./document.ts";

/** A difference with the time stamps of the desired values. */
export interface Difference {
  /** The keys that differ, with the desired values. */
  readonly state: JsonObject;
  /** Their time stamps. */
  readonly metadata: JsonObject;
}

/**
 * The desired values that the device does not report, key by key at any depth.
 *
 * @param document The document.
 * @returns The difference; its state is empty if there is none.
 */
export function deltaOf({ state, metadata }: ShadowDocument): Difference {
  const desired = withoutNulls(state.desired);
  const reported = withoutNulls(state.reported);
  return delta(desired, reported, metadata.desired);
}

/**
 * The desired values that the device does not report, whole values of the first
 * level; and `null` for what it reports although nobody desires it.
 *
 * @param document The document.
 * @returns The difference; its state is empty if there is none.
 */
export function iotaOf({ state, metadata }: ShadowDocument): Difference {
  const desired = withoutNulls(state.desired);
  const reported = withoutNulls(state.reported);
  const result = { state: emptyObject(), metadata: emptyObject() };
  for (const [key, value] of Object.entries(desired)) {
    if (key in reported && isEqual(value, reported[key])) continue;
    result.state[key] = value;
    keepStamp(result, metadata.desired, key);
  }
  for (const key of Object.keys(reported)) {
    if (!(key in desired)) result.state[key] = null;
  }
  return result;
}

function delta(
  desired: JsonObject,
  reported: JsonObject,
  stamps: Json | undefined,
): Difference {
  const result = { state: emptyObject(), metadata: emptyObject() };
  for (const [key, value] of Object.entries(desired)) {
    const other = reported[key];
    if (isObject(value) && isObject(other)) {
      const stampsBelow = isObject(stamps) ? stamps[key] : undefined;
      const below = delta(value, other, stampsBelow);
      if (Object.keys(below.state).length === 0) continue;
      result.state[key] = below.state;
      result.metadata[key] = below.metadata;
    } else if (!(key in reported) || !isEqual(value, other)) {
      result.state[key] = value;
      keepStamp(result, stamps, key);
    }
  }
  return result;
}

function keepStamp(
  result: Difference,
  stamps: Json | undefined,
  key: string,
): void {
  if (isObject(stamps) && (stamps[key] ?? null) !== null) {
    const stamp = stamps[key];
    result.metadata[key] = isObject(stamp) ? withoutNulls(stamp) : stamp;
  }
}

/** Objects are equal in any order of their keys, lists only in theirs. */
function isEqual(a: Json, b: Json): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length &&
      a.every((item, index) => isEqual(item, b[index]));
  }
  if (!isObject(a)) return a === b;
  if (!isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => key in b && isEqual(a[key], b[key]));
}
