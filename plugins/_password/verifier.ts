/**
 * Checks passwords without ever blocking the event loop.
 *
 * @module
 */

import type { Logger } from "../mod.ts";
import type { PasswordHash, Pbkdf2Hash } from "./hash.ts";
import { PasswordPool } from "./pool.ts";
import { verifyPbkdf2, verifySha512 } from "./verify.ts";

/** Options of {@linkcode PasswordVerifier}. */
export interface PasswordVerifierOptions {
  /** Where failures are written. */
  logger: Logger;
  /** How many worker threads there are at most. */
  workers: number;
  /** How many checks wait at most. Default: 1000. */
  queueLimit?: number;
}

// The cost of some hashes grows with the password; a person's is shorter.
const MAX_PASSWORD_BYTES = 1024;

/** Gives each check to where it is done best: here, a runtime thread or a worker. */
export class PasswordVerifier {
  readonly #logger: Logger;
  readonly #queueLimit: number;
  readonly #pool: PasswordPool;
  readonly #running = new Set<Promise<boolean>>();
  #closed = false;

  /**
   * Creates the verifier. No thread runs yet.
   *
   * @param options Limits.
   */
  constructor(options: PasswordVerifierOptions) {
    const { logger, workers, queueLimit = 1000 } = options;
    this.#logger = logger;
    this.#queueLimit = queueLimit;
    this.#pool = new PasswordPool({ logger, workers, queueLimit });
  }

  /**
   * Checks a password.
   *
   * @param hash The hash.
   * @param password The password, copied before this method returns.
   * @returns Whether the password is right; `false` also if it could not be checked,
   * is empty or is longer than 1024 bytes.
   */
  verify(hash: PasswordHash, password: Uint8Array): Promise<boolean> {
    const length = password.length;
    if (this.#closed || length === 0 || length > MAX_PASSWORD_BYTES) {
      return Promise.resolve(false);
    }
    if (hash.kind === "sha512") {
      return Promise.resolve(verifySha512(hash, password));
    }
    const copy = new Uint8Array(password);
    return hash.kind === "pbkdf2"
      ? this.#verifyPbkdf2(hash, copy)
      : this.#pool.verify(hash, copy);
  }

  /** Stops the threads. Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pool.close();
    await Promise.allSettled(this.#running);
  }

  async #verifyPbkdf2(
    hash: Pbkdf2Hash,
    password: Uint8Array,
  ): Promise<boolean> {
    if (this.#running.size >= this.#queueLimit) {
      this.#logger.warn(
        `Cannot check a password: ${this.#queueLimit} logins wait already; the client is denied`,
      );
      return false;
    }
    const check = verifyPbkdf2(hash, password);
    this.#running.add(check);
    try {
      return await check;
    } finally {
      this.#running.delete(check);
      password.fill(0);
    }
  }
}
