/**
 * A place in a tree of topic levels.
 *
 * @module
 */

/**
 * A place with the levels below it. Below most places there is none or one, which
 * needs no map: with millions of topics, maps of one entry would be most of the
 * memory.
 */
export class Branch<Child extends object> {
  /** Name of the only level below. */
  #name: string | undefined = undefined;
  /** The only level below, or all of them by their names. */
  #below: Child | Map<string, Child> | undefined = undefined;

  /** Whether there is nothing below. */
  get childless(): boolean {
    return this.#below === undefined;
  }

  /**
   * Finds a level below.
   *
   * @param name Its name.
   * @returns The level, if there is one of that name.
   */
  child(name: string): Child | undefined {
    const below = this.#below;
    if (below instanceof Map) return below.get(name);
    return this.#name === name ? below : undefined;
  }

  /**
   * Adds a level below.
   *
   * @param name Its name, which no other has.
   * @param child The level.
   * @returns The level.
   */
  addChild(name: string, child: Child): Child {
    const below = this.#below;
    if (below instanceof Map) below.set(name, child);
    else if (below === undefined) {
      this.#name = name;
      this.#below = child;
    } else {
      this.#below = new Map([[this.#name!, below], [name, child]]);
      this.#name = undefined;
    }
    return child;
  }

  /**
   * Takes over what is below another place, which has nothing below it then.
   *
   * @param other The other place; nothing is below this one.
   */
  adoptChildren(other: Branch<Child>): void {
    this.#name = other.#name;
    this.#below = other.#below;
    other.#name = other.#below = undefined;
  }

  /**
   * Removes a level below.
   *
   * @param name The name of one that is there.
   */
  removeChild(name: string): void {
    const below = this.#below;
    if (below instanceof Map) {
      below.delete(name);
      if (below.size > 1) return;
      [[this.#name, this.#below]] = below;
      return;
    }
    this.#name = this.#below = undefined;
  }

  /**
   * The levels below, with their names. They may change meanwhile: what is added or
   * removed may or may not be found.
   */
  children(): Iterator<[string, Child]> {
    const below = this.#below;
    if (below instanceof Map) return below.entries();
    const only: [string, Child][] = below === undefined
      ? []
      : [[this.#name!, below]];
    return only.values();
  }
}
