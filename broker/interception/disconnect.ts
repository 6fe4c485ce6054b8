/**
 * A connection that is about to end by a DISCONNECT of either side. Nobody can keep
 * it: a plugin that fails changes nothing.
 *
 * @module
 */

import { VALID_CODES } from "../../codec/valid_codes.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { DisconnectChanges, DisconnectEvent } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";

/**
 * Asks the plugins about the end of a connection.
 *
 * @param core The broker.
 * @param event How it ends.
 * @returns How it ends now.
 */
export function interceptDisconnect(
  core: Core,
  event: DisconnectEvent,
): DisconnectEvent {
  const chain = core.plugins.intercepts.disconnect;
  if (chain === undefined) return event;
  const answer = chain.askNow(event, apply);
  return answer instanceof Stop ? event : answer;
}

function apply(
  event: DisconnectEvent,
  changes: DisconnectChanges,
): DisconnectEvent {
  const {
    sendWill = event.sendWill,
    reasonCode = event.reasonCode,
    reasonString = event.reasonString,
  } = changes;
  if (event.byClient) return { ...event, sendWill };
  if (!VALID_CODES.DISCONNECT.has(reasonCode)) {
    throw new RangeError(`${reasonCode} is no reason code of DISCONNECT`);
  }
  return { ...event, sendWill, reasonCode, reasonString };
}
