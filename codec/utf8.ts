/**
 * Tells whether bytes are a UTF-8 string as MQTT allows it: well formed, without
 * surrogates [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2]. Other control
 * characters and non-characters are allowed.
 *
 * @param bytes Where the string stands.
 * @param start Index of its first byte.
 * @param end Index after its last byte; not beyond the end of `bytes`.
 * @returns Whether it is valid.
 *
 * @example
 * ```ts
 * import { isUtf8 } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("naïve");
 * assertEquals(isUtf8(bytes, 0, bytes.length), true);
 * // Up to the middle of the "ï".
 * assertEquals(isUtf8(bytes, 0, 3), false);
 * assertEquals(isUtf8(Uint8Array.of(0x61, 0), 0, 2), false);
 * ```
 */
export function isUtf8(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte > 0x7f) return isUtf8FromLead(bytes, at, end);
    if (byte === 0) return false;
  }
  return true;
}

/** The general case, apart so that the loop over ASCII stays small. */
function isUtf8FromLead(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at++];
    if (lead < 0x80) {
      if (lead === 0) return false;
      continue;
    }
    // 0x80 to 0xBF continue a character; 0xC0 and 0xC1 would be overlong.
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = bytes[at];
    if ((second & 0xc0) !== 0x80) return false;
    if (lead === 0xe0 && second < 0xa0) return false; // Overlong.
    if (lead === 0xed && second > 0x9f) return false; // Surrogates.
    if (lead === 0xf0 && second < 0x90) return false; // Overlong.
    if (lead === 0xf4 && second > 0x8f) return false; // Above U+10FFFF.
    if (more > 1 && (bytes[at + 1] & 0xc0) !== 0x80) return false;
    if (more > 2 && (bytes[at + 2] & 0xc0) !== 0x80) return false;
    at += more;
  }
  return true;
}

/** Measured: above this length the native decoder is faster than the loop. */
const SHORT = 48;

// U+FEFF at the beginning is a character like any other [MQTT-1.5.4-3].
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Decodes a UTF-8 string.
 *
 * @param bytes Where the string stands; {@linkcode isUtf8} has accepted it.
 * @param start Index of its first byte.
 * @param end Index after its last byte.
 * @returns The string.
 *
 * @example
 * ```ts
 * import { decodeUtf8, isUtf8 } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * // A string as it stands in a packet: behind its length.
 * const bytes = Uint8Array.of(0, 2, 0x68, 0x69);
 * const end = 2 + (bytes[0] << 8 | bytes[1]);
 * assertEquals(isUtf8(bytes, 2, end) && decodeUtf8(bytes, 2, end), "hi");
 * ```
 */
export function decodeUtf8(
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  if (end - start > SHORT) return DECODER.decode(bytes.subarray(start, end));
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2];
    const d = bytes[at + 3], e = bytes[at + 4], f = bytes[at + 5];
    const g = bytes[at + 6], h = bytes[at + 7];
    if ((a | b | c | d | e | f | g | h) > 0x7f) {
      return DECODER.decode(bytes.subarray(start, end));
    }
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at++) {
    if (bytes[at] > 0x7f) return DECODER.decode(bytes.subarray(start, end));
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}
