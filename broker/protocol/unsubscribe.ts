/**
 * UNSUBSCRIBE (MQTT 5, section 3.10).
 *
 * @module
 */

import type { IUnsubscribePacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import { parseFilter } from "../topics/filter.ts";

/** Handles an UNSUBSCRIBE. */
export function handleUnsubscribe(
  connection: Connection,
  packet: IUnsubscribePacket,
): undefined {
  const { core } = connection;
  const session = connection.session!;
  const granted = packet.unsubscriptions.map((filter) => {
    if (session.unsubscribe(filter)) return ReasonCode.Success;
    return typeof parseFilter(filter) === "string"
      ? ReasonCode.TopicFilterInvalid
      : ReasonCode.NoSubscriptionExisted;
  });
  connection.send({ cmd: "unsuback", messageId: packet.messageId, granted });
  if (core.plugins.hooks.onBrokerClientUnsubscribed.length === 0) return;
  for (const topic of packet.unsubscriptions) {
    core.plugins.emit("onBrokerClientUnsubscribed", {
      clientId: session.clientId,
      topic,
    });
  }
}
