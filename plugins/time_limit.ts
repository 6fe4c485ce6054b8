/**
 * Waiting that ends.
 *
 * @module
 */

/** What {@linkcode withTimeLimit} answers when the time is over. */
export const TIMED_OUT: unique symbol = Symbol("timed out");

/**
 * Waits for a promise, but not longer than `milliseconds`. A promise that is
 * rejected later is no unhandled rejection.
 *
 * @param promise What to wait for.
 * @param milliseconds How long; `Infinity`: somebody else sees to it that it ends.
 * @returns The value, or {@linkcode TIMED_OUT}.
 */
export async function withTimeLimit<Value>(
  promise: PromiseLike<Value>,
  milliseconds: number,
): Promise<Value | typeof TIMED_OUT> {
  if (milliseconds === Infinity) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeOut = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(resolve, milliseconds, TIMED_OUT);
  });
  try {
    return await Promise.race([promise, timeOut]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a value must be waited for. One that cannot be read must: who waits gets the error. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return true;
  }
}

/** Refuses an answer that nobody can wait for. */
export function refusePromise(promise: PromiseLike<unknown>): never {
  // It may still be rejected, and nobody waits for it.
  Promise.resolve(promise).catch(() => {});
  throw new TypeError("the answer must not be a promise: nobody can wait here");
}
