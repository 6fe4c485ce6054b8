import { malformed } from "./errors.ts";

/**
 * Reads a variable byte integer (section 1.5.5). Its size follows from its value,
 * because only the shortest form is accepted: see {@linkcode varintSize}.
 *
 * @param bytes Where it stands.
 * @param start Index of its first byte.
 * @param end Index after the last byte that may belong to it.
 * @returns The value.
 * @throws {PacketError} 0x81 if it is cut off, longer than four bytes, or longer than needed.
 */
export function readVarint(
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  let value = 0;
  for (let shift = 0, at = start; shift < 28; shift += 7, at++) {
    if (at >= end) {
      throw malformed("Cannot read a variable byte integer: it is cut off");
    }
    const byte = bytes[at];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte === 0 && shift > 0) {
        throw malformed(
          "Cannot read a variable byte integer: it is not the shortest form [MQTT-1.5.5-1]",
        );
      }
      return value;
    }
  }
  throw malformed(
    "Cannot read a variable byte integer: it is longer than four bytes",
  );
}

/**
 * Tells how many bytes a variable byte integer takes.
 *
 * @param value From 0 to 268,435,455.
 * @returns 1, 2, 3 or 4.
 */
export function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}

/**
 * Writes a variable byte integer.
 *
 * @param into Where to write; there is room.
 * @param at Index of the first byte.
 * @param value From 0 to 268,435,455.
 * @returns The index after the last byte.
 */
export function writeVarint(
  into: Uint8Array,
  at: number,
  value: number,
): number {
  while (value > 127) {
    into[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  into[at++] = value;
  return at;
}
