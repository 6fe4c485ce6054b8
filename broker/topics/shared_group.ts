/**
 * Shared subscriptions (MQTT 5, section 4.8.2).
 *
 * @module
 */

import type { Session } from "../session/session.ts";
import type { Subscription } from "./subscription_tree.ts";

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

  /** Takes a member in, in the place of the session's earlier subscription. */
  add(subscription: Subscription): void {
    const at = this.#indexOf(subscription.session);
    if (at === -1) this.members.push(subscription);
    else this.members[at] = subscription;
  }

  /** Lets a session go. */
  remove(session: Session): void {
    const at = this.#indexOf(session);
    if (at !== -1) this.members.splice(at, 1);
  }

  #indexOf(session: Session): number {
    return this.members.findIndex((member) => member.session === session);
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
