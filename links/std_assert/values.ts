import { AssertionError, refuse, show } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** A value that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Asserts that `expr` counts as true.
 *
 * @param expr The value.
 * @param msg Text for the message.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that `expr` counts as false.
 *
 * @param expr The value.
 * @param msg Text for the message.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/**
 * Asserts that two values are deeply equal.
 *
 * @param actual The value.
 * @param expected What it must equal.
 * @param msg Text for the message.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  const detail = `\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`;
  throw new AssertionError(
    `Values are not equal${msg ? `: ${msg}` : "."}${detail}`,
  );
}

/**
 * Asserts that two values are not deeply equal.
 *
 * @param actual The value.
 * @param expected What it must not equal.
 * @param msg Text for the message.
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    refuse(
      `Expected actual: ${show(actual)} not to be: ${show(expected)}`,
      msg,
    );
  }
}

/**
 * Asserts that two values are the same by `Object.is()`.
 *
 * @param actual The value.
 * @param expected The value that it must be.
 * @param msg Text for the message.
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const detail = `\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`;
  throw new AssertionError(
    `Values are not strictly equal${msg ? `: ${msg}` : "."}${detail}`,
  );
}

/**
 * Asserts that two values are not the same by `Object.is()`.
 *
 * @param actual The value.
 * @param expected The value that it must not be.
 * @param msg Text for the message.
 */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (Object.is(actual, expected)) {
    refuse(
      `Expected "actual" to not be strictly equal to: ${show(actual)}`,
      msg,
    );
  }
}

/**
 * Asserts that a value is neither `null` nor `undefined`.
 *
 * @param actual The value.
 * @param msg Text for the message.
 */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    refuse(
      `Expected actual: "${actual}" to not be null or undefined`,
      msg,
    );
  }
}

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value.
 * @param expectedType The class.
 * @param msg Text for the message.
 */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const found = typeof actual === "object" && actual !== null
    ? actual.constructor?.name ?? "Object"
    : `"${String(actual)}"`;
  refuse(
    `Expected object to be an instance of "${expectedType.name}" but was ${found}`,
    msg,
  );
}

/**
 * Asserts that a value is not an instance of a class.
 *
 * @param actual The value.
 * @param unexpectedType The class.
 * @param msg Text for the message.
 */
export function assertNotInstanceOf<A, T>(
  actual: A,
  // deno-lint-ignore no-explicit-any
  unexpectedType: abstract new (...args: any[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) {
    refuse(
      `Expected object to not be an instance of "${unexpectedType.name}"`,
      msg,
    );
  }
}

/**
 * Asserts that a text matches a pattern.
 *
 * @param actual The text.
 * @param expected The pattern.
 * @param msg Text for the message.
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) {
    refuse(
      `Expected actual: ${show(actual)} to match: ${show(expected)}`,
      msg,
    );
  }
}

/**
 * Asserts that a text does not match a pattern.
 *
 * @param actual The text.
 * @param expected The pattern.
 * @param msg Text for the message.
 */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) {
    refuse(
      `Expected actual: ${show(actual)} to not match: ${show(expected)}`,
      msg,
    );
  }
}

/**
 * Asserts that a text contains another.
 *
 * @param actual The text.
 * @param expected The part that it must contain.
 * @param msg Text for the message.
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (!actual.includes(expected)) {
    refuse(
      `Expected actual: ${show(actual)} to contain: ${show(expected)}`,
      msg,
    );
  }
}
