/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP (MQTT 5, sections 3.4 to 3.7).
 *
 * @module
 */

import { decode } from "../../codec/decode.ts";
import { PacketError } from "../../codec/errors.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { acknowledge } from "../ack_queue.ts";
import type { Connection } from "../connection.ts";

let reason = 0;

/** Reads the packet identifier; `reason` then is the reason code. */
function read(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start === 4) {
    reason = 0;
    const packetId = (bytes[start + 2] << 8) | bytes[start + 3];
    // [MQTT-2.2.1-3]
    if (packetId !== 0) return packetId;
    throw new PacketError(
      ReasonCode.MalformedPacket,
      "Cannot read an acknowledgement: its packet identifier is 0",
    );
  }
  const packet = decode(
    bytes.subarray(start, end),
    connection.version,
    connection.core.config,
  ) as {
    messageId?: number;
    reasonCode?: number;
  };
  reason = packet.reasonCode ?? 0;
  return packet.messageId!;
}

/** A message of QoS 1 has arrived. */
export function handlePuback(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): undefined {
  const packetId = read(connection, bytes, start, end);
  connection.session!.usedOutbox?.complete(packetId, 1, reason >= 0x80);
  connection.eased();
}

/** A message of QoS 2 has arrived; the client waits for its release. */
export function handlePubrec(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): undefined {
  const packetId = read(connection, bytes, start, end);
  const outbox = connection.session!.usedOutbox;
  if (reason >= 0x80) {
    // [MQTT-4.3.3-4]: the client does not want it; there is nothing to release.
    outbox?.complete(packetId, 2, true);
    connection.eased();
    return;
  }
  const before = connection.core.journal?.ops;
  const known = outbox?.received(packetId) ?? false;
  // Not before the store has it: once the client has released the identifier, it
  // would take the message for a new one.
  acknowledge(
    connection,
    0x62,
    packetId,
    known ? 0 : ReasonCode.PacketIdentifierNotFound,
    before,
  );
}

/** A client releases a message of QoS 2 that it sent. */
export function handlePubrel(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): undefined {
  const packetId = read(connection, bytes, start, end);
  const before = connection.core.journal?.ops;
  const known = connection.session!.releaseIncoming(packetId);
  // [MQTT-4.3.3-11]
  acknowledge(
    connection,
    0x70,
    packetId,
    known ? 0 : ReasonCode.PacketIdentifierNotFound,
    before,
  );
}

/** A message of QoS 2 is done. */
export function handlePubcomp(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): undefined {
  const packetId = read(connection, bytes, start, end);
  connection.session!.usedOutbox?.complete(packetId, 2);
  connection.eased();
}
