/**
 * The subscriptions to one filter. Most filters have one subscriber, which is all
 * that is kept for them.
 *
 * @module
 */

import type { Session } from "../session/session.ts";
import { SharedGroup } from "./shared_group.ts";
import type { Subscription } from "./subscription_tree.ts";

/** The subscriptions to one filter: one, or a place for several. */
export type Subscribers = Subscription | Several;

/** Subscriptions that are several, or shared. */
class Several {
  readonly single: Map<Session, Subscription> = new Map();
  readonly groups: Map<string, SharedGroup> = new Map();
}

/**
 * Adds a subscription.
 *
 * @param present Those that are there.
 * @param subscription The subscription; it replaces the session's earlier one.
 * @returns Those that are there now.
 */
export function added(
  present: Subscribers | undefined,
  subscription: Subscription,
): Subscribers {
  const { session, filter: { group, text } } = subscription;
  if (group === undefined) {
    if (present === undefined) return subscription;
    if (!(present instanceof Several) && present.session === session) {
      return subscription;
    }
  }
  const several = toSeveral(present);
  if (group === undefined) several.single.set(session, subscription);
  else {
    let shared = several.groups.get(group);
    if (shared === undefined) {
      several.groups.set(group, shared = new SharedGroup(text));
    }
    shared.add(subscription);
  }
  return several;
}

/**
 * Removes a subscription.
 *
 * @param present Those that are there.
 * @param subscription The subscription, or another of its session to the same filter.
 * @returns Those that are left.
 */
export function removed(
  present: Subscribers | undefined,
  { session, filter: { group } }: Subscription,
): Subscribers | undefined {
  if (!(present instanceof Several)) {
    return present?.session === session && group === undefined
      ? undefined
      : present;
  }
  const { single, groups } = present;
  if (group === undefined) single.delete(session);
  else {
    const shared = groups.get(group);
    shared?.remove(session);
    if (shared?.members.length === 0) groups.delete(group);
  }
  if (groups.size > 0 || single.size > 1) return present;
  const [last] = single.values();
  return last;
}

/**
 * Collects subscriptions.
 *
 * @param present Those to one filter.
 * @param into Where they are added.
 * @param groups Where their groups are added.
 */
export function collect(
  present: Subscribers | undefined,
  into: Subscription[],
  groups: SharedGroup[],
): void {
  if (present === undefined) return;
  if (!(present instanceof Several)) {
    into.push(present);
    return;
  }
  for (const subscription of present.single.values()) into.push(subscription);
  for (const group of present.groups.values()) groups.push(group);
}

/**
 * Finds a group.
 *
 * @param present The subscriptions to one filter.
 * @param name Name of the group.
 * @returns The group, if it is there.
 */
export function groupOf(
  present: Subscribers | undefined,
  name: string,
): SharedGroup | undefined {
  return present instanceof Several ? present.groups.get(name) : undefined;
}

function toSeveral(present: Subscribers | undefined): Several {
  if (present instanceof Several) return present;
  const several = new Several();
  if (present !== undefined) several.single.set(present.session, present);
  return several;
}
