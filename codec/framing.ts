import { malformed, PacketError } from "./errors.ts";
import { ReasonCode } from "./reason_codes.ts";

/**
 * Tells how long the frame is that begins at `start`, fixed header included. The
 * body need not have arrived: a frame that is too large is refused before any of
 * it is stored.
 *
 * @param bytes What has arrived.
 * @param start Index of the first byte of the frame.
 * @param end Index after the last byte that has arrived.
 * @param limit The largest frame that is accepted, in bytes, fixed header included.
 * @returns The size in bytes, or 0 if the fixed header is not complete yet.
 * @throws {PacketError} 0x81 if the remaining length is not a valid variable byte
 * integer, 0x95 if the frame is larger than `limit`.
 *
 * @example
 * ```ts
 * import { frameSize } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = Uint8Array.of(0xc0, 0x00, 0x30, 0x80);
 * assertEquals(frameSize(bytes, 0, 4, 1024), 2); // PINGREQ
 * assertEquals(frameSize(bytes, 2, 4, 1024), 0); // The length goes on.
 * ```
 */
export function frameSize(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
): number {
  let at = start + 1;
  if (at >= end) return 0;
  let byte = bytes[at++];
  let length = byte & 0x7f;
  if (byte > 0x7f) {
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift === 28) throw lengthTooLong();
      if (at >= end) return 0;
      byte = bytes[at++];
      length |= (byte & 0x7f) << shift;
    }
    if (byte === 0) throw lengthNotShortest();
  }
  const size = at - start + length;
  if (size > limit) throw tooLarge(size, limit);
  return size;
}

/**
 * Checks the first byte of a frame: packet type and flags. Worth calling before
 * the body has arrived.
 *
 * @param firstByte The byte.
 * @param version Protocol level: 3, 4 or 5. Default: 5. Type 15 (AUTH) exists only in 5; only
 * MQTT 3.1 lets SUBSCRIBE, UNSUBSCRIBE and PUBREL carry the DUP flag.
 * @throws {PacketError} 0x81 if type or flags are reserved.
 *
 * @example
 * ```ts
 * import { checkFixedHeader, PacketError } from "@dinomq/broker/codec";
 * import { assertThrows } from "@std/assert";
 *
 * checkFixedHeader(0x82); // SUBSCRIBE
 * assertThrows(() => checkFixedHeader(0x80), PacketError);
 *
 * // AUTH came with MQTT 5.
 * checkFixedHeader(0xf0, 5);
 * assertThrows(() => checkFixedHeader(0xf0, 4), PacketError);
 * ```
 */
export function checkFixedHeader(
  firstByte: number,
  version: 3 | 4 | 5 = 5,
): void {
  const type = firstByte >> 4;
  const flags = firstByte & 0x0f;
  if (type === 3) return checkPublishFlags(flags);
  if (type === 0 || type === 15 && version !== 5) {
    throw malformed(
      `Cannot decode a packet: the type ${type} is reserved (section 2.1.2)`,
    );
  }
  if (flags === REQUIRED_FLAGS[type]) return;
  if (version === 3 && flags === 0x0a && REQUIRED_FLAGS[type] === 0x02) return;
  throw malformed(
    `Cannot decode a packet: its type ${type} does not allow the flags 0b${
      flags.toString(2).padStart(4, "0")
    } [MQTT-2.1.3-1]`,
  );
}

/** Fixed header flags by packet type; those of PUBLISH (3) have a meaning. */
const REQUIRED_FLAGS: readonly number[] = [
  ...[0, 0, 0, 0, 0, 0, 2, 0],
  ...[2, 0, 2, 0, 0, 0, 0, 0],
];

function checkPublishFlags(flags: number): void {
  const qos = flags >> 1 & 3;
  if (qos === 3) {
    throw malformed("Cannot decode a PUBLISH: its QoS is 3 [MQTT-3.3.1-4]");
  }
  if (qos === 0 && flags >= 8) {
    throw malformed(
      "Cannot decode a PUBLISH: DUP is set although the QoS is 0 [MQTT-3.3.1-2]",
    );
  }
}

function lengthTooLong(): PacketError {
  return malformed(
    "Cannot read a remaining length: it is longer than four bytes (section 2.1.4)",
  );
}

function lengthNotShortest(): PacketError {
  return malformed(
    "Cannot read a remaining length: it is not the shortest form [MQTT-1.5.5-1]",
  );
}

function tooLarge(size: number, limit: number): PacketError {
  return new PacketError(
    ReasonCode.PacketTooLarge,
    `Cannot accept a packet: its ${size} bytes are more than the limit of ${limit} bytes [MQTT-3.2.2-15]`,
  );
}
