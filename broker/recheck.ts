/**
 * Rights that were taken away: subscriptions that the plugins would not grant any
 * more are removed.
 *
 * @module
 */

import type { Verdict } from "../plugins/manager.ts";
import type { Core } from "./core.ts";
import type { Session } from "./session/session.ts";
import type { Subscription } from "./topics/subscription_tree.ts";

// How many subscriptions are looked at before others get a turn.
const SLICE = 500;

/**
 * Asks about all subscriptions again.
 *
 * @param core The broker.
 * @returns How many were removed.
 */
export async function recheckSubscriptions(core: Core): Promise<number> {
  if (!core.plugins.filtersTopics) return 0;
  let removed = 0;
  let left = SLICE;
  for (const session of core.sessions.values()) {
    left -= session.subscriptions.size;
    removed += await recheckSession(core, session, session);
    if (left > 0) continue;
    left = SLICE;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return removed;
}

/**
 * Asks about the subscriptions of a session that a client is about to take up
 * again: its rights may have changed while it was away.
 *
 * @param core The broker.
 * @param candidate What the client asked for.
 * @returns A promise if there is anything to wait for.
 */
export function recheckResumed(
  core: Core,
  candidate: Session,
): Promise<number> | undefined {
  if (!core.plugins.filtersTopics || candidate.cleanStart) return undefined;
  const earlier = core.sessions.get(candidate.clientId);
  if (
    earlier === undefined || earlier.subscriptions.size === 0 ||
    // Nobody may have the subscriptions of others removed.
    (earlier.claimed && earlier.username !== candidate.username)
  ) return undefined;
  return recheckSession(core, earlier, candidate);
}

async function recheckSession(
  core: Core,
  session: Session,
  client: Session,
): Promise<number> {
  let removed = 0;
  for (const subscription of [...session.subscriptions.values()]) {
    const { filter, qos, exempt } = subscription;
    if (exempt) continue;
    const answer = core.plugins.topicFiltering({
      session: client,
      topic: filter.filter,
      action: "subscribe",
      qos,
      retain: false,
    });
    const verdict = answer instanceof Promise ? await answer : answer;
    if (removes(core, session, subscription, verdict)) removed++;
  }
  return removed;
}

function removes(
  core: Core,
  session: Session,
  subscription: Subscription,
  verdict: Verdict,
): boolean {
  // A plugin that has failed knows nothing of rights; `receive` is asked all the same.
  if (verdict === true || verdict.failed) return false;
  const { text } = subscription.filter;
  // The client may have renewed or given it up meanwhile.
  if (session.subscriptions.get(text) !== subscription) return false;
  session.unsubscribe(text);
  const { clientId } = session;
  core.logger.info("Subscription removed: it is not allowed any more", {
    clientId,
    filter: text,
  });
  if (core.plugins.hooks.onBrokerClientUnsubscribed.length > 0) {
    core.plugins.emit("onBrokerClientUnsubscribed", { clientId, topic: text });
  }
  return true;
}
