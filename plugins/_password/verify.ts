/**
 * Checks a password against a hash. What is slow here belongs in a worker.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, pbkdf2, scryptSync, timingSafeEqual } from "node:crypto";
import { argon2d, argon2i, argon2id, bcrypt } from "hash-wasm";
import type {
  Argon2Hash,
  BcryptHash,
  PasswordHash,
  Pbkdf2Hash,
  ScryptHash,
  Sha512Hash,
  ShaCryptHash,
} from "./hash.ts";
import { shaCrypt } from "./sha_crypt.ts";

const ARGON2 = { argon2d, argon2i, argon2id };
// bcrypt reads no further; programs that make such hashes cut the rest off.
const BCRYPT_BYTES = 72;

/**
 * Checks a password against a hash of any kind.
 *
 * @param hash The hash.
 * @param password The password, not empty.
 * @returns Whether the password is right.
 */
export async function verifyPassword(
  hash: PasswordHash,
  password: Uint8Array,
): Promise<boolean> {
  switch (hash.kind) {
    case "argon2":
      return await verifyArgon2(hash, password);
    case "bcrypt":
      return await verifyBcrypt(hash, password);
    case "sha-crypt":
      return verifyShaCrypt(hash, password);
    case "pbkdf2":
      return await verifyPbkdf2(hash, password);
    case "scrypt":
      return verifyScrypt(hash, password);
    case "sha512":
      return verifySha512(hash, password);
  }
}

/**
 * Checks a password with PBKDF2, in a thread of the runtime.
 *
 * @param hash The hash.
 * @param password The password.
 * @returns Whether the password is right.
 */
export function verifyPbkdf2(
  hash: Pbkdf2Hash,
  password: Uint8Array,
): Promise<boolean> {
  const { salt, iterations, digest } = hash;
  const length = hash.hash.length;
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, digest, (error, result) => {
      if (error) reject(error);
      else resolve(isEqual(result, hash.hash));
    });
  });
}

/**
 * Checks a password with one SHA-512, which is fast enough for any thread.
 *
 * @param hash The hash.
 * @param password The password.
 * @returns Whether the password is right.
 */
export function verifySha512(hash: Sha512Hash, password: Uint8Array): boolean {
  const hasher = createHash("sha512").update(password).update(hash.salt);
  return isEqual(hasher.digest(), hash.hash);
}

async function verifyArgon2(
  hash: Argon2Hash,
  password: Uint8Array,
): Promise<boolean> {
  const result = await ARGON2[hash.variant]({
    password,
    salt: hash.salt,
    iterations: hash.passes,
    memorySize: hash.memory,
    parallelism: hash.lanes,
    hashLength: hash.hash.length,
    outputType: "binary",
  });
  return isEqual(result, hash.hash);
}

async function verifyBcrypt(
  hash: BcryptHash,
  password: Uint8Array,
): Promise<boolean> {
  // To bcrypt a null byte is the end: "a" and "a\0a" would be one password.
  if (password.includes(0)) return false;
  const result = await bcrypt({
    password: password.subarray(0, BCRYPT_BYTES),
    salt: hash.salt,
    costFactor: hash.cost,
    outputType: "binary",
  });
  return isEqual(result.subarray(0, hash.hash.length), hash.hash);
}

function verifyScrypt(hash: ScryptHash, password: Uint8Array): boolean {
  const { logCost, blockSize, lanes, salt } = hash;
  const cost = 2 ** logCost;
  const result = scryptSync(password, salt, hash.hash.length, {
    cost,
    blockSize,
    parallelization: lanes,
    maxmem: 128 * blockSize * (cost + lanes + 2),
  });
  return isEqual(result, hash.hash);
}

function verifyShaCrypt(hash: ShaCryptHash, password: Uint8Array): boolean {
  const result = shaCrypt(hash.digest, password, hash.salt, hash.rounds);
  return isEqual(Buffer.from(result), Buffer.from(hash.encoded));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
