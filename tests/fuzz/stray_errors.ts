import { setImmediate } from "node:timers/promises";

/**
 * Makes a run fail for errors that nobody catches: they would end the process.
 *
 * @param run What is run.
 * @returns The same, with such errors.
 */
export function catchingAll<Input>(
  run: (input: Input) => Promise<void>,
): (input: Input) => Promise<void> {
  return async (input) => {
    let stray: unknown;
    const onError = (event: ErrorEvent): void => {
      event.preventDefault();
      stray ??= event.error;
    };
    const onRejection = (event: PromiseRejectionEvent): void => {
      event.preventDefault();
      stray ??= event.reason;
    };
    addEventListener("error", onError);
    addEventListener("unhandledrejection", onRejection);
    try {
      await run(input);
      await setImmediate();
    } finally {
      removeEventListener("error", onError);
      removeEventListener("unhandledrejection", onRejection);
    }
    if (stray === undefined) return;
    throw new Error(`Nobody caught an error: ${stray}`, { cause: stray });
  };
}
