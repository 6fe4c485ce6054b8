/**
 * UNSUBSCRIBE (MQTT 5, section 3.10).
 *
 * @module
 */

import type { IUnsubscribePacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { Stop } from "../../plugins/interceptors.ts";
import type { Connection } from "../connection.ts";
import { interceptUnsubscribe } from "../interception/subscriptions.ts";
import { storeReason } from "../store/failure.ts";
import { parseFilter } from "../topics/filter.ts";
import { refusalCode } from "./reasons.ts";

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
  const filters: (string | Stop)[] = [];
  const next = (): Promise<void> | undefined => {
    while (filters.length < packet.unsubscriptions.length) {
      const filter = packet.unsubscriptions[filters.length];
      // One that is not valid is in no subscription.
      const answer = typeof parseFilter(filter) === "string"
        ? filter
        : interceptUnsubscribe(core, session, filter);
      if (answer instanceof Promise) {
        return answer.then((later) => {
          filters.push(later);
          return next();
        });
      }
      filters.push(answer);
    }
    if (connection.session !== session) return undefined;
    return unsubscribe(connection, packet, filters);
  };
  return next();
}

function unsubscribe(
  connection: Connection,
  { messageId }: IUnsubscribePacket,
  filters: readonly (string | Stop)[],
): Promise<void> | undefined {
  const { core } = connection;
  const session = connection.session!;
  const before = core.journal?.ops;
  const granted = filters.map((filter) => {
    if (filter instanceof Stop) {
      return refusalCode("UNSUBACK", filter.reasonCode);
    }
    if (session.unsubscribe(filter)) return ReasonCode.Success;
    return typeof parseFilter(filter) === "string"
      ? ReasonCode.TopicFilterInvalid
      : ReasonCode.NoSubscriptionExisted;
  });
  const answer = (): void => {
    if (connection.session !== session) return;
    if (!connection.send({ cmd: "unsuback", messageId, granted })) {
      // [MQTT-3.1.2-24]: the client would wait for ever.
      connection.end(ReasonCode.PacketTooLarge);
      return;
    }
    if (core.plugins.hooks.onBrokerClientUnsubscribed.length === 0) return;
    for (const topic of filters) {
      if (topic instanceof Stop) continue;
      core.plugins.emit("onBrokerClientUnsubscribed", {
        clientId: session.clientId,
        topic,
      });
    }
  };
  if (core.journal?.ops === before) answer();
  else return core.journal!.stored().then(answer);
}
