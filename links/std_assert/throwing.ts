import { AssertionError, refuse, show } from "./assertion_error.ts";

/** A class of errors. */
// deno-lint-ignore no-explicit-any
export type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/**
 * Asserts that a value is an error, and which.
 *
 * @param error The value.
 * @param ErrorClass The class that it must be an instance of.
 * @param msgMatches A part or a pattern of its message.
 * @param msg Text for the message.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    refuse(`Expected "error" to be an Error object: ${show(error)}`, msg);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    refuse(
      `Expected error to be instance of "${ErrorClass.name}", ` +
        `but was "${error.constructor?.name}" (${error.message})`,
      msg,
    );
  }
  const matches = msgMatches === undefined ||
    (typeof msgMatches === "string"
      ? error.message.includes(msgMatches)
      : msgMatches.test(error.message));
  if (!matches) {
    refuse(
      `Expected error message to include ${show(msgMatches)}, ` +
        `but got ${show(error.message)}`,
      msg,
    );
  }
}

/**
 * Asserts that a function throws.
 *
 * @param fn The function.
 * @param msg Text for the message.
 * @returns What it threw.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error, and which.
 *
 * @param fn The function.
 * @param ErrorClass The class of the error.
 * @param msgIncludes A part of the error's message.
 * @param msg Text for the message.
 * @returns The error.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    if (typeof classOrMsg === "function") {
      checkThrown(error, "thrown", classOrMsg, msgIncludes, msg);
    }
    return thrown;
  }
  refuse("Expected function to throw", text);
}

/**
 * Asserts that a function returns a promise that is rejected.
 *
 * @param fn The function.
 * @param msg Text for the message.
 * @returns What the promise was rejected with.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that a function returns a promise that is rejected with an error, and which.
 *
 * @param fn The function.
 * @param ErrorClass The class of the error.
 * @param msgIncludes A part of the error's message.
 * @param msg Text for the message.
 * @returns The error.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (cause) {
    throw new AssertionError(
      `Function throws when expected to reject${text ? `: ${text}` : "."}`,
      { cause },
    );
  }
  if (typeof promise?.then !== "function") {
    refuse("Function did not return a promise", text);
  }
  try {
    await promise;
  } catch (error) {
    if (typeof classOrMsg === "function") {
      checkThrown(error, "rejected", classOrMsg, msgIncludes, msg);
    }
    return error;
  }
  refuse("Expected function to reject", text);
}

function checkThrown<E extends Error>(
  error: unknown,
  how: "thrown" | "rejected",
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    refuse(`A non-Error object was ${how}`, msg);
  }
  assertIsError(error, errorClass, msgIncludes, msg);
}
