/**
 * A message as an interceptor wants it. What the standard or the limits of the
 * broker do not allow is the plugin's mistake.
 *
 * @module
 */

import { varintSize } from "../../codec/varint.ts";
import type { PublishChanges } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { topicLimit } from "../limits/topic_limit.ts";
import { Message } from "../message.ts";
import { writeProperties } from "../message_properties.ts";
import { topicNameProblem } from "../topics/filter.ts";
import type { Topic } from "../topics/topic.ts";

const encoder = new TextEncoder();

/**
 * Makes a message of another one.
 *
 * @param core The broker.
 * @param message The message; it stays what it is.
 * @param changes What is to be different; the types of its fields were checked.
 * @returns The new message.
 * @throws {Error} If there can be no such message.
 */
export function changedMessage(
  core: Core,
  message: Message,
  changes: PublishChanges,
): Message {
  const { topic, payload, properties } = changes;
  const { qos = message.qos, retain = message.retain } = changes;
  const { config } = core;
  const next = new Message(
    topic === undefined ? message.target : topicOf(core, topic),
  );
  next.publisher = message.publisher;
  if (payload === undefined) {
    next.bytes = message.bytes;
    next.start = message.start;
    next.end = message.end;
  } else {
    next.bytes = typeof payload === "string"
      ? encoder.encode(payload)
      : payload;
    next.end = next.bytes.length;
  }
  if (properties === undefined) {
    next.forward = message.forward;
    next.forwardStart = message.forwardStart;
    next.forwardEnd = message.forwardEnd;
    next.expiresAt = message.expiresAt;
  } else {
    const { responseTopic, userProperties, messageExpiryInterval } = properties;
    const problem = responseTopic && topicNameProblem(responseTopic);
    if (problem) throw new TypeError(`in its response topic ${problem}`);
    const most = config.maxUserProperties;
    if (userProperties !== undefined && userProperties.length > most) {
      throw new RangeError(`a message has at most ${most} user properties`);
    }
    next.forward = writeProperties(properties);
    next.forwardEnd = next.forward.length;
    if (messageExpiryInterval !== undefined) {
      next.expiresAt = Date.now() + messageExpiryInterval * 1000;
    }
  }
  // [MQTT-3.2.2-11]
  if (qos > config.maxQos) throw new RangeError(`QoS ${qos} is not supported`);
  // [MQTT-3.2.2-14]
  if (retain && !config.retainAvailable) {
    throw new TypeError("messages are not retained here");
  }
  next.qos = qos;
  next.retain = retain;
  const size = sizeOf(next);
  if (size > config.maxPacketSize) {
    throw new RangeError(
      `the message has ${size} bytes, at most ${config.maxPacketSize} are allowed`,
    );
  }
  return next;
}

function topicOf({ topics, config }: Core, name: string): Topic {
  const problem = topicNameProblem(name);
  if (problem !== undefined) throw new TypeError(problem);
  const bytes = encoder.encode(name);
  const topic = topics.get(bytes, 0, bytes.length);
  const limit = topicLimit(topic, config);
  if (limit !== undefined) {
    throw new RangeError(
      `the topic has ${topic.levels} levels and ${bytes.length} bytes, at most ${config.maxTopicLevels} and ${config.maxTopicLength} are allowed`,
    );
  }
  return topic;
}

/** Size of the largest PUBLISH that the message becomes, but for subscription identifiers. */
function sizeOf(message: Message): number {
  const properties = message.forwardEnd - message.forwardStart +
    (message.expiresAt === 0 ? 0 : 5);
  const body = 2 + message.target.bytes.length + (message.qos > 0 ? 2 : 0) +
    varintSize(properties) + properties + message.size;
  return 1 + varintSize(body) + body;
}
