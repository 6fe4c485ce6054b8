/**
 * Whether two values are deeply equal: same kind of object, same own enumerable
 * keys (a key whose value is `undefined` counts), equal values. Maps and sets
 * are compared without regard to order. `NaN` equals itself and 0 equals -0.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

/** `seen`: the pairs that are being compared further out; they break cycles. */
function compare(
  a: unknown,
  b: unknown,
  seen: Map<object, Set<object>>,
): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || !sameKind(a, b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return compare(a.deref(), b.deref(), seen);
  }
  const partners = seen.get(a) ?? new Set();
  if (partners.has(b)) return true;
  seen.set(a, partners.add(b));
  try {
    return equalContent(a, b, seen);
  } finally {
    partners.delete(b);
  }
}

function equalContent(
  a: object,
  b: object,
  seen: Map<object, Set<object>>,
): boolean {
  if (isBytes(a) && isBytes(b)) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (a instanceof Map && b instanceof Map) {
    return sameEntries([...a], [...b], seen);
  }
  if (a instanceof Set && b instanceof Set) {
    return sameEntries([...a], [...b], seen);
  }
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    return equalContent(new Uint8Array(a), new Uint8Array(b), seen);
  }
  const keys = keysOf(a);
  // The message of an error is an own property that is not enumerable.
  if (a instanceof Error && b instanceof Error) {
    if (a.message !== b.message || a.name !== b.name) return false;
  }
  return keys.length === keysOf(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      compare(Reflect.get(a, key), Reflect.get(b, key), seen)
    );
}

/** Whether each entry of one list has its own equal partner in the other. */
function sameEntries(
  a: unknown[],
  b: unknown[],
  seen: Map<object, Set<object>>,
): boolean {
  if (a.length !== b.length) return false;
  const rest = [...b];
  for (const entry of a) {
    const index = rest.findIndex((other) => compare(entry, other, seen));
    if (index < 0) return false;
    rest.splice(index, 1);
  }
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isBytes(value: object): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** An object without a prototype counts as a plain object. */
function sameKind(a: object, b: object): boolean {
  return (a.constructor ?? Object) === (b.constructor ?? Object);
}

function keysOf(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
}
