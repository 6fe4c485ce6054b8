/**
 * Reads a file that an option names.
 *
 * @module
 */

/**
 * Reads a file.
 *
 * @param option Name of the option, for errors.
 * @param path Path of the file.
 * @returns Its text.
 * @throws {Error} If it cannot be read.
 */
export function readOptionFile(option: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : cause instanceof Deno.errors.NotCapable
      ? `permission is lacking; run with --allow-read=${path}`
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read the file "${path}" of "${option}": ${why}`, {
      cause,
    });
  }
}
