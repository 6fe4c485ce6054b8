/**
 * Reasons made fit for the packet that carries them. Plugins give them, and may not
 * know the packet; what they say of a client may be as long as the client's own names.
 *
 * @module
 */

import type { IDisconnectPacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { VALID_CODES } from "../../codec/valid_codes.ts";

const LONGEST_TEXT = 1024;

/** Packets that refuse something. */
export type Refusal =
  | "CONNACK"
  | "PUBACK"
  | "SUBACK"
  | "UNSUBACK"
  | "DISCONNECT";

/**
 * The reason code of a refusal.
 *
 * @param packet The packet that carries it.
 * @param code What a plugin gave, if it gave something.
 * @returns The code if the packet may carry it, else 0x87, not authorized.
 */
export function refusalCode(packet: Refusal, code?: number): number {
  return code !== undefined && code >= 0x80 && VALID_CODES[packet].has(code)
    ? code
    : ReasonCode.NotAuthorized;
}

/**
 * A reason string.
 *
 * @param text Any text.
 * @returns What an MQTT string may hold of it, 1024 characters at most.
 */
export function reasonText(text: string): string {
  return text.slice(0, LONGEST_TEXT).replaceAll("\0", "").toWellFormed();
}

/**
 * A DISCONNECT.
 *
 * @param code Why; what a DISCONNECT does not know becomes 0x87, not authorized.
 * @param text The reason string.
 * @returns The packet.
 */
export function disconnectPacket(
  code: number,
  text?: string,
): IDisconnectPacket {
  const reasonCode = VALID_CODES.DISCONNECT.has(code)
    ? code
    : ReasonCode.NotAuthorized;
  return text === undefined ? { cmd: "disconnect", reasonCode } : {
    cmd: "disconnect",
    reasonCode,
    properties: { reasonString: reasonText(text) },
  };
}
