/**
 * Makes the event that the next interceptor sees, of those that are about messages.
 *
 * @module
 */

import type { Apply } from "../../plugins/interceptor_chain.ts";
import type {
  DeliverEvent,
  MessageChanges,
  PublishChanges,
  PublishEvent,
  RetainEvent,
  WillEvent,
} from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import { changedMessage } from "./changed_message.ts";

/** The functions of one broker; they are made once. */
export class Appliers {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  readonly publish: Apply<PublishEvent, PublishChanges> = (
    { session, message },
    changes,
  ) => ({ session, message: this.#change(message as Message, changes) });

  readonly deliver: Apply<DeliverEvent, MessageChanges> = (event, changes) => ({
    ...event,
    message: this.#change(event.message as Message, changes).keep(),
  });

  readonly retain: Apply<RetainEvent, MessageChanges> = (
    { message },
    changes,
  ) => ({ message: this.#change(message as Message, changes) });

  readonly will: Apply<WillEvent, PublishChanges> = (event, changes) => ({
    ...event,
    will: this.#change(event.will as Message, changes).keep(),
  });

  #change(message: Message, changes: PublishChanges): Message {
    return changedMessage(this.#core, message, changes);
  }
}
