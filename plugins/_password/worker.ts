/**
 * The thread that computes slow password hashes. It answers one request at a time.
 *
 * @module
 */

import type { PasswordHash } from "./hash.ts";
import { verifyPassword } from "./verify.ts";

/** What the worker is asked. */
export interface VerifyRequest {
  /** The hash. */
  readonly hash: PasswordHash;
  /** The password; the worker owns the bytes. */
  readonly password: Uint8Array<ArrayBuffer>;
}

/** What the worker answers: whether the password is right, or what failed. */
export type VerifyResponse =
  | { readonly ok: boolean }
  | { readonly error: string };

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: (event: MessageEvent<VerifyRequest>) => void;
  postMessage(message: VerifyResponse): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  scope.postMessage(await answer(data));
};

async function answer(request: VerifyRequest): Promise<VerifyResponse> {
  const { hash, password } = request;
  try {
    return { ok: await verifyPassword(hash, password) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    password.fill(0);
  }
}
