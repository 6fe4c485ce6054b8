/**
 * The retained messages as plugins see them.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { PublishOptions, RetainedService } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import { parseFilter } from "../topics/filter.ts";
import { messageOf } from "./outgoing.ts";

// How many steps are made before others get a turn.
const SLICE = 512;

/** Reads and changes the retained messages of a broker. */
export class Retained implements RetainedService {
  readonly #core: () => Core;
  readonly #signal: () => AbortSignal;

  /**
   * Creates the service of a plugin.
   *
   * @param core The broker; throws if it does not run.
   * @param signal What ends the plugin.
   */
  constructor(core: () => Core, signal: () => AbortSignal) {
    this.#core = core;
    this.#signal = signal;
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

  async *scan(filter: string): AsyncGenerator<Message> {
    if (typeof parseFilter(filter) === "string") return;
    let steps = 0;
    for (const message of this.#core().retained.match(filter)) {
      if (++steps % SLICE === 0) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (this.#signal().aborted) return;
      if (message !== undefined) yield message;
    }
  }

  *match(filter: string): Iterable<Message> {
    if (typeof parseFilter(filter) === "string") return;
    for (const message of this.#core().retained.match(filter)) {
      if (message !== undefined) yield message;
    }
  }
}
