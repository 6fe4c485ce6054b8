/**
 * Makes password hashes, and says which ones should be made anew.
 *
 * @module
 */

import { argon2id, bcrypt } from "hash-wasm";
import type { PasswordHash } from "./hash.ts";

/** The kinds of hashes that are made. */
export type NewHashScheme = "argon2" | "bcrypt";

// The parameters of aMQTT, so that the two never replace each other's hashes.
const ARGON2 = { memorySize: 65536, iterations: 3, parallelism: 4 };
const BCRYPT_COST = 12;
const BCRYPT_BYTES = 72;

/**
 * Says why a password cannot be hashed.
 *
 * @param scheme Kind of hash.
 * @param password Password.
 * @returns The reason; `undefined` if it can.
 */
export function passwordProblem(
  scheme: NewHashScheme,
  password: Uint8Array,
): string | undefined {
  if (password.length === 0) return "it is empty";
  if (password.length > 1024) return "it has more than 1024 bytes";
  if (scheme !== "bcrypt") return undefined;
  if (password.includes(0)) return "bcrypt allows no null byte";
  return password.length > BCRYPT_BYTES
    ? `bcrypt reads ${BCRYPT_BYTES} bytes only, and it has ${password.length}`
    : undefined;
}

/**
 * Makes a hash with a salt of its own. Takes a good part of a second: not for the
 * main thread.
 *
 * @param scheme Kind of hash.
 * @param password Password.
 * @returns The hash as a password file has it.
 * @throws {TypeError} If the password cannot be hashed.
 */
export async function makeHash(
  scheme: NewHashScheme,
  password: Uint8Array,
): Promise<string> {
  const problem = passwordProblem(scheme, password);
  if (problem !== undefined) {
    throw new TypeError(`Cannot hash the password: ${problem}`);
  }
  const salt = crypto.getRandomValues(new Uint8Array(16));
  return scheme === "argon2"
    ? await argon2id({
      ...ARGON2,
      password,
      salt,
      hashLength: 32,
      outputType: "encoded",
    })
    : await bcrypt({
      password,
      salt,
      costFactor: BCRYPT_COST,
      outputType: "encoded",
    });
}

/**
 * Whether a hash is of another kind than new ones, or weaker.
 *
 * @param hash The hash.
 * @param scheme Kind of new hashes.
 * @returns Whether it should be replaced.
 */
export function isOutdated(
  hash: PasswordHash,
  scheme: NewHashScheme,
): boolean {
  if (hash.kind !== scheme) return true;
  if (hash.kind === "bcrypt") return hash.cost < BCRYPT_COST;
  return hash.kind === "argon2" && (hash.variant !== "argon2id" ||
    hash.memory < ARGON2.memorySize || hash.passes < ARGON2.iterations);
}

/**
 * A hash that no password has, to compute for users that do not exist: it costs as
 * much as a new one.
 *
 * @param scheme Kind of new hashes.
 * @returns The hash.
 */
export function decoyHash(scheme: NewHashScheme): PasswordHash {
  const random = (length: number) =>
    crypto.getRandomValues(new Uint8Array(length));
  return scheme === "bcrypt"
    ? { kind: "bcrypt", cost: BCRYPT_COST, salt: random(16), hash: random(23) }
    : {
      kind: "argon2",
      variant: "argon2id",
      memory: ARGON2.memorySize,
      passes: ARGON2.iterations,
      lanes: ARGON2.parallelism,
      salt: random(16),
      hash: random(32),
    };
}
