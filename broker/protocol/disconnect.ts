/**
 * DISCONNECT from a client (MQTT 5, section 3.14).
 *
 * @module
 */

import type { IDisconnectPacket } from "mqtt-packet";
import { PacketError } from "../../codec/errors.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import { interceptDisconnect } from "../interception/disconnect.ts";
import { sessionExpiry } from "./candidate.ts";

/** Handles a DISCONNECT: the will is dropped, unless the client asks for it. */
export function handleDisconnect(
  connection: Connection,
  packet: IDisconnectPacket,
): undefined {
  const session = connection.session!;
  const expiry = packet.properties?.sessionExpiryInterval;
  if (expiry !== undefined) {
    if (session.expiryInterval === 0 && expiry !== 0) {
      // [MQTT-3.14.2-2]
      throw new PacketError(
        ReasonCode.ProtocolError,
        "Cannot take DISCONNECT: a session that ends with its connection gets no expiry interval",
      );
    }
    session.expiryInterval = sessionExpiry(connection.core, expiry);
  }
  // [MQTT-3.14.4-3]
  const { reasonCode = 0 } = packet;
  const { sendWill } = interceptDisconnect(connection.core, {
    session,
    byClient: true,
    reasonCode,
    reasonString: packet.properties?.reasonString,
    sendWill: reasonCode !== 0,
  });
  connection.end(undefined, sendWill);
}
