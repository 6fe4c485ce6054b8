/**
 * Checks and hashes passwords without ever blocking the event loop.
 *
 * @module
 */

import type { Logger } from "../mod.ts";
import type { PasswordHash, Pbkdf2Hash } from "./hash.ts";
import { type NewHashScheme, passwordProblem } from "./make.ts";
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
  /** Milliseconds after which a check that waited is not done any more. Default: for ever. */
  patience?: number;
}

// The cost of some hashes grows with the password; a person's is shorter.
const MAX_PASSWORD_BYTES = 1024;
// PBKDF2 of so many rounds takes a few milliseconds: a worker would cost more.
const FEW_ROUNDS = 5000;

/** Gives each check to where it is done best: here, a runtime thread or a worker. */
export class PasswordVerifier {
  readonly #queueLimit: number;
  readonly #pool: PasswordPool;
  readonly #running = new Set<Promise<boolean | undefined>>();
  #closed = false;

  /**
   * Creates the verifier. No thread runs yet.
   *
   * @param options Limits.
   */
  constructor(options: PasswordVerifierOptions) {
    const { logger, workers, queueLimit = 1000, patience } = options;
    this.#queueLimit = queueLimit;
    this.#pool = new PasswordPool({ logger, workers, queueLimit, patience });
  }

  /**
   * Checks a password.
   *
   * @param hash The hash.
   * @param password The password, copied before this method returns.
   * @returns Whether the password is right, which one that is empty or longer than
   * 1024 bytes never is; `undefined` if it could not be checked, because too many
   * others wait or a worker failed.
   */
  verify(
    hash: PasswordHash,
    password: Uint8Array,
  ): Promise<boolean | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const length = password.length;
    if (length === 0 || length > MAX_PASSWORD_BYTES) {
      return Promise.resolve(false);
    }
    if (hash.kind === "sha512") {
      return Promise.resolve(verifySha512(hash, password));
    }
    const copy = new Uint8Array(password);
    return hash.kind === "pbkdf2" && hash.iterations <= FEW_ROUNDS
      ? this.#verifyPbkdf2(hash, copy)
      : this.#pool.verify(hash, copy);
  }

  /**
   * Makes a hash.
   *
   * @param scheme Kind of hash.
   * @param password The password, copied before this method returns.
   * @returns The hash as a password file has it; `undefined` if it could not be made,
   * for example because bcrypt does not read the whole password.
   */
  make(
    scheme: NewHashScheme,
    password: Uint8Array,
  ): Promise<string | undefined> {
    if (passwordProblem(scheme, password) !== undefined) {
      return Promise.resolve(undefined);
    }
    return this.#pool.make(scheme, new Uint8Array(password));
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
  ): Promise<boolean | undefined> {
    if (this.#running.size >= this.#queueLimit) return undefined;
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
