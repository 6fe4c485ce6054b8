/**
 * A JSON Web Key Set that changes: its file or server is asked again when the set is
 * old, or when a token names a key that it does not have.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from "jose";
import type { AuthJwtOptions } from "./options.ts";

/** Answers with the key of a token; rejects with a {@linkcode KeySetError} if the set cannot be had. */
export type KeyFinder = JWTVerifyGetKey;

/** A key set could not be read. It is nobody's token that is wrong. */
export class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/** Milliseconds in which a set that could not be read is not tried again. */
const PAUSE_AFTER_FAILURE = 1000;
const MAX_BYTES = 1 << 20;

/**
 * Opens a key set. Nothing is read yet.
 *
 * @param options Where it is and how often it is read.
 * @returns Finds keys, and reads the set at once if `reload()` is called.
 */
export function openKeySet(
  options: AuthJwtOptions,
): { findKey: KeyFinder; reload: () => Promise<void> } {
  const { jwksUrl, jwksFile } = options;
  const where = jwksUrl ?? jwksFile!;
  const url = jwksUrl !== undefined
    ? new URL(jwksUrl)
    : pathToFileURL(jwksFile!);
  const set = createRemoteJWKSet(url, {
    cacheMaxAge: options.jwksMaxAge * 1000,
    cooldownDuration: options.jwksMinInterval * 1000,
    timeoutDuration: options.timeout * 1000,
    [customFetch]: pausing(readSet),
  });
  const failure = (cause: unknown) =>
    new KeySetError(`Cannot read the key set "${where}": ${reasonOf(cause)}`, {
      cause,
    });
  return {
    findKey: async (header, token) => {
      try {
        return await set(header, token);
      } catch (error) {
        // Nothing was wrong with the set, but with the token.
        if (
          error instanceof errors.JWKSNoMatchingKey ||
          error instanceof errors.JWKSMultipleMatchingKeys ||
          error instanceof errors.JOSENotSupported
        ) throw error;
        throw failure(error);
      }
    },
    reload: async () => {
      try {
        await set.reload();
      } catch (error) {
        throw failure(error);
      }
    },
  };
}

/** Reads a set that may be a file, and no more of it than a set ever is. */
async function readSet(
  ...[url, options]: Parameters<FetchImplementation>
): Promise<Response> {
  if (url.startsWith("file:")) {
    return checked(await Deno.readTextFile(new URL(url)));
  }
  const response = await fetch(url, options);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the status is ${response.status}`);
  }
  let text = "";
  const decoded = response.body!.pipeThrough(new TextDecoderStream());
  for await (const chunk of decoded) {
    text += chunk;
    if (text.length > MAX_BYTES) {
      throw new Error(`it is longer than ${MAX_BYTES} bytes`);
    }
  }
  return checked(text);
}

/** Refuses what is no set here, where a failure is remembered for a while. */
function checked(text: string): Response {
  let set: { keys?: unknown } | null;
  try {
    set = JSON.parse(text);
  } catch (cause) {
    throw new Error("it is not JSON", { cause });
  }
  if (!Array.isArray(set?.keys)) {
    throw new Error('it is not a JSON object with a list "keys"');
  }
  return new Response(text);
}

/** Has nobody asked again for a moment after a failure. */
function pausing(read: FetchImplementation): FetchImplementation {
  let failure: unknown;
  let pauseEnds = 0;
  return async (url, options) => {
    if (performance.now() < pauseEnds) throw failure;
    try {
      return await read(url, options);
    } catch (error) {
      failure = error;
      pauseEnds = performance.now() + PAUSE_AFTER_FAILURE;
      throw error;
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return "no answer in time";
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  return error instanceof Error ? error.message : String(error);
}
