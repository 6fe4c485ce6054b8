/**
 * The retained messages as plugins see them.
 *
 * @module
 */

import type { PublishOptions, RetainedService } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import { parseFilter } from "../topics/filter.ts";
import { messageOf } from "./outgoing.ts";

/** Reads and changes the retained messages of a broker. */
export class Retained implements RetainedService {
  readonly #core: () => Core;

  constructor(core: () => Core) {
    this.#core = core;
  }

  get size(): number {
    return this.#core().retained.size;
  }

  get(topic: string): Message | undefined {
    return this.#core().retained.get(topic);
  }

  set(
    topic: string,
    payload: string | Uint8Array,
    options: Omit<PublishOptions, "retain"> = {},
  ): void {
    const core = this.#core();
    core.delivery.retain(
      messageOf(core, topic, payload, { ...options, retain: true }),
    );
  }

  clear(topic: string): boolean {
    const known = this.get(topic) !== undefined;
    if (known) this.set(topic, "");
    return known;
  }

  *match(filter: string): Iterable<Message> {
    if (typeof parseFilter(filter) === "string") return;
    for (const message of this.#core().retained.match(filter)) {
      if (message !== undefined) yield message;
    }
  }
}
