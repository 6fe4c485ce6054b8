import fc from "fast-check";

/**
 * Checks a property on generated input. A failure names its seed; the same input comes again
 * with the environment variable `TEST_SEED`.
 *
 * @param property What holds for every input.
 * @param runs How many inputs. Default: 200.
 */
export function checkProperty<Input>(
  property: fc.IProperty<Input>,
  runs = 200,
): void {
  const seed = Number(Deno.env.get("TEST_SEED") ?? Date.now() & 0x7fffffff);
  fc.assert(property, { seed, numRuns: runs });
}

/**
 * As {@linkcode checkProperty}, for what takes time to find out.
 *
 * @param property What holds for every input.
 * @param runs How many inputs.
 */
export async function checkAsyncProperty<Input>(
  property: fc.IAsyncProperty<Input>,
  runs: number,
): Promise<void> {
  const seed = Number(Deno.env.get("TEST_SEED") ?? Date.now() & 0x7fffffff);
  await fc.assert(property, { seed, numRuns: runs });
}
