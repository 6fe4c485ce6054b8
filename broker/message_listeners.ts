/**
 * Plugins that get the messages of a topic filter without being a client.
 *
 * @module
 */

import type { ApplicationMessage, Logger } from "../plugins/mod.ts";
import { isThenable } from "../plugins/time_limit.ts";
import type { Message } from "./message.ts";
import { matches } from "./topics/filter.ts";

interface MessageListener {
  readonly filter: string;
  readonly handler: (message: ApplicationMessage) => void;
  readonly logger: Logger;
}

/** The listeners of a broker. They are few: each is asked at every message. */
export class MessageListeners {
  #listeners: readonly MessageListener[] = [];

  /** How many there are. */
  get size(): number {
    return this.#listeners.length;
  }

  /**
   * Adds a listener.
   *
   * @param filter A valid topic filter.
   * @param handler Gets the messages.
   * @param logger Where the failures of the handler go.
   * @returns Removes the listener.
   */
  add(
    filter: string,
    handler: (message: ApplicationMessage) => void,
    logger: Logger,
  ): () => void {
    const listener = { filter, handler, logger };
    // A new list: a handler may add or remove while the old one is walked.
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== listener);
    };
  }

  /**
   * Gives a message to those whose filter selects it.
   *
   * @param message The message; it is kept if anybody gets it.
   * @returns Whether anybody got it.
   */
  emit(message: Message): boolean {
    let heard = false;
    for (const { filter, handler, logger } of this.#listeners) {
      if (!matches(filter, message.topic)) continue;
      heard = true;
      const fail = (error: unknown): void =>
        logger.error("Cannot handle a message", {
          topic: message.topic,
          error: String(error),
        });
      try {
        const result: unknown = handler(message.keep());
        // Nobody waits for it, but its failure must not end the process.
        if (isThenable(result)) Promise.resolve(result).then(undefined, fail);
      } catch (error) {
        fail(error);
      }
    }
    return heard;
  }
}
