/**
 * Which packet may come when, and who handles it.
 *
 * @module
 */

import { decode } from "../../codec/decode.ts";
import { PacketError } from "../../codec/errors.ts";
import { checkFixedHeader } from "../../codec/framing.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Packet } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import {
  handlePuback,
  handlePubcomp,
  handlePubrec,
  handlePubrel,
} from "./acks.ts";
import { handleAuth } from "./auth.ts";
import { handleConnect } from "./connect.ts";
import { handleDisconnect } from "./disconnect.ts";
import { handlePublish } from "./publish.ts";
import { handleSubscribe } from "./subscribe.ts";
import { handleUnsubscribe } from "./unsubscribe.ts";

/**
 * Handles one whole frame.
 *
 * @param connection Where it came from.
 * @param bytes Where it stands.
 * @param start Its first byte.
 * @param end Behind its last byte.
 * @returns A promise if the client's next packet has to wait.
 * @throws {PacketError} If the packet breaks a rule; the connection then ends.
 */
export function handleFrame(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): Promise<void> | undefined {
  const type = bytes[start] >> 4;
  if (connection.phase === "open") {
    if (type === 3) {
      if (!observe(connection, bytes, start, end)) return;
      return handlePublish(connection, bytes, start, end);
    }
    return handleOther(connection, type, bytes, start, end);
  }
  if (connection.phase === "connect") {
    expectConnect(bytes[start]);
    return handleConnect(connection, bytes.subarray(start, end));
  }
  return handleBeforeConnack(connection, type, bytes.subarray(start, end));
}

/**
 * Checks the first byte of a connection. The rest of what is no CONNECT, such as a
 * request of HTTP, need not be waited for.
 *
 * @param first The byte.
 * @throws {PacketError} If it does not begin a CONNECT.
 */
export function expectConnect(first: number): void {
  if (first >> 4 === 1) return;
  // [MQTT-3.1.0-1]
  throw new PacketError(
    ReasonCode.ProtocolError,
    "Cannot accept the client: its first packet is not CONNECT [MQTT-3.1.0-1]",
  );
}

function handleOther(
  connection: Connection,
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Promise<void> | undefined {
  checkFixedHeader(bytes[start], connection.version);
  if (type === 1) {
    // Whatever it says: it is not read any more.
    throw new PacketError(
      ReasonCode.ProtocolError,
      "Cannot handle CONNECT: the client is connected already [MQTT-3.1.0-2]",
    );
  }
  if (!observe(connection, bytes, start, end)) return;
  switch (type) {
    case 4:
      return handlePuback(connection, bytes, start, end);
    case 5:
      return handlePubrec(connection, bytes, start, end);
    case 6:
      return handlePubrel(connection, bytes, start, end);
    case 7:
      return handlePubcomp(connection, bytes, start, end);
  }
  const frame = bytes.subarray(start, end);
  const packet = decode(frame, connection.version, connection.core.config);
  switch (packet.cmd) {
    case "subscribe":
      return handleSubscribe(connection, packet);
    case "unsubscribe":
      return handleUnsubscribe(connection, packet);
    case "pingreq":
      connection.send({ cmd: "pingresp" });
      return;
    case "disconnect":
      return handleDisconnect(connection, packet);
    case "auth":
      return handleAuth(connection, packet);
    default:
      // Packets that only a server sends.
      throw new PacketError(
        ReasonCode.ProtocolError,
        `Cannot handle ${packet.cmd.toUpperCase()}: a connected client does not send it`,
      );
  }
}

/** During enhanced authentication a client sends nothing but AUTH and DISCONNECT. */
function handleBeforeConnack(
  connection: Connection,
  type: number,
  frame: Uint8Array,
): Promise<void> | undefined {
  const packet = decode(
    frame.slice(),
    connection.version,
    connection.core.config,
  );
  observePacket(connection, packet);
  // A plugin that saw the packet may have ended the connection.
  if (connection.phase === "closed") return;
  if (packet.cmd === "auth") return handleAuth(connection, packet);
  if (packet.cmd === "disconnect") {
    connection.drop("the client gave up its authentication");
    return;
  }
  throw new PacketError(
    ReasonCode.ProtocolError,
    `Cannot handle a packet of type ${type}: the client is not authenticated yet [MQTT-3.1.2-30]`,
  );
}

/** Tells the plugins of a frame; says whether the connection is still open then. */
function observe(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const { plugins } = connection.core;
  if (plugins.hooks.onMqttPacketReceived.length === 0) return true;
  observePacket(
    connection,
    // A copy: mqtt-packet's results point into what they were read from.
    decode(
      bytes.slice(start, end),
      connection.version,
      connection.core.config,
    ),
  );
  return connection.phase === "open";
}

/** Tells the plugins of a packet. */
export function observePacket(connection: Connection, packet: Packet): void {
  const { plugins } = connection.core;
  if (plugins.hooks.onMqttPacketReceived.length === 0) return;
  plugins.emit("onMqttPacketReceived", {
    packet,
    ...(connection.session !== null && { session: connection.session }),
  });
}
