/**
 * What a connection does about an error: it tells the client, the log and the
 * counters, and ends.
 *
 * @module
 */

import { PacketError } from "../codec/errors.ts";
import { ReasonCode } from "../codec/reason_codes.ts";
import type { Connection } from "./connection.ts";
import { LimitError } from "./limits/limit_error.ts";
import type { LimitName } from "./limits/limit_reports.ts";
import type { Packet } from "../plugins/mod.ts";
import { refuseUnread } from "./protocol/connect_packet.ts";
import { disconnectPacket } from "./protocol/reasons.ts";

/** Ends a connection because of an error, unless it has ended. Never throws. */
export function fail(connection: Connection, error: unknown): void {
  if (connection.phase === "closed") return;
  try {
    sayAndEnd(connection, error);
  } catch (mistake) {
    // Nobody waits for a connection: this would end the process.
    connection.core.report(mistake);
    connection.drop("its error could not be told");
  }
}

function sayAndEnd(connection: Connection, error: unknown): void {
  const { core, session, peer, phase } = connection;
  if (!(error instanceof PacketError)) {
    // A broken connection is everyday life, a mistake of ours is not.
    if (error instanceof TypeError || error instanceof RangeError) {
      core.logger.error("Cannot handle a packet", {
        clientId: session?.clientId,
        peer,
        error: error.stack,
      });
      connection.end(ReasonCode.UnspecifiedError);
    } else connection.drop(String(error));
    return;
  }
  const limit = limitOf(connection, error);
  if (limit !== undefined) {
    const who = session?.clientId ?? connection.transport.remoteAddress;
    core.reports.reached(limit, who, `Client disconnected: ${error.message}`);
  } else {
    core.logger.info("Client disconnected for an error", {
      clientId: session?.clientId,
      peer,
      error: error.message,
    });
  }
  if (phase === "connect") refuseUnread(connection, error);
  connection.end(error.reasonCode, true, error.message);
}

/**
 * Tells a client of MQTT 5 why its connection ends.
 *
 * @param connection The connection.
 * @param reasonCode The reason.
 * @param reasonString Text for the client.
 * @returns What was sent.
 */
export function sayWhy(
  connection: Connection,
  reasonCode: number,
  reasonString: string | undefined,
): Packet {
  const text = connection.problemInformation ? reasonString : undefined;
  const full = disconnectPacket(reasonCode, text);
  if (connection.append(full)) return full;
  // [MQTT-3.14.2-3]: a reason string that does not fit is left out.
  const short = disconnectPacket(reasonCode);
  connection.append(short);
  return short;
}

/** Closes a connection whose client was not accepted in time. */
export function lateConnect(connection: Connection): void {
  connection.core.reports.reached(
    "connectTimeout",
    connection.transport.remoteAddress,
    "Connection closed, whose client was not accepted in time",
    connection.limits.connectTimeout,
  );
  connection.drop("no CONNECT in time");
}

/** The limit that a client has broken, if it is one; the codec knows only reason codes. */
function limitOf(
  { phase }: Connection,
  error: PacketError,
): LimitName | undefined {
  if (error instanceof LimitError) return error.limit;
  if (error.reasonCode === ReasonCode.QuotaExceeded) return "maxUserProperties";
  if (error.reasonCode !== ReasonCode.PacketTooLarge) return undefined;
  return phase === "open" ? "maxPacketSize" : "maxConnectPacketSize";
}
