/**
 * Sessions, a page at a time.
 *
 * @module
 */

import type { ClientPage, ClientQuery } from "../../plugins/mod.ts";
import type { SessionRegistry } from "../session/registry.ts";
import type { Session } from "../session/session.ts";

const LARGEST_PAGE = 10_000;

/** Where the page before ended: most often the next one is asked for next. */
interface Place {
  readonly registry: SessionRegistry;
  /** The session that the next page begins with. */
  readonly following: Session;
  /** Those after that one. */
  readonly rest: Iterator<Session>;
}

/** Reads pages. */
export class ClientPages {
  #place: Place | undefined;

  /**
   * Reads a page.
   *
   * @param registry The sessions.
   * @param query Which ones.
   * @returns The page.
   * @throws {RangeError} If the query is not valid.
   */
  read(registry: SessionRegistry, query: ClientQuery = {}): ClientPage {
    const { connected, username, after, limit = 100 } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE) {
      throw new RangeError(
        `Cannot list clients: limit must be from 1 to ${LARGEST_PAGE}, not ${limit}`,
      );
    }
    if (after !== undefined && !/^\d{1,15}$/.test(after)) {
      throw new RangeError(
        `Cannot list clients: after must be the "next" of another page, not "${after}"`,
      );
    }
    const serial = after === undefined ? 0 : Number(after);
    const { first, rest } = this.#from(registry, serial);
    const items: Session[] = [];
    for (let session = first; session; session = rest.next().value) {
      if (connected !== undefined && session.connected !== connected) continue;
      if (username !== undefined && session.username !== username) continue;
      if (items.length < limit) {
        items.push(session);
        continue;
      }
      this.#place = { registry, following: session, rest };
      // All before it were looked at, whatever the query.
      return { items, next: `${session.serial - 1}` };
    }
    this.#place = undefined;
    return { items };
  }

  /** The sessions that were made after one. */
  #from(
    registry: SessionRegistry,
    serial: number,
  ): { first: Session | undefined; rest: Iterator<Session> } {
    const place = this.#place;
    if (
      place?.registry === registry && place.following.serial - 1 === serial
    ) {
      const { following, rest } = place;
      const isThere = registry.get(following.clientId) === following;
      return { first: isThere ? following : rest.next().value, rest };
    }
    const rest = registry.values();
    let first: Session | undefined = rest.next().value;
    while (first !== undefined && first.serial <= serial) {
      first = rest.next().value;
    }
    return { first, rest };
  }
}
