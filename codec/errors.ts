import { ReasonCode } from "./reason_codes.ts";

/**
 * A packet broke a rule of the standard. The message names the rule; the reason
 * code is the one that an MQTT 5 peer is told.
 *
 * @example
 * ```ts
 * import { decode, PacketError } from "@dinomq/broker/codec";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * // A PUBLISH to "+": a topic name must not contain a wildcard.
 * const frame = Uint8Array.of(0x30, 3, 0, 1, 0x2b);
 * const error = assertThrows(() => decode(frame, 4), PacketError);
 * assertEquals(error.reasonCode, 0x90);
 * ```
 */
export class PacketError extends Error {
  /** Name of the class. */
  override readonly name = "PacketError";

  /** Reason code of MQTT 5, 0x80 or above. */
  readonly reasonCode: number;

  /**
   * Creates the error.
   *
   * @param reasonCode Reason code of MQTT 5, 0x80 or above.
   * @param message What cannot be done and why, with the rule.
   * @param options The `cause`, if another error led to this one.
   */
  constructor(reasonCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reasonCode = reasonCode;
  }
}

/** Makes the error for a packet that cannot be parsed. */
export function malformed(message: string): PacketError {
  return new PacketError(ReasonCode.MalformedPacket, message);
}

/** Makes the error for a packet that can be parsed, but breaks a rule. */
export function protocolError(message: string): PacketError {
  return new PacketError(ReasonCode.ProtocolError, message);
}
