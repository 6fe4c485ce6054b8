/** Plain data: what a YAML or JSON file can hold. */

/**
 * Whether a value is a map: an object that is no list and of no class.
 *
 * @param value Anything.
 * @returns `true` for `{}` and what `Object.create(null)` makes.
 */
export function isMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Copies maps and lists all through and freezes the copies. Objects of classes, such
 * as a plugin that a host program gave, are kept as they are.
 *
 * @param value Anything.
 * @returns The frozen copy.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, new Map()) as T;
}

/** What was copied already is kept, because a program's objects may hold themselves. */
function copy(value: unknown, copies: Map<object, unknown>): unknown {
  const isList = Array.isArray(value);
  if (!isList && !isMap(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (isList) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const item of value) list.push(copy(item, copies));
    return Object.freeze(list);
  }
  // No prototype: a key `__proto__` is a key like any other.
  const map: Record<string, unknown> = Object.create(null);
  copies.set(value, map);
  for (const [key, item] of Object.entries(value)) {
    map[key] = copy(item, copies);
  }
  return Object.freeze(map);
}
