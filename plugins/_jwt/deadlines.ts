/**
 * When which connection ends.
 *
 * @module
 */

import type { Session } from "../mod.ts";

// A timer's delay is a 32-bit number of milliseconds.
const LONGEST = 0x7fff_ffff;

/** One timer for each connection that must end. */
export class Deadlines {
  readonly #end: (session: Session) => void;
  readonly #timers = new Map<Session, ReturnType<typeof setTimeout>>();

  /**
   * Creates them; there are none yet.
   *
   * @param end Ends the connection of a session.
   */
  constructor(end: (session: Session) => void) {
    this.#end = end;
  }

  /**
   * Sets the deadline of a session's connection.
   *
   * @param session The session.
   * @param time In milliseconds since 1970; `Infinity`: none.
   */
  set(session: Session, time: number): void {
    this.delete(session);
    if (time === Infinity) return;
    const left = time - Date.now();
    const timer = setTimeout(
      () => {
        this.#timers.delete(session);
        if (left > LONGEST) this.set(session, time);
        else this.#end(session);
      },
      Math.min(Math.max(left, 0), LONGEST),
    );
    this.#timers.set(session, timer);
  }

  /** Removes the deadline of a session. */
  delete(session: Session): void {
    clearTimeout(this.#timers.get(session));
    this.#timers.delete(session);
  }

  /** Removes all. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
