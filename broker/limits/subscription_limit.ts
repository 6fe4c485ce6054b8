/**
 * How many subscriptions there may be.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { Session } from "../session/session.ts";

/** The limits of subscriptions. */
export type SubscriptionLimit =
  | "maxSubscriptionsPerClient"
  | "maxSubscriptions"
  | "maxMemory";

/**
 * The limit that keeps a client from subscribing to one more filter.
 *
 * @param core The broker.
 * @param session The client's session.
 * @param filter The filter; one that is known already needs no room.
 * @returns The limit, which has been reported then; `undefined` if it may.
 */
export function fullQuota(
  core: Core,
  session: Session,
  filter: string,
): SubscriptionLimit | undefined {
  const { maxSubscriptions, maxSubscriptionsPerClient } = core.config;
  const { subscriptions, clientId } = session;
  const limit = isFull(subscriptions.size, maxSubscriptionsPerClient)
    ? "maxSubscriptionsPerClient"
    : isFull(core.tree.size, maxSubscriptions)
    ? "maxSubscriptions"
    : !core.memory.hasRoom()
    ? "maxMemory"
    : undefined;
  if (limit === undefined || subscriptions.has(filter)) return undefined;
  core.reports.reached(
    limit,
    clientId,
    "Subscription refused",
    core.config[limit],
  );
  return limit;
}

function isFull(size: number, limit: number): boolean {
  return limit > 0 && size >= limit;
}
