/**
 * The document of a shadow: what a device should be, what it says it is, and when
 * each key was last set.
 *
 * @module
 */

/** Any value of JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | Json[]
  | JsonObject;

/**
 * An object of JSON. It has no prototype: the keys are the clients', `__proto__` too.
 */
export interface JsonObject {
  [key: string]: Json;
}

/** The two halves of a state, or of its time stamps. */
export interface Sections {
  /** What the device should be. */
  readonly desired: JsonObject;
  /** What the device says that it is. */
  readonly reported: JsonObject;
}

/** Which half. */
export type Section = keyof Sections;

/** A state and its time stamps: `{"timestamp": 1623855600}` for each key. */
export interface ShadowDocument {
  /** The state; a key that was cleared is `null`. */
  readonly state: Sections;
  /** The time stamps; of a key that was cleared, `null`. */
  readonly metadata: Sections;
}

/** What an update says of each half; `null` clears all of it. */
export type StateUpdate = Partial<Record<Section, JsonObject | null>>;

/** The two halves. */
export const SECTIONS: readonly Section[] = ["desired", "reported"];

/**
 * A document without anything.
 *
 * @returns The document.
 */
export function emptyDocument(): ShadowDocument {
  return {
    state: { desired: emptyObject(), reported: emptyObject() },
    metadata: { desired: emptyObject(), reported: emptyObject() },
  };
}

/**
 * An object that holds nothing at all.
 *
 * @returns The object.
 */
export function emptyObject(): JsonObject {
  return Object.create(null);
}

/**
 * Whether a value is an object, and no list.
 *
 * @param value Any value.
 * @returns Whether it is.
 */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Applies an update. Objects are merged key by key; everything else is replaced. What
 * the update does not name keeps its value and its time stamp.
 *
 * @param document The document; it stays as it is.
 * @param update The update.
 * @param now Seconds since 1970.
 * @returns The new document.
 */
export function applyUpdate(
  document: ShadowDocument,
  update: StateUpdate,
  now: number,
): ShadowDocument {
  const state = { ...document.state };
  const metadata = { ...document.metadata };
  for (const section of SECTIONS) {
    const change = update[section];
    if (change === undefined) continue;
    const merged = change === null
      ? { state: emptyObject(), metadata: emptyObject() }
      : merge(state[section], metadata[section], change, now);
    state[section] = merged.state;
    metadata[section] = merged.metadata;
  }
  return { state, metadata };
}

function merge(
  oldState: Json | undefined,
  oldMetadata: Json | undefined,
  change: JsonObject,
  now: number,
): { state: JsonObject; metadata: JsonObject } {
  const state = emptyObject();
  const metadata = emptyObject();
  // Time stamps of something else that had this name are not theirs.
  if (isObject(oldState)) {
    Object.assign(state, oldState);
    if (isObject(oldMetadata)) Object.assign(metadata, oldMetadata);
  }
  for (const [key, value] of Object.entries(change)) {
    if (isObject(value)) {
      const merged = merge(state[key], metadata[key], value, now);
      state[key] = merged.state;
      metadata[key] = merged.metadata;
    } else {
      state[key] = value;
      metadata[key] = value === null ? null : stamp(now);
    }
  }
  return { state, metadata };
}

function stamp(timestamp: number): JsonObject {
  const result = emptyObject();
  result.timestamp = timestamp;
  return result;
}

/**
 * Leaves out what was cleared: clients see no `null`.
 *
 * @param value Any value.
 * @returns The value without keys that are `null`.
 */
export function withoutNulls(value: JsonObject): JsonObject {
  const result = emptyObject();
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    result[key] = isObject(item) ? withoutNulls(item) : item;
  }
  return result;
}

/**
 * Reads JSON into objects without a prototype.
 *
 * @param text The text.
 * @returns The value.
 * @throws {SyntaxError} If it is not JSON.
 */
export function parseJson(text: string): Json {
  return plain(JSON.parse(text));
}

function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const result = emptyObject();
  for (const [key, item] of Object.entries(value)) result[key] = plain(item);
  return result;
}

/**
 * How many objects and lists are in each other.
 *
 * @param value Any value.
 * @param limit Where to stop counting.
 * @returns The depth, at most `limit`.
 */
export function depthOf(value: Json, limit: number): number {
  if (limit === 0 || typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  for (const item of Object.values(value)) {
    deepest = Math.max(deepest, depthOf(item, limit - 1));
  }
  return deepest + 1;
}
