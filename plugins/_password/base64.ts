/**
 * The two ways in which password hashes write bytes as text.
 *
 * @module
 */

const BCRYPT_ALPHABET =
  "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Decodes base 64 with or without padding.
 *
 * @param text The text.
 * @returns The bytes, or `undefined` if the text is not base 64.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(bare) || bare.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(bare), (c) => c.charCodeAt(0));
}

/**
 * Decodes bcrypt's base 64, which has an alphabet of its own.
 *
 * @param text Characters of the alphabet only.
 * @returns The bytes; the spare bits of the last character are dropped.
 */
export function decodeBcrypt64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor(text.length * 6 / 8));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const c of text) {
    bits = (bits << 6 | BCRYPT_ALPHABET.indexOf(c)) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = bits >> count & 0xff;
    }
  }
  return bytes;
}
