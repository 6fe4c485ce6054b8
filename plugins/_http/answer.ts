/**
 * What a response of the server says.
 *
 * @module
 */

import type { HttpReply } from "./send.ts";

/** Yes, no, or nothing: the server does not decide. */
export type Answer = boolean | undefined;

/** What of a response is the answer. */
export type ResponseMode = "status" | "json" | "text";

/**
 * Reads an answer.
 *
 * @param mode What of the response is the answer.
 * @param reply The response.
 * @returns The answer.
 * @throws {Error} If the response is no answer.
 */
export function readAnswer(mode: ResponseMode, reply: HttpReply): Answer {
  const { status } = reply;
  // What a proxy says if the server behind it is gone is no answer in any mode.
  if (status >= 502 && status <= 504) {
    throw new Error(`the status is ${status}`);
  }
  const granted = status >= 200 && status <= 299;
  const refused = status >= 400 && status <= 499;
  if (mode === "status") return granted ? true : refused ? false : undefined;
  if (refused) return false;
  if (!granted) {
    throw new Error(
      `the status is ${status}` +
        (status >= 300 && status <= 399 ? "; redirects are not followed" : ""),
    );
  }
  return mode === "text"
    ? reply.body.toLowerCase() === "ok"
    : readJson(reply.body);
}

/**
 * How long an answer holds.
 *
 * @param reply The response.
 * @param seconds How long if the response does not say.
 * @returns Seconds.
 */
export function lifetime(reply: HttpReply, seconds: number): number {
  const { cacheControl } = reply;
  if (cacheControl === undefined) return seconds;
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0;
  const age = /\bmax-age\s*=\s*"?(\d+)/i.exec(cacheControl)?.[1];
  return age === undefined ? seconds : Math.min(Number(age), 86_400);
}

function readJson(text: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error("the response is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("the response is not a JSON object");
  }
  let answer: unknown;
  for (const [key, entry] of Object.entries(value)) {
    if (key.toLowerCase() === "ok") answer = entry;
  }
  if (typeof answer === "boolean") return answer;
  if (answer === undefined || answer === null) return undefined;
  throw new Error(
    '"ok" of the response is not true, false or null',
  );
}
