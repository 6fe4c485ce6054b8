/**
 * How many sessions each user has.
 *
 * @module
 */

import type { Session } from "./session.ts";

/** Counts sessions by user name, from the first time that somebody asks. */
export class UserCounts {
  #counts: Map<string, number> | undefined;

  /**
   * The number of a user's sessions.
   *
   * @param username The user.
   * @param sessions All sessions; looked at once.
   * @returns How many are the user's.
   */
  of(username: string, sessions: Iterable<Session>): number {
    if (this.#counts === undefined) {
      this.#counts = new Map();
      for (const session of sessions) {
        if (session.claimed) this.added(session);
      }
    }
    return this.#counts.get(username) ?? 0;
  }

  /** A user has a session more. */
  added({ username }: Session): void {
    if (username === undefined) return;
    this.#counts?.set(username, (this.#counts.get(username) ?? 0) + 1);
  }

  /** A user has a session less. */
  removed({ username }: Session): void {
    const count = username && this.#counts?.get(username);
    if (!count) return;
    if (count === 1) this.#counts!.delete(username);
    else this.#counts!.set(username, count - 1);
  }
}
