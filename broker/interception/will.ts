/**
 * The will of a client: plugins may change it or keep it back, when it is left and
 * when it is about to be sent.
 *
 * @module
 */

import { Stop } from "../../plugins/interceptor_chain.ts";
import type { WillEvent } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import type { Session } from "../session/session.ts";

/**
 * Asks the plugins about the will of a session, which then has the one that they
 * want.
 *
 * @param core The broker.
 * @param session The session; it has a will.
 * @param phase Whether the will is left, or about to be sent.
 * @returns The will as it is now, or that there is to be none; a promise only if a
 *   plugin answered with one.
 */
export function interceptWill(
  core: Core,
  session: Session,
  will: Message,
  phase: WillEvent["phase"],
): Message | Stop | Promise<Message | Stop> {
  const chain = core.plugins.intercepts.will;
  if (chain === undefined) return will;
  // Its expiry interval begins when it is sent, but a plugin sees it before.
  if (phase === "register" && session.willExpiry !== undefined) {
    will.expiresAt = Date.now() + session.willExpiry * 1000;
  }
  const event: WillEvent = { session, will, phase };
  const answer = chain.ask(event, core.appliers.will);
  const settle = (outcome: WillEvent | Stop): Message | Stop => {
    if (phase === "register") will.expiresAt = 0;
    if (outcome instanceof Stop || outcome === event) {
      return outcome instanceof Stop ? outcome : will;
    }
    const changed = outcome.will as Message;
    if (phase === "register") adopt(session, changed);
    return changed;
  };
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}

function adopt(session: Session, will: Message): void {
  session.willExpiry = will.expiresAt === 0
    ? undefined
    : will.remaining(Date.now());
  will.expiresAt = 0;
  session.will = will.settle();
}
