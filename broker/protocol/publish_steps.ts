/**
 * The steps of a message of a client, from the plugins to those who get it.
 *
 * @module
 */

import type { PublishView } from "../../codec/publish.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { Denial, PublishEvent } from "../../plugins/mod.ts";
import { acknowledge } from "../ack_queue.ts";
import type { Connection } from "../connection.ts";
import { dropped } from "../drops.ts";
import { isReserved } from "../limits/topic_limit.ts";
import { Message } from "../message.ts";
import { Topic } from "../topics/topic.ts";
import { reasonText, refusalCode } from "./reasons.ts";

/** A message that nobody keeps leaves no object behind. */
export const passing: Message = new Message(new Topic("-"));

// Without a text: the Paho suite's client reads no PUBACK that has one.
const DOLLAR: Denial = { allow: false };

/**
 * Asks the plugins what is to become of the message.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @param passing The message.
 * @returns A promise if a plugin has not answered yet.
 */
export function intercept(
  connection: Connection,
  view: PublishView<Topic>,
  passing: Message,
): Promise<void> | undefined {
  const { core } = connection;
  const chain = core.plugins.intercepts.publish;
  if (chain === undefined) return judge(connection, view, passing, view);
  // One of its own, since a plugin may take its time. The connection reads nothing
  // meanwhile: the bytes stay where they are.
  const message = ownMessage(connection, view, passing);
  const event = { session: connection.session!, message };
  const answer = chain.ask(event, core.appliers.publish);
  return intercepted(connection, view, event, answer);
}

/**
 * Goes on with what the plugins made of a message.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @param event What they were asked.
 * @param answer What they answered.
 * @returns A promise if a plugin has not answered yet.
 */
export function intercepted(
  connection: Connection,
  view: PublishView<Topic>,
  event: PublishEvent,
  answer: PublishEvent | Stop | Promise<PublishEvent | Stop>,
): Promise<void> | undefined {
  const { core } = connection;
  const message = event.message as Message;
  const settle = (outcome: PublishEvent | Stop): Promise<void> | undefined => {
    if (connection.phase !== "open") return;
    if (outcome === event) return judge(connection, view, message, view);
    if (outcome instanceof Stop) {
      return stop(connection, view, message, outcome);
    }
    return judge(connection, view, outcome.message as Message, undefined);
  };
  if (!(answer instanceof Promise)) return settle(answer);
  // Messages before this one may have met a full receiver.
  const relief = connection.relief();
  return answer.then((later) => {
    core.congestion = null;
    return both(relief, settle(later) ?? connection.relief());
  });
}

/** A plugin has refused a message, or lets it pass unnoticed. */
function stop(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  answer: Stop,
): undefined {
  const { core } = connection;
  dropped(core, "intercepted", message, null);
  if (!answer.drop) {
    refuse(connection, view, answer);
    return;
  }
  const { qos, packetId } = view;
  if (qos === 0) return;
  const before = core.journal?.ops;
  if (qos === 2) arrived(connection, packetId);
  acknowledge(connection, qos === 1 ? 0x40 : 0x50, packetId, 0, before);
}

/**
 * Asks whether the client may publish the message.
 *
 * @param origin The packet that it is, if no plugin has changed it.
 */
function judge(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  origin: PublishView<Topic> | undefined,
): Promise<void> | undefined {
  const { core } = connection;
  if (message.target.internal && isClosed(connection, message.target)) {
    deny(connection, view, message, DOLLAR);
    return;
  }
  if (!core.plugins.filtersTopics) {
    accept(connection, view, message, origin);
    return;
  }
  const { topic, qos, retain } = message;
  const session = connection.session!;
  const verdict = core.may(session, topic, "publish", qos, retain);
  return judged(connection, view, message, origin, verdict);
}

/**
 * Goes on with a message that was judged.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @param message The message.
 * @param origin The packet that it is, if no plugin has changed it.
 * @param verdict Whether the client may publish it.
 * @returns A promise if a plugin has not answered yet.
 */
export function judged(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  origin: PublishView<Topic> | undefined,
  verdict: true | Denial | Promise<true | Denial>,
): Promise<void> | undefined {
  const { core } = connection;
  if (!(verdict instanceof Promise)) {
    settle(connection, view, message, origin, verdict);
    return;
  }
  // What a plugin has made it may make into something else meanwhile.
  const own = origin === undefined
    ? message.keep()
    : ownMessage(connection, view, message);
  const relief = connection.relief();
  return verdict.then((answer) => {
    core.congestion = null;
    settle(connection, view, own, origin, answer);
    return both(relief, connection.relief());
  });
}

/** Waits for both, if there is anything to wait for. */
function both(
  one: Promise<void> | undefined,
  other: Promise<void> | undefined,
): Promise<void> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Promise.all([one, other]).then(() => {});
}

function settle(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  origin: PublishView<Topic> | undefined,
  verdict: true | Denial,
): void {
  if (connection.phase !== "open") return;
  if (verdict === true) accept(connection, view, message, origin);
  else deny(connection, view, message, verdict);
}

function accept(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  origin: PublishView<Topic> | undefined,
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
  const session = connection.session!;
  // Before anyone gets it: a repeated PUBLISH must find it.
  if (qos === 2) session.addIncoming(packetId);
  if (qos === 0) {
    pass(connection, message, origin);
    return;
  }
  const outer = core.delivery.watchUndecided();
  let anyone: boolean;
  let undecided: Promise<unknown> | undefined;
  try {
    anyone = pass(connection, message, origin);
  } finally {
    undecided = core.delivery.takeUndecided(outer);
  }
  if (qos === 2) undecided = session.keepIncoming(packetId, undecided);
  // The delivery may have ended this very connection.
  if (connection.phase !== "open") return;
  acknowledge(
    connection,
    qos === 1 ? 0x40 : 0x50,
    packetId,
    anyone ? 0 : ReasonCode.NoMatchingSubscribers,
    before,
    undecided,
  );
}

/** Notes a message of QoS 2 that goes no further. */
function arrived({ session }: Connection, packetId: number): void {
  session!.addIncoming(packetId);
  session!.keepIncoming(packetId);
}

/** Says whether anyone gets the message. */
function pass(
  connection: Connection,
  message: Message,
  origin: PublishView<Topic> | undefined,
): boolean {
  return isCommand(connection, message) ||
    connection.core.delivery.publish(message, origin, connection.version);
}

/** Whether nobody may publish there, whatever plugins say. */
function isClosed(connection: Connection, topic: Topic): boolean {
  const { core, session } = connection;
  const open = core.control.isOpen(core, topic.name);
  return open === undefined ? isReserved(core, session!, topic) : !open;
}

/** Whether a message was meant for the broker or a plugin alone. */
function isCommand(
  { core, session }: Connection,
  message: Message,
): boolean {
  return message.target.internal &&
    core.control.receive(core, session!, message);
}

/** The client has no right to publish there. */
function deny(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
  denial: Denial,
): void {
  const { core } = connection;
  const { logger } = core;
  // A client could fill the log with it.
  if (logger.isEnabled("debug")) {
    logger.debug(`Client not allowed to publish to TOPIC ${message.topic}`, {
      clientId: connection.session!.clientId,
    });
  }
  dropped(core, "topic_refused", message, null);
  refuse(connection, view, denial);
}

/**
 * Refuses a message: MQTT 5 clients are told, for others it is as if it had passed.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @param denial Why.
 */
export function refuse(
  connection: Connection,
  { qos, packetId }: PublishView<Topic>,
  { reasonCode = ReasonCode.NotAuthorized, reasonString }: Denial,
): void {
  const { core } = connection;
  if (qos === 0) return;
  const before = core.journal?.ops;
  if (qos === 2 && connection.version !== 5) arrived(connection, packetId);
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

/** The message as an object that is not used for the next one. */
function ownMessage(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
): Message {
  if (message !== passing) return message;
  return messageOf(connection, view, new Message(message.target));
}

/**
 * The message of a packet.
 *
 * @param connection Where it came from.
 * @param view The packet.
 * @param message The object that becomes it.
 * @returns The same object.
 */
export function messageOf(
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
): Message {
  const topic = view.topic ?? connection.aliases!.get(view.topicAlias)!;
  return message.become(view, topic, connection.session!.clientId);
}
