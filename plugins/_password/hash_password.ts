/**
 * Makes the hash of a new password.
 *
 * @module
 */

import { argon2id } from "hash-wasm";

/** What aMQTT's password hasher uses: about 100 ms and 64 MiB. */
const MEMORY_KIB = 65536;
const PASSES = 3;
const LANES = 4;

/**
 * Hashes a password with argon2id. The thread is busy meanwhile.
 *
 * @param password The password, not empty.
 * @returns The hash as password files have it: `$argon2id$v=19$m=65536,t=3,p=4$…`.
 */
export function hashPassword(password: string | Uint8Array): Promise<string> {
  return argon2id({
    password,
    salt: crypto.getRandomValues(new Uint8Array(16)),
    iterations: PASSES,
    memorySize: MEMORY_KIB,
    parallelism: LANES,
    hashLength: 32,
    outputType: "encoded",
  });
}
