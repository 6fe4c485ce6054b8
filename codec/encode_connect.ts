import { generate, type IConnectPacket } from "mqtt-packet";
import { readVarint, varintSize } from "./varint.ts";
import { writeVarint } from "./varint.ts";

const USER_NAME = 0x80;
const CLEAN_START = 0x02;

/**
 * Encodes a CONNECT. mqtt-packet refuses two forms that MQTT 5 allows: a password
 * without a user name, and no client identifier without a clean start. Both are
 * asked for in another form, and put right in the bytes.
 *
 * @param packet The packet with all its fields in mqtt-packet's types.
 * @returns The frame.
 * @throws {Error} If mqtt-packet refuses the packet.
 */
export function encodeConnect(packet: IConnectPacket): Uint8Array {
  const version = packet.protocolVersion;
  const isAnonymous = packet.username === undefined || packet.username === null;
  const lacksUserName = version === 5 && isAnonymous && !!packet.password;
  const isDirty = version === 5 && packet.clean === false;
  const frame: Uint8Array = generate({
    ...packet,
    ...lacksUserName && { username: "" },
    ...isDirty && { clean: true },
  });
  if (isDirty) frame[flagsAt(frame)] &= ~CLEAN_START;
  if (!lacksUserName) return frame;
  frame[flagsAt(frame)] &= ~USER_NAME;
  // The last two fields are the empty user name and the password.
  return cut(frame, frame.length - packet.password!.length - 4, 2);
}

/** Index of the connect flags: after the lengths, "MQTT" and the protocol level. */
function flagsAt(frame: Uint8Array): number {
  return bodyStart(frame) + 7;
}

function bodyStart(frame: Uint8Array): number {
  return 1 + varintSize(readVarint(frame, 1, frame.length));
}

/** Takes `count` bytes out of the body of a frame. */
function cut(frame: Uint8Array, at: number, count: number): Uint8Array {
  const from = bodyStart(frame);
  const length = frame.length - from - count;
  const start = 1 + varintSize(length);
  const result = new Uint8Array(start + length);
  result[0] = frame[0];
  writeVarint(result, 1, length);
  result.set(frame.subarray(from, at), start);
  result.set(frame.subarray(at + count), start + at - from);
  return result;
}
