import { EXIT_FAILED, UsageError } from "../mod.ts";

/** Runs something whose errors nobody wants to see, if `isQuiet`; the exit code tells. */
export async function quietly(
  isQuiet: boolean,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!isQuiet || error instanceof UsageError) throw error;
    return EXIT_FAILED;
  }
}
