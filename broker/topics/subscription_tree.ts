/**
 * Who subscribes to what. Filters without wildcards stand in a map, the others in
 * a tree of levels; a message costs what it matches, not what is subscribed.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Session } from "../session/session.ts";
import type { ParsedFilter } from "./filter.ts";
import type { Topic } from "./topic.ts";

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

/** The members of a shared subscription; each message goes to one of them. */
export class SharedGroup {
  /** The topic filter of the members, `$share/…` included. */
  readonly text: string;
  /** The members in the order in which they came. */
  readonly members: Subscription[] = [];
  #next = 0;

  constructor(text: string) {
    this.text = text;
  }

  /**
   * Chooses who gets the next message: in turn, those who are connected first.
   *
   * @param except A session that must not get it.
   * @param connectedOnly Whether a session without connection may be chosen.
   * @returns The member, or `undefined` if there is none.
   */
  choose(except?: Session, connectedOnly = false): Subscription | undefined {
    const members = this.members;
    let away: Subscription | undefined;
    for (let i = 0; i < members.length; i++) {
      const at = (this.#next + i) % members.length;
      const member = members[at];
      if (member.session === except) continue;
      if (member.session.connection !== null) {
        this.#next = (at + 1) % members.length;
        return member;
      }
      away ??= member;
    }
    if (away === undefined || connectedOnly) return undefined;
    this.#next = (members.indexOf(away) + 1) % members.length;
    return away;
  }
}

/** Who gets the messages of one topic. */
export interface Route {
  /** The sessions, each once unless overlapping subscriptions are kept apart. */
  readonly targets: readonly Target[];
  /** The groups of shared subscriptions. */
  readonly groups: readonly SharedGroup[];
}

const NOBODY: Route = { targets: [], groups: [] };

/** The subscriptions to one filter. Most filters have one subscriber only. */
class Leaf {
  one: Subscription | undefined = undefined;
  many: Map<Session, Subscription> | undefined = undefined;
  groups: Map<string, SharedGroup> | undefined = undefined;

  get empty(): boolean {
    return this.one === undefined && this.many === undefined &&
      this.groups === undefined;
  }

  add(subscription: Subscription): void {
    const { group } = subscription.filter;
    if (group !== undefined) {
      this.groups ??= new Map();
      let shared = this.groups.get(group);
      if (shared === undefined) {
        shared = new SharedGroup(subscription.filter.text);
        this.groups.set(group, shared);
      }
      const at = memberIndex(shared, subscription.session);
      if (at === -1) shared.members.push(subscription);
      else shared.members[at] = subscription;
    } else if (this.many !== undefined) {
      this.many.set(subscription.session, subscription);
    } else if (
      this.one === undefined || this.one.session === subscription.session
    ) {
      this.one = subscription;
    } else {
      this.many = new Map([[this.one.session, this.one]]);
      this.many.set(subscription.session, subscription);
      this.one = undefined;
    }
  }

  remove(session: Session, group: string | undefined): void {
    if (group !== undefined) {
      const shared = this.groups?.get(group);
      if (shared === undefined) return;
      const at = memberIndex(shared, session);
      if (at !== -1) shared.members.splice(at, 1);
      if (shared.members.length === 0) this.groups!.delete(group);
      if (this.groups!.size === 0) this.groups = undefined;
    } else if (this.many !== undefined) {
      this.many.delete(session);
      if (this.many.size === 0) this.many = undefined;
    } else if (this.one?.session === session) {
      this.one = undefined;
    }
  }

  collect(into: Subscription[], groups: SharedGroup[]): void {
    if (this.one !== undefined) into.push(this.one);
    if (this.many !== undefined) {
      for (const subscription of this.many.values()) into.push(subscription);
    }
    if (this.groups !== undefined) {
      for (const group of this.groups.values()) groups.push(group);
    }
  }
}

function memberIndex(group: SharedGroup, session: Session): number {
  return group.members.findIndex((member) => member.session === session);
}

class Node {
  children: Map<string, Node> | undefined = undefined;
  /** Subscriptions that end at this level. */
  leaf: Leaf | undefined = undefined;
  /** Subscriptions that end with `#` below this level. */
  rest: Leaf | undefined = undefined;

  get empty(): boolean {
    return this.children === undefined && this.leaf === undefined &&
      this.rest === undefined;
  }
}

/** All subscriptions of a broker. */
export class SubscriptionTree {
  readonly #exact = new Map<string, Leaf>();
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
      let leaf = this.#exact.get(filter);
      if (leaf === undefined) this.#exact.set(filter, leaf = new Leaf());
      leaf.add(subscription);
      return;
    }
    let node = this.#root;
    const levels = filter.split("/");
    const rest = levels[levels.length - 1] === "#";
    if (rest) levels.pop();
    for (const level of levels) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) node.children.set(level, child = new Node());
      node = child;
    }
    if (rest) (node.rest ??= new Leaf()).add(subscription);
    else (node.leaf ??= new Leaf()).add(subscription);
  }

  /** Removes a subscription that is in the tree. */
  remove(subscription: Subscription): void {
    const { session } = subscription;
    const { filter, wildcard, group } = subscription.filter;
    this.epoch++;
    this.size--;
    if (!wildcard) {
      const leaf = this.#exact.get(filter);
      leaf?.remove(session, group);
      if (leaf?.empty) this.#exact.delete(filter);
      return;
    }
    const levels = filter.split("/");
    const rest = levels[levels.length - 1] === "#";
    if (rest) levels.pop();
    const path: Node[] = [this.#root];
    for (const level of levels) {
      const child = path[path.length - 1].children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const node = path[path.length - 1];
    if (rest) {
      node.rest?.remove(session, group);
      if (node.rest?.empty) node.rest = undefined;
    } else {
      node.leaf?.remove(session, group);
      if (node.leaf?.empty) node.leaf = undefined;
    }
    for (let i = levels.length; i > 0 && path[i].empty; i--) {
      const parent = path[i - 1];
      parent.children!.delete(levels[i - 1]);
      if (parent.children!.size === 0) parent.children = undefined;
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
    return this.#leafOf(subscription)?.groups?.get(group);
  }

  #leafOf({ filter: { filter, wildcard } }: Subscription): Leaf | undefined {
    if (!wildcard) return this.#exact.get(filter);
    let node: Node | undefined = this.#root;
    for (const level of filter.split("/")) {
      if (level === "#") return node.rest;
      node = node.children?.get(level);
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
    this.#exact.get(topic.name)?.collect(found, groups);
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
        if (wildcards) node.rest?.collect(found, groups);
        if (node.children === undefined) continue;
        const child = node.children.get(levels[i]);
        if (child !== undefined) next.push(child);
        const any = wildcards ? node.children.get("+") : undefined;
        if (any !== undefined) next.push(any);
      }
      nodes = next;
    }
    for (const node of nodes) {
      node.leaf?.collect(found, groups);
      node.rest?.collect(found, groups);
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
