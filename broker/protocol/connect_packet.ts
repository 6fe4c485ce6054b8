/**
 * A CONNECT as it comes in, and what is said of one that cannot be read.
 *
 * @module
 */

import type { IConnectPacket } from "mqtt-packet";
import { decode } from "../../codec/decode.ts";
import { PacketError } from "../../codec/errors.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import { refuse } from "./connack.ts";

/**
 * Reads a CONNECT.
 *
 * @param connection Where it came from.
 * @param bytes The packet.
 * @returns The packet.
 * @throws {PacketError} If it cannot be read.
 */
export function readConnect(
  connection: Connection,
  bytes: Uint8Array,
): IConnectPacket {
  try {
    return decode(bytes, 5, connection.core.config) as IConnectPacket;
  } catch (error) {
    if (error instanceof PacketError) {
      const level = protocolLevel(bytes);
      if (level === 5) connection.version = 5;
      else if (error.reasonCode === ReasonCode.UnsupportedProtocolVersion) {
        // [MQTT-3.1.2-2]: also those who speak later versions read this.
        if (level > 5) connection.version = 5;
        refuse(connection, ReasonCode.UnsupportedProtocolVersion);
      }
    }
    throw error;
  }
}

/**
 * Tells a client of MQTT 5 why its CONNECT could not be read.
 *
 * @param connection The connection.
 * @param error What is wrong with the CONNECT.
 */
export function refuseUnread(connection: Connection, error: PacketError): void {
  const { bytes, start, end } = connection.input;
  if (
    // Then nobody has looked at it yet.
    error.reasonCode === ReasonCode.PacketTooLarge && bytes[start] === 0x10 &&
    protocolLevel(bytes.subarray(start, end)) === 5
  ) connection.version = 5;
  if (connection.version !== 5) return;
  connection.send({
    cmd: "connack",
    sessionPresent: false,
    reasonCode: error.reasonCode,
  });
}

/** The protocol level of a CONNECT that could not be decoded; 0 if there is none. */
function protocolLevel(bytes: Uint8Array): number {
  let at = 1;
  while (at < bytes.length && bytes[at++] & 0x80);
  const name = (bytes[at] << 8) | bytes[at + 1];
  return bytes[at + 2 + name] ?? 0;
}
