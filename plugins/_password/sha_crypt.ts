/**
 * sha256-crypt and sha512-crypt, the `$5$` and `$6$` of Unix password files, after
 * Ulrich Drepper's specification "Unix crypt using SHA-256 and SHA-512".
 *
 * @module
 */

import { createHash } from "node:crypto";

const ALPHABET =
  "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Computes the hash. Takes tens of milliseconds: not for the main thread.
 *
 * @param digest Hash function.
 * @param password Password.
 * @param saltText Salt, at most 16 characters.
 * @param rounds Number of rounds.
 * @returns The hash without the prefix, in the notation's base 64.
 */
export function shaCrypt(
  digest: "sha256" | "sha512",
  password: Uint8Array,
  saltText: string,
  rounds: number,
): string {
  const salt = new TextEncoder().encode(saltText);
  const first = firstDigest(digest, password, salt);
  const p = stretch(
    hash(digest, Array<Uint8Array>(password.length).fill(password)),
    password.length,
  );
  const s = stretch(
    hash(digest, Array<Uint8Array>(16 + first[0]).fill(salt)),
    salt.length,
  );
  let result = first;
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    const parts = [odd ? p : result];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(odd ? result : p);
    result = hash(digest, parts);
  }
  return encode(digest, result);
}

function firstDigest(
  digest: string,
  password: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  const other = hash(digest, [password, salt, password]);
  const parts = [password, salt, stretch(other, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push(bits & 1 ? other : password);
  }
  return hash(digest, parts);
}

function hash(digest: string, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash(digest);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** Repeats `bytes` up to a length. */
function stretch(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length]);
}

/** Writes three bytes as four characters; the specification shuffles the bytes. */
function encode(digest: "sha256" | "sha512", bytes: Uint8Array): string {
  let text = "";
  const put = (a: number, b: number, c: number, characters: number) => {
    let bits = a << 16 | b << 8 | c;
    for (let i = 0; i < characters; i++, bits >>= 6) {
      text += ALPHABET[bits & 63];
    }
  };
  const third = Math.floor(bytes.length / 3);
  let [i, j, k] = [0, third, 2 * third];
  for (let group = 0; group < third; group++) {
    put(bytes[i], bytes[j], bytes[k], 4);
    [i, j, k] = digest === "sha512"
      ? [j + 1, k + 1, i + 1]
      : [k + 1, i + 1, j + 1];
  }
  if (digest === "sha512") put(0, 0, bytes[63], 2);
  else put(0, bytes[31], bytes[30], 3);
  return text;
}
