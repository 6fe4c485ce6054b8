/**
 * Who is not ready: the broker does not listen before everybody is.
 *
 * @module
 */

import type { Owner } from "./owned.ts";

/** A plugin that is not ready. */
export interface NotReady {
  /** Name of the plugin. */
  readonly plugin: string;
  /** What it waits for. */
  readonly reason: string;
}

/** What plugins of one broker wait for. */
export class Readiness {
  /** By the signal of who waits: two plugins may have one name for a while. */
  readonly #waiting = new Map<AbortSignal, NotReady & { owner: Owner }>();
  /** Whose end is heard of. */
  readonly #followed = new WeakSet<AbortSignal>();
  #change = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } & NotReady | undefined;

  /** Who is not ready; one that is to replace another does not count yet. */
  get waiting(): readonly NotReady[] {
    return [...this.#waiting.values()].filter(({ owner }) => owner.live);
  }

  /** A plugin is not ready. */
  notReady(owner: Owner, reason: string): void {
    const { name, signal } = owner;
    if (signal.aborted) return;
    if (!this.#followed.has(signal)) {
      this.#followed.add(signal);
      signal.addEventListener("abort", () => this.#end(signal), { once: true });
    }
    this.#waiting.set(signal, { plugin: name, reason, owner });
  }

  /** A plugin is ready; says whether it was not before. */
  ready({ signal }: Owner): boolean {
    return this.#end(signal);
  }

  /** What a plugin waits for will not come. */
  failed(owner: Owner, reason: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.notReady(owner, `${reason}: ${why}`);
    this.#failure ??= { plugin: owner.name, reason, error };
    this.#changed();
  }

  /**
   * Waits until everybody is ready.
   *
   * @param seconds How long.
   * @throws {Error} If the time is over, or somebody will not be ready.
   */
  async wait(seconds: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#changed();
    }, seconds * 1000);
    try {
      while (this.waiting.length > 0 && !late && !this.#failure) {
        await this.#change.promise;
      }
    } finally {
      clearTimeout(timer);
    }
    const failure = this.#failure;
    if (failure !== undefined) {
      const { plugin, reason, error } = failure;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `Cannot start the broker: the plugin "${plugin}" is not ready (${reason}): ${why}`,
        { cause: error },
      );
    }
    if (this.waiting.length === 0) return;
    const list = this.waiting.map(({ plugin, reason }) =>
      `"${plugin}" (${reason})`
    );
    throw new Error(
      `Cannot start the broker: after ${seconds} seconds these plugins are not ready: ${
        list.join(", ")
      }. Mend what they wait for, or raise ready-timeout`,
    );
  }

  /** Forgets what an earlier start has left. */
  reset(): void {
    this.#waiting.clear();
    this.#failure = undefined;
  }

  #end(signal: AbortSignal): boolean {
    const known = this.#waiting.delete(signal);
    if (known) this.#changed();
    return known;
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** Tells the broker whether one plugin is ready. */
export class PluginReadiness {
  readonly #owner: Owner;
  readonly #all: Readiness;
  /** Tells what is waited for now from what was waited for before. */
  #round = 0;

  /**
   * Creates the service.
   *
   * @param owner The plugin.
   * @param all All plugins.
   */
  constructor(owner: Owner, all: Readiness) {
    this.#owner = owner;
    this.#all = all;
  }

  /** The plugin is not ready until it says so, or `until` is fulfilled. */
  notReady(reason: string, until?: PromiseLike<unknown>): void {
    const round = ++this.#round;
    this.#all.notReady(this.#owner, reason);
    this.#owner.logger.info(`Not ready: ${reason}`);
    if (until === undefined) return;
    Promise.resolve(until).then(() => {
      if (round === this.#round) this.ready();
    }, (error) => {
      if (round !== this.#round) return;
      this.#all.failed(this.#owner, reason, error);
      this.#owner.logger.error(`Not ready: ${reason}`, {
        error: String(error),
      });
    });
  }

  /** The plugin is ready. */
  ready(): void {
    this.#round++;
    if (this.#all.ready(this.#owner)) this.#owner.logger.info("Ready");
  }
}
