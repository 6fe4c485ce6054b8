/**
 * Things that plugins register by name, and that go with them.
 *
 * @module
 */

import type { Logger } from "../../plugins/mod.ts";

/** Who registers something: a plugin, or a host program, whose signal may change. */
export interface Owner {
  /** Name of the plugin. */
  readonly name: string;
  /** Its logger. */
  readonly logger: Logger;
  /** Aborts when the plugin is closed. */
  readonly signal: AbortSignal;
  /** Whether it has its part in what happens; one that is to replace another has not yet. */
  readonly live: boolean;
}

interface Entry<Thing> {
  readonly owner: Owner;
  readonly signal: AbortSignal;
  readonly thing: Thing;
}

/**
 * Registered things by name. When a plugin is replaced, two instances of it are there
 * for a while: what counts is what the newest has registered that is live.
 */
export class Owned<Thing> {
  readonly #entries = new Map<string, Entry<Thing>[]>();

  /** What counts. */
  *values(): Iterable<Thing> {
    for (const entries of this.#entries.values()) yield present(entries).thing;
  }

  /** What counts for a name. */
  get(name: string): Thing | undefined {
    const entries = this.#entries.get(name);
    return entries && present(entries).thing;
  }

  /** What an owner itself has registered. */
  of(name: string, owner: Owner): Thing | undefined {
    return this.#entries.get(name)?.find(({ signal }) =>
      signal === owner.signal
    )?.thing;
  }

  /**
   * Registers something.
   *
   * @param name Its name.
   * @param owner Who does; with its signal the thing goes.
   * @param thing What.
   * @returns Removes it.
   * @throws {TypeError} If another plugin has the name, or the owner itself.
   */
  add(name: string, owner: Owner, thing: Thing): () => void {
    const { signal } = owner;
    if (signal.aborted) return () => {};
    const entries = this.#entries.get(name) ?? [];
    const other = entries.find((entry) =>
      entry.owner.name !== owner.name || entry.signal === signal
    );
    if (other !== undefined) {
      throw new TypeError(
        `Cannot register ${name}: the plugin "${other.owner.name}" has it already`,
      );
    }
    const entry = { owner, signal, thing };
    this.#entries.set(name, [...entries, entry]);
    const remove = (): void => {
      signal.removeEventListener("abort", remove);
      const left = this.#entries.get(name)?.filter((one) => one !== entry);
      if (left === undefined) return;
      if (left.length === 0) this.#entries.delete(name);
      else this.#entries.set(name, left);
    };
    signal.addEventListener("abort", remove);
    return remove;
  }
}

function present<Thing>(entries: readonly Entry<Thing>[]): Entry<Thing> {
  return entries.findLast(({ owner }) => owner.live) ?? entries.at(-1)!;
}

/**
 * The name of a plugin as a part of a topic or of a path.
 *
 * @param plugin The name.
 * @returns The name with `_` for everything that is not allowed everywhere.
 */
export function slug(plugin: string): string {
  return plugin.replace(/[^A-Za-z0-9_.-]/g, "_").replace(/^\.+$/, "_");
}
