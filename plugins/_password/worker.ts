/**
 * The thread that computes slow password hashes. It answers one request at a time.
 *
 * @module
 */

import type { PasswordHash } from "./hash.ts";
import { makeHash, type NewHashScheme } from "./make.ts";
import { verifyPassword } from "./verify.ts";

/** What the worker is asked: whether a password is right, or for a new hash. */
export type WorkerRequest =
  & {
    /** The password; the worker owns the bytes. */
    readonly password: Uint8Array<ArrayBuffer>;
  }
  & (
    | { readonly hash: PasswordHash }
    | { readonly scheme: NewHashScheme }
  );

/** What the worker answers, or what failed. */
export type WorkerResponse =
  | { readonly ok: boolean }
  | { readonly made: string }
  | { readonly error: string };

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(message: WorkerResponse): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  scope.postMessage(await answer(data));
};

async function answer(request: WorkerRequest): Promise<WorkerResponse> {
  const { password } = request;
  try {
    return "hash" in request
      ? { ok: await verifyPassword(request.hash, password) }
      : { made: await makeHash(request.scheme, password) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    password.fill(0);
  }
}
