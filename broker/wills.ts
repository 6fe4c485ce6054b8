/**
 * Sends the wills of clients that went away (MQTT 5, section 3.1.2.5).
 *
 * @module
 */

import { Stop } from "../plugins/interceptor_chain.ts";
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
 * @returns Resolves when that is decided, and says whether it is: not if the broker
 *   ended before the plugins had answered. Absent if it is decided now.
 */
export function fireWill(
  core: Core,
  session: Session,
): Promise<boolean> | undefined {
  const will = session.will;
  session.will = undefined;
  session.willDeadline?.cancel();
  session.willDeadline = undefined;
  if (will === undefined) return undefined;
  if (session.willExpiry !== undefined) {
    will.expiresAt = Date.now() + session.willExpiry * 1000;
  }
  const note = (decided: boolean): boolean => {
    // With what it causes, so that it is sent once. Else the store keeps it.
    if (!decided) session.will ??= will;
    if (session.key !== 0) core.journal?.putSession(session);
    return decided;
  };
  const answer = interceptWill(core, session, will, "fire");
  const sent = answer instanceof Promise
    ? answer.then((later) => send(core, session, will, later))
    : send(core, session, will, answer);
  if (typeof sent === "boolean") {
    note(sent);
    return undefined;
  }
  return sent.catch((error) => {
    core.report(error);
    return true;
  }).then(note);
}

/** Says whether it is decided. */
function send(
  core: Core,
  session: Session,
  original: Message,
  will: Message | Stop,
): Promise<boolean> | boolean {
  if (will instanceof Stop) {
    // Nobody has said no: it waits for the next start.
    if (core.plugins.isClosing) return false;
    dropped(core, "intercepted", original, null);
    return true;
  }
  const { topic, qos, retain } = will;
  if (will !== original && isReserved(core, session, will.target)) {
    return publish(core, session, will, false);
  }
  const verdict = core.may(session, topic, "publish", qos, retain);
  if (verdict instanceof Promise) {
    return verdict.then((later) =>
      publish(core, session, will, later === true)
    );
  }
  return publish(core, session, will, verdict === true);
}

function publish(
  core: Core,
  session: Session,
  will: Message,
  allowed: boolean,
): boolean {
  if (!allowed) {
    if (core.plugins.isClosing) return false;
    dropped(core, "denied", will, null);
    return true;
  }
  core.delivery.publish(will);
  const { plugins } = core;
  if (plugins.hooks.onBrokerWillSent.length > 0) {
    const { clientId } = session;
    plugins.emit("onBrokerWillSent", { clientId, message: will });
  }
  return true;
}
