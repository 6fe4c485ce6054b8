/**
 * Steps that must all be tried.
 *
 * @module
 */

/**
 * Does one thing after the other, the later ones also if an earlier one fails.
 *
 * @param steps What to do.
 * @throws {Error} What the first that failed has thrown.
 */
export async function inTurn(
  steps: ReadonlyArray<() => unknown>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
