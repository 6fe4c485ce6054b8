/**
 * A client that is authenticated, and about to be accepted: plugins may add to what
 * it is told, or turn it away.
 *
 * @module
 */

import { Stop } from "../../plugins/interceptor_chain.ts";
import type { ConnackChanges, ConnackEvent } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Session } from "../session/session.ts";

/**
 * Asks the plugins about a client that is to be accepted.
 *
 * @param core The broker.
 * @param session What it asks for.
 * @returns What its CONNACK has beside the rest, or why it is refused; a promise
 *   only if a plugin answered with one.
 */
export function interceptConnack(
  core: Core,
  session: Session,
): ConnackChanges | Stop | Promise<ConnackChanges | Stop> {
  const chain = core.plugins.intercepts.connack;
  const responseInformation = core.config.responseInformation?.replaceAll(
    "%c",
    () => session.clientId,
  );
  if (chain === undefined) return { responseInformation };
  const event: ConnackEvent = {
    session,
    sessionPresent: core.sessions.mayResume(session),
    userProperties: [],
    reasonString: undefined,
    responseInformation,
  };
  const answer = chain.ask(event, apply);
  return answer instanceof Promise ? answer.then(changesOf) : changesOf(answer);
}

function apply(event: ConnackEvent, changes: ConnackChanges): ConnackEvent {
  const { reasonString, responseInformation } = changes;
  return {
    ...event,
    userProperties: [...event.userProperties, ...changes.userProperties ?? []],
    ...(reasonString !== undefined && { reasonString }),
    ...(responseInformation !== undefined && { responseInformation }),
  };
}

function changesOf(outcome: ConnackEvent | Stop): ConnackChanges | Stop {
  if (outcome instanceof Stop) return outcome;
  const { userProperties, reasonString, responseInformation } = outcome;
  return { userProperties, reasonString, responseInformation };
}
