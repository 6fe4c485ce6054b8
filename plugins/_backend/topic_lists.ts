/**
 * Decides about topics by lists of filters that a back-end has for each user.
 *
 * @module
 */

import type { Action, BrokerContext, TopicFilteringEvent } from "../mod.ts";
import { AnswerCache } from "./answer_cache.ts";

/** The topic filters of a user. */
export type TopicLists = Readonly<Record<Action, readonly string[]>>;

/** Options of {@linkcode TopicListRights}. */
export interface TopicListRightsOptions {
  /** Knows how topics match. */
  context: Pick<BrokerContext, "matches" | "covers">;
  /** Seconds that a user's lists are kept. */
  cacheTtl: number;
  /** Asks the back-end for a user's lists; nothing if it does not know the user. */
  load: (username: string) => Promise<TopicLists | undefined>;
}

/** A back-end with such lists, and its connections. */
export interface TopicListBackend {
  /** The rights. */
  readonly rights: TopicListRights;
  /** Looks whether it is there; rejects if not. */
  check(): Promise<void>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** The rights of all users. */
export class TopicListRights {
  readonly #options: TopicListRightsOptions;
  readonly #cache = new AnswerCache<TopicLists | undefined>();

  /**
   * Creates the rights. Nothing is loaded yet.
   *
   * @param options Where the lists come from.
   */
  constructor(options: TopicListRightsOptions) {
    this.#options = options;
  }

  /**
   * Decides about a topic.
   *
   * @param event Session, topic and action.
   * @returns Whether a filter of the user allows it; nothing without a user name. A
   * promise only if the lists must be loaded; it is rejected if they cannot be.
   */
  decide(
    { session, topic, action }: TopicFilteringEvent,
  ): boolean | undefined | Promise<boolean> {
    const { username } = session;
    if (!username) return undefined;
    const { load, cacheTtl } = this.#options;
    const lists = this.#cache.answer(username, "", async () => ({
      answer: await load(username),
      seconds: cacheTtl,
    }));
    return lists instanceof Promise
      ? lists.then((loaded) => this.#allows(loaded, action, topic))
      : this.#allows(lists, action, topic);
  }

  #allows(
    lists: TopicLists | undefined,
    action: Action,
    topic: string,
  ): boolean {
    if (lists === undefined) return false;
    const { context } = this.#options;
    return action === "subscribe"
      ? lists.subscribe.some((filter) => context.covers(filter, topic))
      : lists[action].some((filter) => context.matches(filter, topic));
  }
}
