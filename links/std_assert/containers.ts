import { refuse, show } from "./assertion_error.ts";
import { equal } from "./equal.ts";
import { assertEquals } from "./values.ts";

/**
 * Asserts that a list holds every value of another, in any order.
 *
 * @param actual The list.
 * @param expected The values; compared deeply.
 * @param msg Text for the message.
 */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const values = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !values.some((value) => equal(value, wanted))
  );
  if (missing.length === 0) return;
  refuse(
    `Expected actual: ${show(values)} to include: ${
      show(Array.from(expected))
    }\nmissing: ${show(missing)}`,
    msg,
  );
}

/**
 * Asserts that an object has at least the properties of another, deeply.
 *
 * @param actual The object.
 * @param expected The properties that it must have.
 * @param msg Text for the message.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(select(actual, expected, new Map()), copy(expected), msg);
}

type Properties = Record<PropertyKey, unknown>;

/** The part of `actual` that `expected` speaks of. */
function select(
  actual: Properties,
  expected: Properties,
  seen: Map<object, unknown>,
): unknown {
  if (seen.has(actual)) return seen.get(actual);
  const result: Properties = {};
  seen.set(actual, result);
  for (const key of Reflect.ownKeys(expected)) {
    if (!(key in actual)) continue;
    result[key] = selectValue(actual[key], expected[key], seen);
  }
  return result;
}

function selectValue(
  actual: unknown,
  expected: unknown,
  seen: Map<object, unknown>,
): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    // Objects in a list are matched in part too; the lengths must agree.
    return actual.map((value, i) =>
      i < expected.length ? selectValue(value, expected[i], seen) : value
    );
  }
  return isPlain(actual) && isPlain(expected)
    ? select(actual, expected, seen)
    : actual;
}

function copy(
  expected: unknown,
  seen: Map<object, unknown> = new Map(),
): unknown {
  if (Array.isArray(expected)) {
    return expected.map((value) => copy(value, seen));
  }
  if (!isPlain(expected)) return expected;
  if (seen.has(expected)) return seen.get(expected);
  const result: Properties = {};
  seen.set(expected, result);
  for (const key of Reflect.ownKeys(expected)) {
    result[key] = copy(expected[key], seen);
  }
  return result;
}

function isPlain(value: unknown): value is Properties {
  return typeof value === "object" && value !== null &&
    !(value instanceof Map) && !(value instanceof Set) &&
    !(value instanceof Date) && !(value instanceof RegExp) &&
    !ArrayBuffer.isView(value) && !Array.isArray(value);
}
