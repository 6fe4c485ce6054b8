/**
 * Sends the wills of clients that went away (MQTT 5, section 3.1.2.5).
 *
 * @module
 */

import { Stop } from "../plugins/interceptors.ts";
import type { Core } from "./core.ts";
import { dropped } from "./drops.ts";
import { interceptWill } from "./interception/will.ts";
import { isReserved } from "./limits/topic_limit.ts";
import type { Message } from "./message.ts";
import type { Session } from "./session/session.ts";

/**
 * Sends the will of a session, if its user may still publish there.
 *
 * @param core The broker.
 * @param session The session; it has no will any more.
 * @returns Resolves when it is sent; absent if that is now.
 */
export function fireWill(
  core: Core,
  session: Session,
): Promise<void> | undefined {
  const will = session.will;
  session.will = undefined;
  session.willDeadline?.cancel();
  session.willDeadline = undefined;
  if (will === undefined) return undefined;
  if (session.willExpiry !== undefined) {
    will.expiresAt = Date.now() + session.willExpiry * 1000;
  }
  // With what it causes, so that it is sent once.
  const note = (): void => {
    if (session.key !== 0) core.journal?.putSession(session);
  };
  const answer = interceptWill(core, session, will, "fire");
  const sent = answer instanceof Promise
    ? answer.then((later) => send(core, session, will, later))
    : send(core, session, will, answer);
  if (sent !== undefined) return sent.catch(core.report).then(note);
  note();
  return undefined;
}

function send(
  core: Core,
  session: Session,
  original: Message,
  will: Message | Stop,
): Promise<void> | undefined {
  if (will instanceof Stop) {
    dropped(core, "intercepted", original, null);
    return undefined;
  }
  const { topic, qos, retain } = will;
  if (will !== original && isReserved(core, session, will.target)) {
    publish(core, session, will, false);
    return undefined;
  }
  const verdict = core.may(session, topic, "publish", qos, retain);
  if (verdict instanceof Promise) {
    return verdict.then((later) =>
      publish(core, session, will, later === true)
    );
  }
  publish(core, session, will, verdict === true);
  return undefined;
}

function publish(
  core: Core,
  session: Session,
  will: Message,
  allowed: boolean,
): void {
  if (!allowed) {
    dropped(core, "denied", will, null);
    return;
  }
  core.delivery.publish(will);
  const { plugins } = core;
  if (plugins.hooks.onBrokerWillSent.length === 0) return;
  const { clientId } = session;
  plugins.emit("onBrokerWillSent", { clientId, message: will });
}
