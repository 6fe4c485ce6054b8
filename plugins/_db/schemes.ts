/**
 * Which kinds of password hashes count, and of which kind new ones are.
 *
 * @module
 */

import type { PasswordHash } from "../_password/hash.ts";
import type { NewHashScheme } from "../_password/make.ts";

/** The kinds of hashes by aMQTT's names. */
export const HASH_SCHEMES = [
  "argon2",
  "bcrypt",
  "pbkdf2_sha256",
  "scrypt",
] as const;

/** Name of a kind of hashes. */
export type HashScheme = typeof HASH_SCHEMES[number];

/**
 * The kind of new hashes: the first that is not only there for old ones.
 *
 * @param schemes The kinds that count.
 * @returns The kind.
 */
export function newHashScheme(schemes: readonly HashScheme[]): NewHashScheme {
  return schemes.find((scheme) => scheme === "argon2" || scheme === "bcrypt") ??
    "argon2";
}

/**
 * The name of a hash's kind.
 *
 * @param hash The hash.
 * @returns The name; `undefined` if aMQTT has none.
 */
export function schemeOf(hash: PasswordHash): HashScheme | undefined {
  switch (hash.kind) {
    case "argon2":
    case "bcrypt":
    case "scrypt":
      return hash.kind;
    case "pbkdf2":
      return hash.digest === "sha256" ? "pbkdf2_sha256" : undefined;
    default:
      return undefined;
  }
}
