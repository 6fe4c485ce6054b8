/**
 * Who subscribes to what. Filters without wildcards stand in a map, the others in
 * a tree of levels; a message costs what it matches, not what is subscribed.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Session } from "../session/session.ts";
import type { ParsedFilter } from "./filter.ts";
import { isLevel, levelEnd, type LevelNode, LevelTree } from "./level_tree.ts";
import type { SharedGroup } from "./shared_group.ts";
import {
  added,
  collect,
  groupOf,
  removed,
  type Subscribers,
} from "./subscribers.ts";
import { Topic } from "./topic.ts";

export type { SharedGroup };

/** What most subscriptions have; an array for each of them would be a tenth of their memory. */
export const NO_IDENTIFIERS: readonly number[] = [];

/** How a message goes to one session. */
export interface Target {
  /** The session. */
  readonly session: Session;
  /** Maximum QoS. */
  readonly qos: QoS;
  /** Whether the session's own messages are left out (MQTT 5). */
  readonly noLocal: boolean;
  /** Whether the RETAIN flag stays as the publisher set it (MQTT 5). */
  readonly retainAsPublished: boolean;
  /** Subscription identifiers to send along (MQTT 5). */
  readonly identifiers: readonly number[];
  /** What a `noLocal` target made of several still gets of the session's own messages. */
  readonly own?: Target;
}

/** One subscription of a session. */
export interface Subscription extends Target {
  /** The filter. */
  readonly filter: ParsedFilter;
  /** Whether a plugin made it, which needs no right of the client. */
  readonly exempt: boolean;
}

/** Who gets the messages of one topic. */
export interface Route {
  /** The sessions, each once unless overlapping subscriptions are kept apart. */
  readonly targets: readonly Target[];
  /** The groups of shared subscriptions. */
  readonly groups: readonly SharedGroup[];
}

const HASHES = 1 << 14;

const NOBODY: Route = { targets: [], groups: [] };

/** All subscriptions of a broker. */
export class SubscriptionTree {
  readonly #exact = new Map<string, Subscribers>();
  /**
   * How many filters of the map have each hash. V8 keeps every string that a map was
   * asked for until its next large collection: it is asked only where that may help.
   */
  readonly #hashes = new Uint32Array(HASHES);
  /** Those with wildcards; `#` is a level like the others. */
  readonly #tree = new LevelTree<Subscribers>();
  readonly #merge: boolean;
  /** Changes with every subscription; what was matched before is then looked up again. */
  epoch = 0;
  /** How many subscriptions there are. */
  size = 0;

  /**
   * Creates an empty tree.
   *
   * @param merge Whether overlapping subscriptions of a session yield one copy of a message.
   */
  constructor(merge: boolean) {
    this.#merge = merge;
  }

  /** Adds a subscription; the caller has removed the session's earlier one to the same filter. */
  add(subscription: Subscription): void {
    const { filter, wildcard } = subscription.filter;
    this.epoch++;
    this.size++;
    if (!wildcard) {
      const present = this.#exact.get(filter);
      if (present === undefined) this.#hashes[hashOf(filter)]++;
      this.#exact.set(filter, added(present, subscription));
      return;
    }
    const node = this.#tree.place(filter);
    node.value = added(node.value, subscription);
  }

  /** Removes a subscription that is in the tree. */
  remove(subscription: Subscription): void {
    const { filter, wildcard } = subscription.filter;
    this.epoch++;
    this.size--;
    if (!wildcard) {
      const left = removed(this.#exact.get(filter), subscription);
      if (left !== undefined) this.#exact.set(filter, left);
      else if (this.#exact.delete(filter)) this.#hashes[hashOf(filter)]--;
      return;
    }
    const left = removed(this.#tree.get(filter), subscription);
    if (left === undefined) this.#tree.delete(filter);
    else this.#tree.place(filter).value = left;
  }

  /**
   * Finds the group that a shared subscription belongs to.
   *
   * @param subscription A subscription that is in the tree.
   * @returns Its group, unless it is not shared.
   */
  groupOf(subscription: Subscription): SharedGroup | undefined {
    const { group } = subscription.filter;
    if (group === undefined) return undefined;
    return groupOf(this.#subscribersOf(subscription), group);
  }

  #subscribersOf(
    { filter: { filter, wildcard } }: Subscription,
  ): Subscribers | undefined {
    return wildcard ? this.#tree.get(filter) : this.#exact.get(filter);
  }

  /**
   * Finds who gets the messages of a topic.
   *
   * @param topic The topic; it remembers the answer until a subscription changes.
   * @returns The sessions and groups.
   */
  match(topic: Topic): Route {
    if (topic.routeEpoch === this.epoch) return topic.route!;
    const route = this.#find(topic);
    topic.route = route;
    topic.routeEpoch = this.epoch;
    return route;
  }

  #find(topic: Topic): Route {
    const exact = this.#hashes[topic.hash & (HASHES - 1)] === 0
      ? undefined
      : this.#exact.get(topic.name);
    if (exact === undefined && this.#tree.root.childless) return NOBODY;
    const found: Subscription[] = [];
    const groups: SharedGroup[] = [];
    collect(exact, found, groups);
    if (!this.#tree.root.childless) this.#walk(topic, found, groups);
    if (found.length === 0 && groups.length === 0) return NOBODY;
    return {
      targets: this.#merge && found.length > 1 ? merged(found) : found,
      groups,
    };
  }

  #walk(topic: Topic, found: Subscription[], groups: SharedGroup[]): void {
    const levels = topic.name.split("/");
    // Not by recursion: there may be thousands of levels.
    const nodes: LevelNode<Subscribers>[] = [this.#tree.root];
    const depths = [0];
    while (nodes.length > 0) {
      const node = nodes.pop()!;
      const depth = depths.pop()!;
      const end = depth === levels.length;
      if (end) collect(node.value, found, groups);
      if (node.childless) continue;
      // [MQTT-4.7.2-1]
      const wildcards = depth > 0 || !topic.internal;
      if (wildcards) collect(node.child("#")?.value, found, groups);
      if (end) continue;
      for (let i = 0; i < 2; i++) {
        if (i === 1 && !wildcards) continue;
        const child = node.child(i === 0 ? levels[depth] : "+");
        if (child === undefined) continue;
        const next = after(child.tail, levels, depth + 1);
        if (next === NOTHING) continue;
        nodes.push(child);
        depths.push(next);
      }
    }
  }
}

function hashOf(filter: string): number {
  return new Topic(filter).hash & (HASHES - 1);
}

const NOTHING = -1;

/** How many levels of a topic those of a filter's tail select; all of them if it ends with `#`. */
function after(
  tail: string | undefined,
  levels: readonly string[],
  depth: number,
): number {
  if (tail === undefined) return depth;
  for (let at = 0; at <= tail.length; depth++) {
    const end = levelEnd(tail, at);
    if (isLevel(tail, at, end, "#")) return levels.length;
    if (depth === levels.length) return NOTHING;
    if (
      !isLevel(tail, at, end, "+") && !isLevel(tail, at, end, levels[depth])
    ) return NOTHING;
    at = end + 1;
  }
  return depth;
}

/** One target a session, with the highest QoS and every identifier [MQTT-3.3.4-2]. */
function merged(found: readonly Subscription[]): Target[] {
  const targets = new Map<Session, Target>();
  for (const next of found) {
    const known = targets.get(next.session);
    targets.set(next.session, known === undefined ? next : both(known, next));
  }
  return [...targets.values()];
}

function both(one: Target, other: Target): Target {
  const noLocal = one.noLocal || other.noLocal;
  return {
    session: one.session,
    qos: Math.max(one.qos, other.qos) as QoS,
    noLocal,
    retainAsPublished: one.retainAsPublished || other.retainAsPublished,
    identifiers: [...one.identifiers, ...other.identifiers],
    own: noLocal ? ownOf(one, other) : undefined,
  };
}

/** Only filters without no local select a session's own messages [MQTT-3.8.3-3]. */
function ownOf(one: Target, other: Target): Target | undefined {
  const first = one.noLocal ? one.own : one;
  const second = other.noLocal ? other.own : other;
  if (first === undefined || second === undefined) return first ?? second;
  return both(first, second);
}
