/**
 * How long and how deep topics may be.
 *
 * @module
 */

import type { Limits } from "../config/types.ts";
import type { Core } from "../core.ts";
import type { Session } from "../session/session.ts";
import type { ParsedFilter } from "../topics/filter.ts";
import type { Topic } from "../topics/topic.ts";

/** The limits of topics. */
export type TopicLimit = "maxTopicLevels" | "maxTopicLength";

const encoder = new TextEncoder();

/**
 * The limit that a topic breaks.
 *
 * @param topic The topic.
 * @param limits The limits.
 * @returns The limit, or `undefined`.
 */
export function topicLimit(
  topic: Topic,
  limits: Limits,
): TopicLimit | undefined {
  if (topic.levels > limits.maxTopicLevels) return "maxTopicLevels";
  if (topic.bytes.length > limits.maxTopicLength) return "maxTopicLength";
  return undefined;
}

/**
 * The limit that a topic filter breaks.
 *
 * @param parsed The filter.
 * @param limits The limits.
 * @returns The limit, or `undefined`.
 */
export function filterLimit(
  { text, filter }: ParsedFilter,
  limits: Limits,
): TopicLimit | undefined {
  let levels = 1;
  for (let i = 0; i < filter.length; i++) {
    if (filter.charCodeAt(i) === 0x2f) levels++;
  }
  if (levels > limits.maxTopicLevels) return "maxTopicLevels";
  // A code unit of a text has three bytes at most.
  const isLong = text.length * 3 > limits.maxTopicLength &&
    encoder.encode(text).length > limits.maxTopicLength;
  return isLong ? "maxTopicLength" : undefined;
}

/**
 * Whether a client may not publish to a topic, because it begins with `$`.
 *
 * @param core The broker.
 * @param session The client's session.
 * @param topic The topic.
 * @returns Whether it may not.
 */
export function isReserved(
  { config, plugins }: Core,
  session: Session,
  topic: Topic,
): boolean {
  return topic.internal && !config.allowDollarPublish &&
    !plugins.ownsTopic(topic.name) && !isBridgeState(session, topic.name);
}

/**
 * Where a bridge of mosquitto says whether it is connected, by a will and a retained
 * message. It gives up if it may not. Each may speak for itself only.
 */
function isBridgeState(
  { isBridge, clientId }: Session,
  topic: string,
): boolean {
  return isBridge && !clientId.includes("/") &&
    topic === `$SYS/broker/connection/${clientId}/state`;
}
