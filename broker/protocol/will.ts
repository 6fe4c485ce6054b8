/**
 * The will in a CONNECT (MQTT 5, sections 3.1.2.5 and 3.1.3.2).
 *
 * @module
 */

import type { IConnectPacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { willProperties } from "../../codec/will_properties.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { Denial, QoS } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { interceptWill } from "../interception/will.ts";
import { isReserved, topicLimit } from "../limits/topic_limit.ts";
import { Message } from "../message.ts";
import type { Session } from "../session/session.ts";
import { Topic } from "../topics/topic.ts";

/** Takes the will over; a reason code says why it cannot be. */
export function readWill(
  core: Core,
  session: Session,
  packet: IConnectPacket,
  bytes: Uint8Array,
): number | undefined {
  const { will } = packet;
  if (will === undefined) return undefined;
  const { config } = core;
  const topic = new Topic(will.topic);
  const limit = topicLimit(topic, config);
  if (limit !== undefined) {
    core.reports.reached(limit, session.clientId, "Will refused");
    return ReasonCode.TopicNameInvalid;
  }
  if (isReserved(core, session, topic)) return ReasonCode.NotAuthorized;
  const qos = (will.qos ?? 0) as QoS;
  // [MQTT-3.2.2-12], [MQTT-3.2.2-13]
  if (qos > config.maxQos) return ReasonCode.QoSNotSupported;
  if (will.retain && !config.retainAvailable) {
    return ReasonCode.RetainNotSupported;
  }
  const message = new Message(topic);
  const payload = typeof will.payload === "string"
    ? new TextEncoder().encode(will.payload)
    : will.payload;
  message.bytes = payload;
  message.end = payload.length;
  message.qos = qos;
  message.retain = will.retain ?? false;
  message.publisher = session.clientId;
  const properties = will.properties ?? {};
  const { forward } = packet.protocolVersion === 5
    ? willProperties(bytes)
    : { forward: null };
  if (forward !== null) {
    message.forward = forward;
    message.forwardEnd = forward.length;
  }
  session.will = message.keep().settle();
  session.willDelay = properties.willDelayInterval ?? 0;
  session.willExpiry = properties.messageExpiryInterval;
  return undefined;
}

/**
 * Asks the plugins about the will that a client leaves: what it is to be, and whether
 * the client may publish that.
 *
 * @param core The broker.
 * @param session What the client asks for; it has a will.
 * @returns Why the will is refused, if it is.
 */
export async function judgeWill(
  core: Core,
  session: Session,
): Promise<Denial | undefined> {
  const answer = interceptWill(core, session, session.will!, "register");
  const will = answer instanceof Promise ? await answer : answer;
  if (will instanceof Stop) {
    if (!will.drop) return will;
    session.will = undefined;
    return undefined;
  }
  const { topic, qos, retain } = will;
  if (isReserved(core, session, will.target)) return { allow: false };
  const verdict = await core.may(session, topic, "publish", qos, retain);
  return verdict === true ? undefined : verdict;
}
