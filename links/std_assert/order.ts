import { refuse, show } from "./assertion_error.ts";

/**
 * Asserts that two numbers are nearly equal.
 *
 * @param actual The number.
 * @param expected The number that it must be near to.
 * @param tolerance The largest difference. Default: a ten-millionth of `expected`.
 * @param msg Text for the message.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  tolerance ??= Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7;
  const difference = Math.abs(expected - actual);
  if (difference <= tolerance) return;
  refuse(
    `Expected actual: "${actual}" to be close to "${expected}": ` +
      `delta "${difference}" is greater than "${tolerance}"`,
    msg,
  );
}

/**
 * Asserts that one value is greater than another.
 *
 * @param actual The greater value.
 * @param expected The smaller value.
 * @param msg Text for the message.
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    refuse(`Expect ${show(actual)} > ${show(expected)}`, msg);
  }
}

/**
 * Asserts that one value is greater than another or the same.
 *
 * @param actual The greater value.
 * @param expected The smaller value.
 * @param msg Text for the message.
 */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) {
    refuse(`Expect ${show(actual)} >= ${show(expected)}`, msg);
  }
}

/**
 * Asserts that one value is less than another.
 *
 * @param actual The smaller value.
 * @param expected The greater value.
 * @param msg Text for the message.
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    refuse(`Expect ${show(actual)} < ${show(expected)}`, msg);
  }
}

/**
 * Asserts that one value is less than another or the same.
 *
 * @param actual The smaller value.
 * @param expected The greater value.
 * @param msg Text for the message.
 */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) {
    refuse(`Expect ${show(actual)} <= ${show(expected)}`, msg);
  }
}
