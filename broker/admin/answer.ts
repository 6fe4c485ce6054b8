/**
 * Short answers.
 *
 * @module
 */

/**
 * An answer of one line.
 *
 * @param status HTTP status.
 * @param text The line.
 * @param headers More headers.
 * @returns The answer.
 */
export function plain(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
