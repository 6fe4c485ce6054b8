/**
 * UNSUBSCRIBE (MQTT 5, section 3.10).
 *
 * @module
 */

import type { IUnsubscribePacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import { storeReason } from "../store/failure.ts";
import { parseFilter } from "../topics/filter.ts";

/** Handles an UNSUBSCRIBE. */
export function handleUnsubscribe(
  connection: Connection,
  packet: IUnsubscribePacket,
): Promise<void> | undefined {
  const { core } = connection;
  const session = connection.session!;
  const failure = session.durable && core.journal?.failure;
  if (failure && connection.version === 5) {
    const code = storeReason(failure);
    connection.send({
      cmd: "unsuback",
      messageId: packet.messageId,
      granted: packet.unsubscriptions.map(() => code),
    });
    return;
  }
  const before = core.journal?.ops;
  const granted = packet.unsubscriptions.map((filter) => {
    if (session.unsubscribe(filter)) return ReasonCode.Success;
    return typeof parseFilter(filter) === "string"
      ? ReasonCode.TopicFilterInvalid
      : ReasonCode.NoSubscriptionExisted;
  });
  const answer = (): void => {
    if (connection.session !== session) return;
    const { messageId } = packet;
    if (!connection.send({ cmd: "unsuback", messageId, granted })) {
      // [MQTT-3.1.2-24]: the client would wait for ever.
      connection.end(ReasonCode.PacketTooLarge);
      return;
    }
    if (core.plugins.hooks.onBrokerClientUnsubscribed.length === 0) return;
    for (const topic of packet.unsubscriptions) {
      core.plugins.emit("onBrokerClientUnsubscribed", {
        clientId: session.clientId,
        topic,
      });
    }
  };
  if (core.journal?.ops === before) answer();
  else return core.journal!.stored().then(answer);
}
