/**
 * The message of whatever was thrown.
 *
 * @module
 */

/**
 * The message of whatever was thrown.
 *
 * @param thrown Most often an error.
 * @returns Its message. If it has none, as Node's errors of several addresses, those
 * of its parts, or its code.
 */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.message !== "") return thrown.message;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.map(messageOf).join("; ");
  }
  const { code } = thrown as { code?: unknown };
  return typeof code === "string" ? code : thrown.name;
}
