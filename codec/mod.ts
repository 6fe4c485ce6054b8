/**
 * Bytes to MQTT packets and back, for MQTT 3.1, 3.1.1 and 5.0: no I/O, no broker.
 *
 * `frameSize()` finds where a packet ends in what has arrived, `decode()` checks
 * and decodes it, `encode()` goes the other way. The packets are those of the
 * package `mqtt-packet`; the checks are stricter than its own.
 *
 * ```ts
 * import { decode, encode, frameSize } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = encode({ cmd: "pingreq" }, 5);
 * const size = frameSize(bytes, 0, bytes.length, 1024);
 * assertEquals(size, 2);
 * assertEquals(decode(bytes.subarray(0, size), 5).cmd, "pingreq");
 * ```
 *
 * @module
 */

export {
  decode,
  type DecodeOptions,
  type Packet,
  type ProtocolVersion,
} from "./decode.ts";
export { encode } from "./encode.ts";
export { PacketError } from "./errors.ts";
export { checkFixedHeader, frameSize } from "./framing.ts";
export { ReasonCode } from "./reason_codes.ts";
export { decodeUtf8, isUtf8 } from "./utf8.ts";
export { type WillProperties, willProperties } from "./will_properties.ts";
