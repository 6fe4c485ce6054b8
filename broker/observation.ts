/**
 * What the plugins are told of packets and messages that clients get.
 *
 * @module
 */

import type { Packet, QoS } from "../plugins/mod.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { Message } from "./message.ts";
import { publishPacket } from "./message_packet.ts";
import type { Session } from "./session/session.ts";

/**
 * Tells the plugins of a packet that was sent.
 *
 * @param connection Where it went.
 * @param packet The packet.
 * @param session The client's session.
 */
export function observeSent(
  { core: { plugins } }: Connection,
  packet: Packet,
  session: Session | null,
): void {
  if (plugins.hooks.onMqttPacketSent.length === 0) return;
  plugins.emit("onMqttPacketSent", {
    packet,
    ...(session !== null && { session }),
  });
}

/** Tells the plugins of a PUBLISH that was sent. */
export function observePublish(
  connection: Connection,
  message: Message,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  identifiers: readonly number[],
): void {
  const { core: { plugins }, session } = connection;
  if (plugins.hooks.onMqttPacketSent.length > 0) {
    observeSent(
      connection,
      publishPacket(message, qos, retain, dup, packetId, identifiers),
      session,
    );
  }
  if (plugins.hooks.onBrokerMessageDelivered.length > 0 && !dup) {
    plugins.emit("onBrokerMessageDelivered", {
      clientId: connection.publishes.clientId,
      message: message.keep(),
      qos,
    });
  }
}

/** Whether a plugin wants to know of every message that a client gets. */
export function observesPublish({ plugins: { hooks } }: Core): boolean {
  return hooks.onMqttPacketSent.length > 0 ||
    hooks.onBrokerMessageDelivered.length > 0;
}

/**
 * Tells the plugins what became of a session.
 *
 * @param core The broker.
 * @param what The event.
 * @param session The session.
 */
export function observeSession(
  { plugins }: Core,
  what:
    | "onBrokerSessionCreated"
    | "onBrokerSessionResumed"
    | "onBrokerSessionTakenOver"
    | "onBrokerSessionExpired",
  session: Session,
): void {
  if (plugins.hooks[what].length === 0) return;
  const { clientId } = session;
  plugins.emit(what, { clientId, clientSession: session });
}
