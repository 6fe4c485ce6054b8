import { generate, type IConnectPacket, writeToStream } from "mqtt-packet";
import { Buffer } from "node:buffer";
import { checkFrame } from "./check_frame.ts";
import { encodeConnect } from "./encode_connect.ts";
import type { Packet, ProtocolVersion } from "./decode.ts";
import { writePlain } from "./plain_packets.ts";

// The cache would be 65,536 buffers, made when the first packet is encoded.
writeToStream.cacheNumbers = false;

/**
 * Encodes one packet.
 *
 * What a version does not know is left out: properties and the reason codes of
 * acknowledgements before MQTT 5, the session present flag before MQTT 3.1.1. A
 * SUBACK before MQTT 5 tells every failure as 0x80.
 *
 * @param packet The packet. It is not changed.
 * @param version Protocol level of the connection. A CONNECT with a `protocolVersion` takes
 * that one.
 * @returns The frame.
 * @throws {TypeError} If the packet is not complete, or the standard does not allow it: what
 * this function returns, `decode()` accepts.
 *
 * @example
 * ```ts
 * import { encode } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = encode({ cmd: "puback", messageId: 7 }, 4);
 * assertEquals([...frame], [0x40, 2, 0, 7]);
 * ```
 */
export function encode(packet: Packet, version: ProtocolVersion): Uint8Array {
  const plain = writePlain(packet, version);
  if (plain !== undefined) return plain;
  try {
    const frame = encodeNormal(normalize(packet, version), version);
    checkFrame(frame, version, undefined);
    return frame;
  } catch (cause) {
    throw new TypeError(
      `Cannot encode a packet "${packet.cmd}" for version ${version}: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      { cause },
    );
  }
}

function encodeNormal(packet: Packet, version: ProtocolVersion): Uint8Array {
  if (packet.cmd === "connect") return encodeConnect(packet);
  return generate(packet, { protocolVersion: version });
}

/** Copies the packet in the form that mqtt-packet writes without losing anything. */
function normalize(packet: Packet, version: ProtocolVersion): Packet {
  const copy: Packet = { ...packet };
  if ("properties" in copy) {
    copy.properties = version === 5 || copy.cmd === "connect"
      ? normalizeProperties(copy.properties)
      : undefined;
  }
  switch (copy.cmd) {
    case "connect":
      return normalizeConnect(copy, version);
    case "publish":
      copy.payload = toBuffer(copy.payload);
      return copy;
    case "connack":
      if (version === 3) copy.sessionPresent = false;
      return copy;
    case "suback":
      copy.granted = toCodes(copy.granted, version);
      break;
    case "unsuback":
      copy.granted = version === 5 ? toCodes(copy.granted, version) : [];
      break;
    case "subscribe":
      checkSubscriptions(copy.subscriptions);
      break;
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
    case "disconnect":
    case "auth":
      copy.reasonCode = toByte(copy.reasonCode ?? 0);
  }
  // A decoded packet has this field whatever its kind; mqtt-packet makes an invalid
  // flag of it.
  return Object.assign(copy, { dup: false });
}

function normalizeConnect(
  packet: IConnectPacket,
  version: ProtocolVersion,
): IConnectPacket {
  const protocolVersion = packet.protocolVersion ?? version;
  const { will, password } = packet;
  return {
    ...packet,
    protocolVersion,
    protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT",
    ...password !== undefined && password !== null &&
      { password: toBuffer(password) },
    ...will && {
      will: {
        ...will,
        payload: toBuffer(will.payload),
        properties: normalizeProperties(will.properties),
      },
    },
  };
}

/** Leaves out what is empty, which mqtt-packet would answer with an empty frame. */
function normalizeProperties<T extends object>(
  properties: T | null | undefined,
): T | undefined {
  if (properties === null || properties === undefined) return undefined;
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (value instanceof Uint8Array) result[name] = toBuffer(value);
    else if (typeof value !== "object") result[name] = checkNumber(name, value);
    else if (Object.keys(value).length > 0) result[name] = value;
  }
  return Object.keys(result).length > 0 ? result as T : undefined;
}

function checkNumber(name: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new TypeError(`the property "${name}" is ${value}, not an integer`);
  }
  return value;
}

/** mqtt-packet writes an unknown option as 0 without a word. */
function checkSubscriptions(
  subscriptions: readonly { qos: number; rh?: number }[],
): void {
  for (const { qos, rh = 0 } of subscriptions) {
    for (const value of [qos, rh]) {
      if (value === 0 || value === 1 || value === 2) continue;
      throw new TypeError(`the subscription option ${value} is not 0, 1 or 2`);
    }
  }
}

function toCodes(
  granted: readonly unknown[],
  version: ProtocolVersion,
): number[] {
  return granted.map((code) => {
    const byte = toByte(code);
    return version !== 5 && byte > 0x80 ? 0x80 : byte;
  });
}

/** mqtt-packet would write 256 as 0. */
function toByte(code: unknown): number {
  if (
    typeof code === "number" && Number.isInteger(code) && code >= 0 &&
    code <= 0xff
  ) return code;
  throw new TypeError(`the reason code ${String(code)} is not a byte`);
}

/** A Buffer over the same memory; mqtt-packet takes no other Uint8Array. */
function toBuffer(bytes: Uint8Array | string | null | undefined): Buffer {
  if (typeof bytes === "string") return Buffer.from(bytes);
  if (!bytes) return Buffer.alloc(0);
  return Buffer.from(
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.byteLength,
  );
}
