/** What a failed assertion throws. */
export class AssertionError extends Error {
  /**
   * Creates the error.
   *
   * @param message What is wrong.
   * @param options The cause, if there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/**
 * Fails in any case.
 *
 * @param msg Text for the message.
 */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${msg ? `: ${msg}` : "."}`);
}

/**
 * Fails because a line ran that was meant never to run.
 *
 * @param msg Text for the message.
 */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${msg ? `: ${msg}` : "."}`);
}

/** Throws an assertion error made of what is wrong and the caller's text. */
export function refuse(problem: string, msg?: string): never {
  throw new AssertionError(msg ? `${problem}: ${msg}` : `${problem}.`);
}

/** Shows a value in a message. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: 20,
    iterableLimit: 200,
    strAbbreviateSize: 10_000,
    sorted: true,
  });
}
