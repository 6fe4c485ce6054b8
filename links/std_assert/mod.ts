/**
 * Stand-in for `jsr:@std/assert`, for networks that do not reach JSR.
 *
 * @module
 */

export { assertArrayIncludes, assertObjectMatch } from "./containers.ts";
export {
  assert,
  assertEquals,
  assertExists,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  type Falsy,
} from "./values.ts";
export {
  assertAlmostEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "./order.ts";
export {
  assertIsError,
  assertRejects,
  assertThrows,
  type ErrorClass,
} from "./throwing.ts";
export { AssertionError, fail, unreachable } from "./assertion_error.ts";
export { equal } from "./equal.ts";
