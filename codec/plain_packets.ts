/**
 * The packets that every connection begins with, in their plain form: a client's
 * CONNECT without will and properties, SUBSCRIBE without properties, and the answers to
 * them. mqtt-packet reads a packet byte by byte through small buffers of its own,
 * about 20 kB for these four; when thousands of clients come back at once, that is
 * what they wait for and what the memory grows by.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { FrameLayout } from "./check_frame.ts";
import type { Packet } from "./decode.ts";
import { decodeUtf8 } from "./utf8.ts";
import { readVarint, varintSize } from "./varint.ts";

const USER_NAME = 0x80;
const PASSWORD = 0x40;
const WILL = 0x04;
const CLEAN = 0x02;

/**
 * Reads a packet if it is a plain one.
 *
 * @param frame A frame that was checked.
 * @param layout What the check found.
 * @returns The packet with the fields that mqtt-packet gives it, or `undefined`.
 */
export function readPlain(
  frame: Uint8Array,
  layout: FrameLayout,
): Packet | undefined {
  const { properties } = layout;
  if (properties !== undefined && properties.end > properties.start) {
    return undefined;
  }
  if (layout.type === 1) return readConnect(frame, layout);
  if (layout.type === 8) return readSubscribe(frame, layout.version);
  return undefined;
}

function readConnect(
  frame: Uint8Array,
  { version, flags = 0, flagsAt = 1 }: FrameLayout,
): Packet | undefined {
  const level = frame[flagsAt - 1];
  if ((flags & WILL) !== 0 || level !== version) return undefined;
  const length = readVarint(frame, 1, frame.length);
  let at = 1 + varintSize(length);
  const chunk = (): Uint8Array => {
    const start = at + 2;
    at = start + ((frame[at] << 8) | frame[at + 1]);
    return frame.subarray(start, at);
  };
  const text = (): string => {
    const bytes = chunk();
    return decodeUtf8(bytes, 0, bytes.length);
  };
  const protocolId = text();
  at += 2;
  const keepalive = (frame[at] << 8) | frame[at + 1];
  at += version === 5 ? 3 : 2;
  const packet: Record<string, unknown> = {
    ...head("connect", frame, length),
    protocolId,
    protocolVersion: version,
    clean: (flags & CLEAN) !== 0,
    keepalive,
    clientId: text(),
  };
  if ((flags & USER_NAME) !== 0) packet.username = text();
  if ((flags & PASSWORD) !== 0) packet.password = Buffer.from(chunk());
  return packet as unknown as Packet;
}

function readSubscribe(frame: Uint8Array, version: 3 | 4 | 5): Packet {
  const length = readVarint(frame, 1, frame.length);
  let at = 1 + varintSize(length);
  const messageId = (frame[at] << 8) | frame[at + 1];
  at += version === 5 ? 3 : 2;
  const subscriptions: unknown[] = [];
  while (at < frame.length) {
    const start = at + 2;
    const end = start + ((frame[at] << 8) | frame[at + 1]);
    const topic = decodeUtf8(frame, start, end);
    const options = frame[end];
    const qos = options & 3;
    subscriptions.push(
      version === 5
        ? {
          topic,
          qos,
          nl: (options & 4) !== 0,
          rap: (options & 8) !== 0,
          rh: (options >> 4) & 3,
        }
        : { topic, qos },
    );
    at = end + 1;
  }
  return {
    ...head("subscribe", frame, length),
    subscriptions,
    messageId,
  } as unknown as Packet;
}

/** What mqtt-packet says of every packet. */
function head(
  cmd: string,
  frame: Uint8Array,
  length: number,
): Record<string, unknown> {
  return {
    cmd,
    retain: (frame[0] & 1) !== 0,
    qos: (frame[0] >> 1) & 3,
    dup: (frame[0] & 8) !== 0,
    length,
    topic: null,
    payload: null,
  };
}

/**
 * Writes a packet if it is a plain SUBACK, a CONNACK of MQTT 3 or a PINGRESP.
 *
 * @param packet The packet.
 * @param version Protocol level of the connection.
 * @returns The frame, or `undefined`.
 */
export function writePlain(
  packet: Packet,
  version: 3 | 4 | 5,
): Uint8Array | undefined {
  switch (packet.cmd) {
    case "pingresp":
      return Uint8Array.of(0xd0, 0);
    case "connack": {
      const code = packet.returnCode;
      if (version === 5 || !isByte(code)) return undefined;
      const present = version === 4 && packet.sessionPresent ? 1 : 0;
      return Uint8Array.of(0x20, 2, present, code);
    }
    case "suback": {
      const { messageId, granted, properties } = packet;
      if (messageId === undefined || messageId < 1 || messageId > 65535) {
        return undefined;
      }
      const codes = granted as number[];
      if (
        properties !== undefined || codes.length === 0 || codes.length > 100 ||
        !codes.every((code) => code >= 0 && code <= 2)
      ) return undefined;
      return version === 5
        ? Uint8Array.of(
          ...[0x90, 3 + codes.length, messageId >> 8, messageId & 255, 0],
          ...codes,
        )
        : Uint8Array.of(
          ...[0x90, 2 + codes.length, messageId >> 8, messageId & 255],
          ...codes,
        );
    }
    default:
      return undefined;
  }
}

function isByte(value: number | undefined): value is number {
  // MQTT 3 has the return codes 0 to 5.
  return value !== undefined && Number.isInteger(value) && value >= 0 &&
    value <= 5;
}
