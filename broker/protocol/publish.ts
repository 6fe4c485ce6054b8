/**
 * PUBLISH from a client (MQTT 5, section 3.3).
 *
 * @module
 */

import { PacketError } from "../../codec/errors.ts";
import type { PublishView } from "../../codec/publish.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Denial } from "../../plugins/mod.ts";
import { acknowledge } from "../ack_queue.ts";
import type { Connection } from "../connection.ts";
import { LimitError } from "../limits/limit_error.ts";
import { topicLimit } from "../limits/topic_limit.ts";
import { Message } from "../message.ts";
import { storeReason } from "../store/failure.ts";
import { Topic } from "../topics/topic.ts";
import { forwardRun } from "./publish_run.ts";
import { reasonText, refusalCode } from "./reasons.ts";

// A message that nobody keeps leaves no object behind.
const passing = new Message(new Topic("-"));

// Without a text: the Paho suite's client reads no PUBACK that has one.
const DOLLAR: Denial = { allow: false };

/** Handles a PUBLISH; a promise says that a plugin has not answered yet. */
export function handlePublish(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): Promise<void> | undefined {
  const { core, version } = connection;
  const session = connection.session!;
  const { config, plugins, stats } = core;
  const view = connection.view;
  view.read(bytes, start, end, version, core.topics);
  stats.publishReceived++;
  const topic = topicOf(connection, view);
  checkLimits(connection, view);
  const { qos } = view;
  if (
    qos === 0 && view.verbatim && !view.retain && !topic.internal &&
    plugins.hooks.onBrokerMessageReceived.length === 0 &&
    plugins.hooks.onBrokerMessageBroadcast.length === 0 &&
    core.listeners.size === 0 &&
    forwardRun(connection, view, topic)
  ) return;
  if (qos === 2) {
    if (session.hasIncoming(view.packetId)) {
      // Delivered already [MQTT-4.3.3-10], if perhaps not stored yet.
      acknowledge(connection, 0x50, view.packetId, 0, core.journal?.ops);
      return;
    }
    const unreleased = session.incomingCount;
    // [MQTT-3.3.4-7]; clients of MQTT 3 know of no such limit.
    if (unreleased >= config.receiveMaximum && version === 5) {
      throw new LimitError(
        "receiveMaximum",
        ReasonCode.ReceiveMaximumExceeded,
        `Cannot take PUBLISH: ${unreleased} messages are not released, at most ${config.receiveMaximum} are allowed`,
      );
    }
  }
  const { journal } = core;
  if (qos > 0 && journal !== undefined) {
    if (journal.failure !== undefined && version === 5) {
      const reasonCode = storeReason(journal.failure);
      refuse(connection, view, { allow: false, reasonCode });
      return;
    }
    if (journal.backlogged) {
      // The connection reads nothing meanwhile, so that the packet stays.
      return journal.relieved().then(() => {
        if (connection.phase !== "open") return;
        stats.publishReceived--;
        return handlePublish(connection, bytes, start, end);
      });
    }
  }
  const message = plugins.hooks.onBrokerMessageReceived.length > 0
    ? messageOf(connection, view, new Message(topic)).keep()
    : messageOf(connection, view, passing);
  if (plugins.hooks.onBrokerMessageReceived.length > 0) {
    plugins.emit("onBrokerMessageReceived", {
      clientId: session.clientId,
      message,
    });
    // A plugin may have disconnected the client for it.
    if (connection.phase !== "open") return;
  }
  if (
    topic.internal && !config.allowDollarPublish &&
    !plugins.ownsTopic(topic.name)
  ) {
    deny(connection, topic.name, view, DOLLAR);
    return;
  }
  if (plugins.filtersTopics) {
    const verdict = core.may(
      session,
      topic.name,
      "publish",
      qos,
      view.retain,
    );
    if (verdict instanceof Promise) {
      // The connection reads nothing meanwhile: the bytes stay where they are.
      const own = messageOf(connection, view, new Message(topic));
      return verdict.then((answer) => {
        core.congestion = null;
        settle(connection, view, own, answer);
        return connection.relief();
      });
    }
    settle(connection, view, message, verdict);
    return;
  }
  accept(connection, view, message);
}

function settle(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  verdict: true | Denial,
): void {
  if (connection.phase !== "open") return;
  if (verdict === true) {
    accept(connection, view, message);
    return;
  }
  deny(connection, message.topic, view, verdict);
}

function accept(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
): void {
  const { core } = connection;
  const { plugins } = core;
  if (plugins.hooks.onBrokerMessageBroadcast.length > 0) {
    plugins.emit("onBrokerMessageBroadcast", {
      clientId: connection.session!.clientId,
      message: message.keep(),
    });
  }
  const { qos, packetId } = view;
  const before = core.journal?.ops;
  // Before anyone gets it: a repeated PUBLISH must find it.
  if (qos === 2) connection.session!.addIncoming(packetId);
  const anyone = core.delivery.publish(message, view, connection.version);
  if (qos === 0) return;
  // The delivery may have ended this very connection.
  if (connection.phase !== "open") return;
  acknowledge(
    connection,
    qos === 1 ? 0x40 : 0x50,
    packetId,
    anyone ? 0 : ReasonCode.NoMatchingSubscribers,
    before,
    core.delivery.takeUndecided(),
  );
}

/** The client has no right to publish there. */
function deny(
  connection: Connection,
  topic: string,
  view: PublishView<Topic>,
  denial: Denial,
): void {
  const { logger } = connection.core;
  // A client could fill the log with it.
  if (logger.isEnabled("debug")) {
    logger.debug(`Client not allowed to publish to TOPIC ${topic}`, {
      clientId: connection.session!.clientId,
    });
  }
  refuse(connection, view, denial);
}

/** A message that may not pass: MQTT 5 clients are told, for others it is as if it had passed. */
function refuse(
  connection: Connection,
  { qos, packetId }: PublishView<Topic>,
  { reasonCode = ReasonCode.NotAuthorized, reasonString }: Denial,
): void {
  const { core } = connection;
  core.stats.dropped.topic_refused++;
  if (qos === 0) return;
  const before = core.journal?.ops;
  if (qos === 2 && connection.version !== 5) {
    connection.session!.addIncoming(packetId);
  }
  const code = qos === 1 ? 0x40 : 0x50;
  // Behind others that wait, the text is left out; the order counts.
  if (
    reasonString !== undefined && connection.problemInformation &&
    (connection.acks?.empty ?? true)
  ) {
    const explained = connection.version === 5 && connection.send({
      cmd: qos === 1 ? "puback" : "pubrec",
      messageId: packetId,
      reasonCode: refusalCode("PUBACK", reasonCode),
      properties: { reasonString: reasonText(reasonString) },
    });
    // [MQTT-3.4.2-2], [MQTT-3.5.2-2]: a text that does not fit is left out.
    if (explained) return;
  }
  acknowledge(
    connection,
    code,
    packetId,
    refusalCode("PUBACK", reasonCode),
    before,
  );
}

/** The topic that a PUBLISH means; a new alias is remembered. */
function topicOf(connection: Connection, view: PublishView<Topic>): Topic {
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

function checkLimits(connection: Connection, view: PublishView<Topic>): void {
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

function messageOf(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
): Message {
  const session = connection.session!;
  message.reuse(
    view.topic ?? connection.aliases!.get(view.topicAlias)!,
  );
  message.bytes = view.bytes;
  message.start = view.payloadStart;
  message.end = view.end;
  message.forward = view.forward;
  message.forwardStart = view.forwardStart;
  message.forwardEnd = view.forwardEnd;
  message.qos = view.qos;
  message.retain = view.retain;
  message.expiresAt = view.expiry === -1 ? 0 : Date.now() + view.expiry * 1000;
  message.publisher = session.clientId;
  return message;
}
