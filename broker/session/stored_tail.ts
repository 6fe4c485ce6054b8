/**
 * The part of a session's queue that stands in the store only.
 *
 * @module
 */

/** Deliveries in the store, in their order; a number each is all that memory holds of them. */
export class StoredTail {
  #seqs: number[] = [];
  #head = 0;
  /** What the messages weigh. */
  bytes = 0;

  /** How many there are. */
  get size(): number {
    return this.#seqs.length - this.#head;
  }

  /** The first one. */
  get first(): number {
    return this.#seqs[this.#head];
  }

  /** All of them. */
  get seqs(): readonly number[] {
    return this.#seqs.slice(this.#head);
  }

  /** Adds a delivery behind the others. */
  push(seq: number, weight: number): void {
    this.#seqs.push(seq);
    this.bytes += weight;
  }

  /**
   * Takes deliveries from the front.
   *
   * @param most How many at most.
   * @param before Only those that come before this one.
   */
  take(most: number, before: number): number[] {
    const end = Math.min(this.#seqs.length, this.#head + most);
    const start = this.#head;
    while (this.#head < end && this.#seqs[this.#head] < before) this.#head++;
    const taken = this.#seqs.slice(start, this.#head);
    if (this.#head > 1024 && this.#head * 2 > this.#seqs.length) {
      this.#seqs = this.#seqs.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Puts deliveries that were taken back in front. */
  putBack(seqs: readonly number[]): void {
    this.#seqs = [...seqs, ...this.seqs];
    this.#head = 0;
  }
}
