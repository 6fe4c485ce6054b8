/**
 * The notations of password hashes: what is written in a password file, taken
 * apart and checked, so that a login cannot find a surprise in it.
 *
 * @module
 */

import { decodeBase64, decodeBcrypt64 } from "./base64.ts";

/** A password hash. Plain data: it is sent to a worker. */
export type PasswordHash =
  | Argon2Hash
  | BcryptHash
  | ShaCryptHash
  | Pbkdf2Hash
  | ScryptHash
  | Sha512Hash;

/** Argon2, version 1.3. */
export interface Argon2Hash {
  /** Tells it from the others. */
  readonly kind: "argon2";
  /** Which of the three variants. */
  readonly variant: "argon2id" | "argon2i" | "argon2d";
  /** Memory in KiB. */
  readonly memory: number;
  /** Passes over the memory. */
  readonly passes: number;
  /** Lanes. */
  readonly lanes: number;
  /** Salt. */
  readonly salt: Uint8Array;
  /** What the password must give. */
  readonly hash: Uint8Array;
}

/** bcrypt. */
export interface BcryptHash {
  /** Tells it from the others. */
  readonly kind: "bcrypt";
  /** Binary logarithm of the number of rounds. */
  readonly cost: number;
  /** Salt, 16 bytes. */
  readonly salt: Uint8Array;
  /** What the password must give, 23 bytes. */
  readonly hash: Uint8Array;
}

/** sha256-crypt and sha512-crypt of Unix. */
export interface ShaCryptHash {
  /** Tells it from the others. */
  readonly kind: "sha-crypt";
  /** Hash function. */
  readonly digest: "sha256" | "sha512";
  /** Number of rounds. */
  readonly rounds: number;
  /** Salt, at most 16 characters. */
  readonly salt: string;
  /** What the password must give, in the notation's own base 64. */
  readonly encoded: string;
}

/** PBKDF2 with HMAC: Mosquitto's `$7$` (SHA-512), passlib's `$pbkdf2-sha256$`. */
export interface Pbkdf2Hash {
  /** Tells it from the others. */
  readonly kind: "pbkdf2";
  /** Hash function. */
  readonly digest: "sha256" | "sha512";
  /** Number of iterations. */
  readonly iterations: number;
  /** Salt. */
  readonly salt: Uint8Array;
  /** What the password must give, 32 or 64 bytes. */
  readonly hash: Uint8Array;
}

/** scrypt, as passlib writes it. */
export interface ScryptHash {
  /** Tells it from the others. */
  readonly kind: "scrypt";
  /** Binary logarithm of the cost. */
  readonly logCost: number;
  /** Block size. */
  readonly blockSize: number;
  /** Parallelism. */
  readonly lanes: number;
  /** Salt. */
  readonly salt: Uint8Array;
  /** What the password must give. */
  readonly hash: Uint8Array;
}

/** Mosquitto's `$6$`: SHA-512 of password and salt, once. */
export interface Sha512Hash {
  /** Tells it from the others. */
  readonly kind: "sha512";
  /** Salt. */
  readonly salt: Uint8Array;
  /** What the password must give, 64 bytes. */
  readonly hash: Uint8Array;
}

// A password file is trusted, but a slip of the pen in it must not hang every login.
const MAX_ARGON2_MEMORY = 256 * 1024;
const MAX_ARGON2_PASSES = 100;
const MAX_BCRYPT_COST = 16;
const MAX_SHA_CRYPT_ROUNDS = 5_000_000;
const MAX_PBKDF2_ITERATIONS = 10_000_000;
const MAX_SCRYPT_MEMORY = 256 * 1024 * 1024;
const MAX_SCRYPT_LANES = 16;

const ARGON2 =
  /^\$(argon2(?:id|i|d))\$v=(\d+)\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,4})\$([^$]+)\$([^$]+)$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const SHA_CRYPT =
  /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:]*)\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/;
const PBKDF2 = /^\$7\$(\d{1,9})\$([^$]+)\$([^$]{88})$/;
const PASSLIB_PBKDF2 =
  /^\$pbkdf2-sha256\$(\d{1,9})\$([./A-Za-z0-9]*)\$([./A-Za-z0-9]{43})$/;
const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([^$]*)\$([^$]{43,86})$/;
const SHA512 = /^\$6\$([^$]+)\$([^$]{86}==)$/;

/**
 * Takes a password hash apart.
 *
 * @param text The hash as a password file has it.
 * @returns The hash, or a text that says why it cannot be used. The text never
 * holds the hash.
 */
export function parseHash(text: string): PasswordHash | string {
  if (text.startsWith("$argon2")) return parseArgon2(text);
  if (/^\$2[aby]\$/.test(text)) return parseBcrypt(text);
  if (text.startsWith("$7$")) return parsePbkdf2(text);
  if (text.startsWith("$pbkdf2-sha256$")) return parsePasslibPbkdf2(text);
  if (text.startsWith("$scrypt$")) return parseScrypt(text);
  if (text.startsWith("$6$") && SHA512.test(text)) return parseSha512(text);
  if (/^\$[56]\$/.test(text)) return parseShaCrypt(text);
  return "the kind of hash is not known; argon2, bcrypt, scrypt, pbkdf2-sha256, sha256-crypt, sha512-crypt and Mosquitto's are";
}

function parseArgon2(text: string): PasswordHash | string {
  const parts = ARGON2.exec(text);
  if (parts === null) return "the argon2 hash is malformed";
  const [, variant, version, m, t, p, saltText, hashText] = parts;
  if (version !== "19") {
    return `version ${version} of argon2 is not supported, only 19 is`;
  }
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)];
  if (memory > MAX_ARGON2_MEMORY) {
    return `the argon2 hash needs ${memory} KiB of memory, at most ${MAX_ARGON2_MEMORY} are allowed`;
  }
  if (passes < 1 || passes > MAX_ARGON2_PASSES) {
    return `the argon2 hash needs ${passes} passes, 1 to ${MAX_ARGON2_PASSES} are allowed`;
  }
  if (lanes < 1 || lanes > 255 || memory < 8 * lanes) {
    return `the argon2 hash has ${lanes} lanes with ${memory} KiB of memory, which does not go together`;
  }
  const salt = decodeBase64(saltText);
  const hash = decodeBase64(hashText);
  if (!salt || !hash || salt.length < 8 || hash.length < 16) {
    return "salt or hash of the argon2 hash is malformed";
  }
  return {
    kind: "argon2",
    variant: variant as Argon2Hash["variant"],
    memory,
    passes,
    lanes,
    salt,
    hash,
  };
}

function parseBcrypt(text: string): PasswordHash | string {
  const parts = BCRYPT.exec(text);
  if (parts === null) return "the bcrypt hash is malformed";
  const cost = Number(parts[1]);
  if (cost < 4 || cost > MAX_BCRYPT_COST) {
    return `the bcrypt hash has the cost ${cost}, 4 to ${MAX_BCRYPT_COST} are allowed`;
  }
  return {
    kind: "bcrypt",
    cost,
    salt: decodeBcrypt64(parts[2]),
    hash: decodeBcrypt64(parts[3]),
  };
}

function parseShaCrypt(text: string): PasswordHash | string {
  const parts = SHA_CRYPT.exec(text);
  const digest = text[1] === "5" ? "sha256" : "sha512";
  if (parts?.[4].length !== (digest === "sha256" ? 43 : 86)) {
    return `the ${digest}-crypt hash is malformed`;
  }
  // The notation raises fewer rounds to 1000.
  const rounds = Math.max(1000, Number(parts[2] ?? 5000));
  if (rounds > MAX_SHA_CRYPT_ROUNDS) {
    return `the ${digest}-crypt hash needs ${rounds} rounds, at most ${MAX_SHA_CRYPT_ROUNDS} are allowed`;
  }
  const salt = parts[3].slice(0, 16);
  return { kind: "sha-crypt", digest, rounds, salt, encoded: parts[4] };
}

function parsePbkdf2(text: string): PasswordHash | string {
  const parts = PBKDF2.exec(text);
  const salt = parts && decodeBase64(parts[2]);
  const hash = parts && decodeBase64(parts[3]);
  if (!parts || !salt || hash?.length !== 64) {
    return "the PBKDF2 hash is malformed";
  }
  return checkedPbkdf2("sha512", Number(parts[1]), salt, hash);
}

/** passlib's base 64 has a dot for the plus, and no padding. */
function parsePasslibPbkdf2(text: string): PasswordHash | string {
  const parts = PASSLIB_PBKDF2.exec(text);
  const salt = parts && decodeBase64(parts[2].replaceAll(".", "+"));
  const hash = parts && decodeBase64(parts[3].replaceAll(".", "+"));
  if (!parts || !salt || hash?.length !== 32) {
    return "the pbkdf2-sha256 hash is malformed";
  }
  return checkedPbkdf2("sha256", Number(parts[1]), salt, hash);
}

function checkedPbkdf2(
  digest: Pbkdf2Hash["digest"],
  iterations: number,
  salt: Uint8Array,
  hash: Uint8Array,
): PasswordHash | string {
  if (iterations < 1 || iterations > MAX_PBKDF2_ITERATIONS) {
    return `the PBKDF2 hash needs ${iterations} iterations, 1 to ${MAX_PBKDF2_ITERATIONS} are allowed`;
  }
  return { kind: "pbkdf2", digest, iterations, salt, hash };
}

function parseScrypt(text: string): PasswordHash | string {
  const parts = SCRYPT.exec(text);
  const salt = parts && decodeBase64(parts[4]);
  const hash = parts && decodeBase64(parts[5]);
  if (!parts || !salt || !hash) return "the scrypt hash is malformed";
  const [logCost, blockSize, lanes] = parts.slice(1, 4).map(Number);
  const memory = 128 * blockSize * 2 ** logCost;
  if (logCost < 1 || blockSize < 1 || memory > MAX_SCRYPT_MEMORY) {
    return `the scrypt hash needs ${memory} bytes of memory, at most ${MAX_SCRYPT_MEMORY} are allowed`;
  }
  if (lanes < 1 || lanes > MAX_SCRYPT_LANES) {
    return `the scrypt hash has ${lanes} lanes, 1 to ${MAX_SCRYPT_LANES} are allowed`;
  }
  return { kind: "scrypt", logCost, blockSize, lanes, salt, hash };
}

function parseSha512(text: string): PasswordHash | string {
  const parts = SHA512.exec(text);
  const salt = parts && decodeBase64(parts[1]);
  const hash = parts && decodeBase64(parts[2]);
  if (!salt || hash?.length !== 64) return "the SHA-512 hash is malformed";
  return { kind: "sha512", salt, hash };
}
