import type { Packet as MqttPacket, UserProperties } from "mqtt-packet";
import { checkFrame, type FrameLayout } from "./check_frame.ts";
import { PacketError } from "./errors.ts";
import { FrameParser } from "./frame_parser.ts";
import { readPlain } from "./plain_packets.ts";
import type { Section } from "./properties.ts";
import { ReasonCode } from "./reason_codes.ts";
import { readUserProperties } from "./user_properties.ts";

/**
 * A packet as the package `mqtt-packet` describes it; `cmd` says which kind it is.
 *
 * @example
 * ```ts
 * import { decode, type Packet } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * function describe(packet: Packet): string {
 *   // `cmd` tells TypeScript, too, which fields there are.
 *   return packet.cmd === "publish"
 *     ? `a message to ${packet.topic}`
 *     : packet.cmd.toUpperCase();
 * }
 *
 * const message = decode(Uint8Array.of(0x30, 3, 0, 1, 0x61), 4);
 * assertEquals(describe(message), "a message to a");
 * assertEquals(describe(decode(Uint8Array.of(0xc0, 0), 4)), "PINGREQ");
 * ```
 */
export type Packet = MqttPacket;

/**
 * Protocol level: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0.
 *
 * @example
 * ```ts
 * import { encode, type ProtocolVersion } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const flags = { qos: 0, retain: false, dup: false } as const;
 *
 * function sizeOf(version: ProtocolVersion): number {
 *   return encode(
 *     { cmd: "publish", topic: "a", payload: "x", ...flags },
 *     version,
 *   ).length;
 * }
 *
 * // Packets of MQTT 5 have properties: one byte says that there are none.
 * assertEquals([sizeOf(4), sizeOf(5)], [6, 7]);
 * ```
 */
export type ProtocolVersion = 3 | 4 | 5;

/**
 * Options of {@linkcode decode}.
 *
 * @example
 * ```ts
 * import { decode, PacketError } from "@dinomq/broker/codec";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * // A PUBLISH to "a" with the subscription identifier 7.
 * const frame = Uint8Array.of(0x30, 6, 0, 1, 0x61, 2, 0x0b, 7);
 * assertThrows(() => decode(frame, 5), PacketError);
 * const packet = decode(frame, 5, { from: "server" });
 * assertEquals(packet.cmd, "publish");
 * ```
 */
export interface DecodeOptions {
  /**
   * Who sent the packet. A few rules depend on it: only a server may send a
   * subscription identifier with a PUBLISH, for instance. Default: `"client"`.
   */
  from?: "client" | "server";
  /** Most user properties of the packet, and of a will in it. Default: any number. */
  maxUserProperties?: number;
}

/**
 * Decodes one packet. Everything that the standard forbids within one packet is
 * refused, except the syntax of topic filters, which are answered one by one.
 *
 * @param frame Exactly one frame, as {@linkcode frameSize} measures it. It is copied: the
 * packet shares no memory with it.
 * @param version Protocol level of the connection. A CONNECT brings its own, and this one is
 * ignored.
 * @param options Who sent the packet.
 * @returns The packet.
 * @throws {PacketError} If a rule of the standard is broken, or the packet has too many user
 * properties (0x97); `reasonCode` goes on the wire.
 *
 * @example
 * ```ts
 * import { decode } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const packet = decode(Uint8Array.of(0x40, 2, 0, 7), 4);
 * assertEquals(packet.cmd, "puback");
 * assertEquals(packet.messageId, 7);
 * ```
 */
export function decode(
  frame: Uint8Array,
  version: ProtocolVersion,
  options: DecodeOptions = {},
): Packet {
  const { from = "client", maxUserProperties } = options;
  const layout = checkFrame(frame, version, from, maxUserProperties);
  const plain = readPlain(frame, layout);
  if (plain !== undefined) return plain;
  const packet = parse(prepare(frame, layout), layout);
  completeUserProperties(packet, frame, layout);
  return packet;
}

const CONNECT = 1;
const PUBLISH = 3;
const AUTH = 15;

/** Copies the frame, and changes what is allowed, but refused by mqtt-packet. */
function prepare(frame: Uint8Array, layout: FrameLayout): Uint8Array {
  // An AUTH may end before its reason code.
  if (layout.type === AUTH && frame.length === 2) {
    return Uint8Array.of(AUTH << 4, 2, 0, 0);
  }
  // Not `slice()`: that of a Node Buffer does not copy.
  const copy = new Uint8Array(frame);
  // MQTT 3.1 has a DUP flag in SUBSCRIBE, UNSUBSCRIBE and PUBREL.
  if (layout.type !== PUBLISH) copy[0] &= 0xf7;
  if (layout.flagsAt !== undefined && layout.flags !== undefined) {
    copy[layout.flagsAt] = layout.flags;
  }
  return copy;
}

const parsers = new Map<ProtocolVersion | typeof CONNECT, FrameParser>();

// MQTT 3.1.1, clean session, client identifier "-".
const NO_PASSWORD = Uint8Array.of(
  ...[0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x2d],
);

function parse(frame: Uint8Array, layout: FrameLayout): Packet {
  const { type, version } = layout;
  // A CONNECT leaves its version in the parser, so it has one of its own.
  const key = type === CONNECT ? CONNECT : version;
  const parser = parsers.get(key) ?? new FrameParser(version);
  parsers.delete(key);
  let packet: Packet;
  try {
    packet = parser.parse(frame);
  } catch (cause) {
    throw new PacketError(
      ReasonCode.MalformedPacket,
      `Cannot decode a packet: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      { cause },
    );
  }
  // The parser remembers the last CONNECT whole; a password is overwritten at once.
  if ("password" in packet && packet.password) parser.parse(NO_PASSWORD);
  parsers.set(key, parser);
  return packet;
}

function completeUserProperties(
  packet: Packet,
  frame: Uint8Array,
  layout: FrameLayout,
): void {
  if (layout.properties && "properties" in packet && packet.properties) {
    replace(packet.properties, frame, layout.properties);
  }
  if (
    layout.willProperties && packet.cmd === "connect" && packet.will?.properties
  ) {
    replace(packet.will.properties, frame, layout.willProperties);
  }
}

function replace(
  properties: { userProperties?: UserProperties },
  frame: Uint8Array,
  section: Section,
): void {
  const userProperties = readUserProperties(frame, section);
  if (userProperties) properties.userProperties = userProperties;
}
