/**
 * The timers as they were when this module was loaded, so that waiting for a broker
 * goes on in real time while a test's clock stands still.
 *
 * @module
 */

const { setTimeout, clearTimeout } = globalThis;

/** How long a test waits for what must come, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Waits for a promise, within the patience of a test.
 *
 * @param promise What is waited for.
 * @param what What it is, for the message.
 * @returns What it resolves to.
 * @throws {Error} If it takes too long.
 */
export async function patiently<T>(
  promise: Promise<T>,
  what: () => string,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Cannot wait any longer: ${what()}`)),
    PATIENCE,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets everything run that is ready to. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
