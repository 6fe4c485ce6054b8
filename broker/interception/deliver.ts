/**
 * What one client gets of a message: plugins may change it, or keep it back.
 *
 * They are asked once for each message and client, when the message is on its way
 * to the session, whether the client is connected or not: what they answer is what
 * is queued and stored. That goes for retained messages that answer a subscription,
 * too. Rights are asked for afterwards.
 *
 * @module
 */

import { Stop } from "../../plugins/interceptor_chain.ts";
import type { DeliverEvent, QoS } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { dropped } from "../drops.ts";
import type { Message } from "../message.ts";
import type { Session } from "../session/session.ts";

/** What a session gets; `null`: nothing, which has been counted. */
export type Judged = Message | null;

/**
 * Asks the plugins what a session gets of a message.
 *
 * @param core The broker.
 * @param session The session.
 * @param message The message.
 * @param qos QoS of the delivery.
 * @param retain The retain flag that the client sees.
 * @returns The message if it may pass as it is, another one, or nothing; a promise
 *   only if a plugin answered with one.
 */
export function judgeDelivery(
  core: Core,
  session: Session,
  message: Message,
  qos: QoS,
  retain: boolean,
): Judged | Promise<Judged> {
  const chain = core.plugins.intercepts.deliver;
  if (chain === undefined) return permit(core, session, message, qos, retain);
  // Kept, since a plugin may take its time.
  const event: DeliverEvent = { session, message: message.keep(), qos, retain };
  const answer = chain.ask(event, core.appliers.deliver);
  if (answer === event) return permit(core, session, message, qos, retain);
  if (answer instanceof Promise) {
    return answer.then((later) =>
      settle(core, session, message.keep(), later, qos, retain)
    );
  }
  return settle(core, session, message, answer, qos, retain);
}

/** Whether any plugin is asked what a session gets. */
export function isJudged({ plugins }: Core): boolean {
  return plugins.filtersTopics || plugins.intercepts.deliver !== undefined;
}

/**
 * Sends what a plugin has for one client, or queues it. Rights are not asked for.
 *
 * @param core The broker.
 * @param session The session.
 * @param message The message.
 * @returns Whether it was sent or queued, or waits for a plugin's answer.
 */
export function sendTo(
  core: Core,
  session: Session,
  message: Message,
): boolean {
  const chain = core.plugins.intercepts.deliver;
  if (chain === undefined) return hand(session, message);
  const { qos, retain } = message;
  const event: DeliverEvent = { session, message, qos, retain };
  const answer = chain.ask(event, core.appliers.deliver);
  const settle = (outcome: DeliverEvent | Stop): boolean => {
    if (!(outcome instanceof Stop)) {
      return !session.ended && hand(session, outcome.message as Message);
    }
    dropped(core, "intercepted", message, session.clientId);
    return false;
  };
  if (session.pending === undefined && !(answer instanceof Promise)) {
    return settle(answer);
  }
  session.defer(async () => void settle(await answer), message.weight);
  return true;
}

function hand(session: Session, message: Message): boolean {
  const { qos, retain } = message;
  if (qos > 0) return session.outbox.add(message, qos, retain, [], undefined);
  return session.connection?.sendPublish(message, 0, retain, false, 0, []) ??
    false;
}

function settle(
  core: Core,
  session: Session,
  message: Message,
  answer: DeliverEvent | Stop,
  qos: QoS,
  retain: boolean,
): Judged | Promise<Judged> {
  if (answer instanceof Stop) {
    dropped(core, "intercepted", message, session.clientId);
    return null;
  }
  return permit(core, session, answer.message as Message, qos, retain);
}

/** Asks for the right to receive. */
function permit(
  core: Core,
  session: Session,
  message: Message,
  qos: QoS,
  retain: boolean,
): Judged | Promise<Judged> {
  const verdict = core.mayReceive(session, message, qos, retain);
  if (verdict === true) return message;
  if (verdict === false) {
    dropped(core, "denied", message, session.clientId);
    return null;
  }
  const kept = message.keep();
  return verdict.then((allowed) => {
    if (allowed) return kept;
    dropped(core, "denied", kept, session.clientId);
    return null;
  });
}
