/**
 * Who subscribes to what. Filters without wildcards stand in a map, the others in
 * a tree of levels; a message costs what it matches, not what is subscribed.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Session } from "../session/session.ts";
import { Branch } from "./branch.ts";
import type { ParsedFilter } from "./filter.ts";
import type { SharedGroup } from "./shared_group.ts";
import {
  added,
  collect,
  groupOf,
  removed,
  type Subscribers,
} from "./subscribers.ts";
import type { Topic } from "./topic.ts";

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

const NOBODY: Route = { targets: [], groups: [] };

class Node extends Branch<Node> {
  /** Subscriptions that end at this level. */
  leaf: Subscribers | undefined = undefined;
  /** Subscriptions that end with `#` below this level. */
  rest: Subscribers | undefined = undefined;

  get empty(): boolean {
    return this.childless && this.leaf === undefined && this.rest === undefined;
  }
}

/** All subscriptions of a broker. */
export class SubscriptionTree {
  readonly #exact = new Map<string, Subscribers>();
  readonly #root = new Node();
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
      this.#exact.set(filter, added(this.#exact.get(filter), subscription));
      return;
    }
    let node = this.#root;
    const levels = filter.split("/");
    const rest = levels[levels.length - 1] === "#";
    if (rest) levels.pop();
    for (const level of levels) {
      node = node.child(level) ?? node.addChild(level, new Node());
    }
    if (rest) node.rest = added(node.rest, subscription);
    else node.leaf = added(node.leaf, subscription);
  }

  /** Removes a subscription that is in the tree. */
  remove(subscription: Subscription): void {
    const { filter, wildcard } = subscription.filter;
    this.epoch++;
    this.size--;
    if (!wildcard) {
      const left = removed(this.#exact.get(filter), subscription);
      if (left === undefined) this.#exact.delete(filter);
      else this.#exact.set(filter, left);
      return;
    }
    const levels = filter.split("/");
    const rest = levels[levels.length - 1] === "#";
    if (rest) levels.pop();
    const path: Node[] = [this.#root];
    for (const level of levels) {
      const child = path[path.length - 1].child(level);
      if (child === undefined) return;
      path.push(child);
    }
    const node = path[path.length - 1];
    if (rest) node.rest = removed(node.rest, subscription);
    else node.leaf = removed(node.leaf, subscription);
    for (let i = levels.length; i > 0 && path[i].empty; i--) {
      path[i - 1].removeChild(levels[i - 1]);
    }
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
    if (!wildcard) return this.#exact.get(filter);
    let node: Node | undefined = this.#root;
    for (const level of filter.split("/")) {
      if (level === "#") return node.rest;
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return node.leaf;
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
    const found: Subscription[] = [];
    const groups: SharedGroup[] = [];
    collect(this.#exact.get(topic.name), found, groups);
    if (!this.#root.empty) this.#walk(topic, found, groups);
    if (found.length === 0 && groups.length === 0) return NOBODY;
    return {
      targets: this.#merge && found.length > 1 ? merged(found) : found,
      groups,
    };
  }

  #walk(topic: Topic, found: Subscription[], groups: SharedGroup[]): void {
    let nodes: Node[] = [this.#root];
    const levels = topic.name.split("/");
    for (let i = 0; i < levels.length && nodes.length > 0; i++) {
      const next: Node[] = [];
      // [MQTT-4.7.2-1]
      const wildcards = i > 0 || !topic.internal;
      for (const node of nodes) {
        if (wildcards) collect(node.rest, found, groups);
        if (node.childless) continue;
        const child = node.child(levels[i]);
        if (child !== undefined) next.push(child);
        const any = wildcards ? node.child("+") : undefined;
        if (any !== undefined) next.push(any);
      }
      nodes = next;
    }
    for (const node of nodes) {
      collect(node.leaf, found, groups);
      collect(node.rest, found, groups);
    }
  }
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
