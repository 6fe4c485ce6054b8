/**
 * Counts what is under way.
 *
 * @module
 */

/**
 * What was begun and has not ended. Each set of tables has one: a plugin that was
 * taken out of the tables is needed until the chains that began with them are over.
 */
export class InFlight {
  /** Whether nobody is to be asked any more: the plugins are about to be closed. */
  isOver = false;
  #count = 0;
  #callbacks: Array<() => void> = [];

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Something begins. */
  enter(): void {
    this.#count++;
  }

  /** Something has ended. */
  leave(): void {
    if (--this.#count > 0) return;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#callbacks.push(resolve));
  }
}
