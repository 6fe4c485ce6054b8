/**
 * Messages that plugins and host programs publish.
 *
 * @module
 */

import type { PublishOptions } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { Message } from "../message.ts";
import { writeProperties } from "../message_properties.ts";
import { topicNameProblem } from "../topics/filter.ts";

const encoder = new TextEncoder();

/**
 * Makes a message of what a plugin wants to publish.
 *
 * @param core The broker.
 * @param topic Topic name.
 * @param payload Text, or bytes that are not changed any more.
 * @param options QoS, retain flag and properties.
 * @returns A kept message.
 * @throws {TypeError} If the topic name is not valid.
 */
export function messageOf(
  core: Core,
  topic: string,
  payload: string | Uint8Array,
  options: PublishOptions,
): Message {
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new TypeError(`Cannot publish to "${topic}": ${problem}`);
  }
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  const name = encoder.encode(topic);
  // Its length has two bytes on the wire [MQTT-1.5.4-3].
  if (name.length > 0xffff) {
    throw new TypeError(
      `Cannot publish to "${
        topic.slice(0, 64)
      }...": the topic name has ${name.length} bytes, at most 65535 are allowed`,
    );
  }
  // The one object of the topic: clients' topic aliases hang on it.
  const message = new Message(core.topics.get(name, 0, name.length));
  message.bytes = bytes;
  message.end = bytes.length;
  message.qos = options.qos ?? 0;
  message.retain = options.retain ?? false;
  if (options.properties !== undefined) {
    message.forward = writeProperties(options.properties);
    message.forwardEnd = message.forward.length;
    const expiry = options.properties.messageExpiryInterval;
    if (expiry !== undefined) message.expiresAt = Date.now() + expiry * 1000;
  }
  return message.keep();
}
