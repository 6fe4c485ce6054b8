/**
 * UNSUBSCRIBE (MQTT 5, section 3.10).
 *
 * @module
 */

import type { IUnsubscribePacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { Connection } from "../connection.ts";
import { interceptUnsubscribe } from "../interception/subscriptions.ts";
import type { Session } from "../session/session.ts";
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
  const before = core.journal?.ops;
  const { messageId, unsubscriptions } = packet;
  const granted: number[] = [];
  const removed: string[] = [];
  const settle = (filter: string | Stop): void => {
    if (connection.session !== session) return;
    if (filter instanceof Stop) {
      granted.push(refusalCode("UNSUBACK", filter.reasonCode));
      return;
    }
    granted.push(unsubscribe(session, filter));
    removed.push(filter);
  };
  const done = core.turns.repeat(unsubscriptions.length, (i) => {
    if (connection.session !== session) return;
    const filter = unsubscriptions[i];
    // One that is not valid is in no subscription.
    const answer = typeof parseFilter(filter) === "string"
      ? filter
      : interceptUnsubscribe(core, session, filter);
    return answer instanceof Promise ? answer.then(settle) : settle(answer);
  });
  const answer = (): void => {
    if (connection.session !== session) return;
    if (!connection.send({ cmd: "unsuback", messageId, granted })) {
      // [MQTT-3.1.2-24]: the client would wait for ever.
      connection.end(ReasonCode.PacketTooLarge);
      return;
    }
    if (core.plugins.hooks.onBrokerClientUnsubscribed.length === 0) return;
    for (const topic of removed) {
      core.plugins.emit("onBrokerClientUnsubscribed", {
        clientId: session.clientId,
        topic,
      });
    }
  };
  const finish = (): Promise<void> | undefined => {
    if (core.journal?.ops === before) answer();
    else return core.journal!.stored().then(answer);
  };
  return done === undefined ? finish() : done.then(finish);
}

function unsubscribe(session: Session, filter: string): number {
  if (session.unsubscribe(filter)) return ReasonCode.Success;
  return typeof parseFilter(filter) === "string"
    ? ReasonCode.TopicFilterInvalid
    : ReasonCode.NoSubscriptionExisted;
}
