/**
 * Whether a PUBLISH is one that the broker takes (MQTT 5, section 3.3).
 *
 * @module
 */

import { PacketError } from "../../codec/errors.ts";
import type { PublishView } from "../../codec/publish.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import { LimitError } from "../limits/limit_error.ts";
import { topicLimit } from "../limits/topic_limit.ts";
import type { Topic } from "../topics/topic.ts";

/**
 * The topic that a PUBLISH means; a new alias is remembered.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @returns The topic.
 * @throws {PacketError} If there is none.
 */
export function topicOf(
  connection: Connection,
  view: PublishView<Topic>,
): Topic {
  const { config } = connection.core;
  const alias = view.topicAlias;
  if (alias === 0) return view.topic!;
  if (alias > config.topicAliasMaximum) {
    // [MQTT-3.3.2-9]
    throw new LimitError(
      "topicAliasMaximum",
      ReasonCode.TopicAliasInvalid,
      `Cannot take PUBLISH: the topic alias ${alias} is greater than ${config.topicAliasMaximum}`,
    );
  }
  if (view.topic !== undefined) {
    (connection.aliases ??= new Map()).set(alias, view.topic);
    return view.topic;
  }
  const topic = connection.aliases?.get(alias);
  if (topic === undefined) {
    throw new PacketError(
      ReasonCode.ProtocolError,
      `Cannot take PUBLISH: the topic alias ${alias} stands for nothing [MQTT-3.3.2-7]`,
    );
  }
  return topic;
}

/**
 * Checks a PUBLISH.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @throws {PacketError} If it breaks a limit.
 */
export function checkLimits(
  connection: Connection,
  view: PublishView<Topic>,
): void {
  const { config } = connection.core;
  if (view.qos > config.maxQos) {
    // [MQTT-3.2.2-11]
    throw new PacketError(
      ReasonCode.QoSNotSupported,
      `Cannot take PUBLISH: QoS ${view.qos} is not supported`,
    );
  }
  if (view.retain && !config.retainAvailable) {
    // [MQTT-3.2.2-14]
    throw new PacketError(
      ReasonCode.RetainNotSupported,
      "Cannot take PUBLISH: messages are not retained here",
    );
  }
  if (view.userProperties > config.maxUserProperties) {
    throw new LimitError(
      "maxUserProperties",
      ReasonCode.QuotaExceeded,
      `Cannot take PUBLISH: it has more than ${config.maxUserProperties} user properties`,
    );
  }
  const topic = view.topic;
  const problem = topic && topicLimit(topic, config);
  if (problem !== undefined) {
    throw new LimitError(
      problem,
      ReasonCode.TopicNameInvalid,
      `Cannot take PUBLISH: the topic has ${topic!.levels} levels and ${
        topic!.bytes.length
      } bytes, at most ${config.maxTopicLevels} and ${config.maxTopicLength} are allowed`,
    );
  }
}
