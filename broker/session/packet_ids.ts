/**
 * A set of packet identifiers.
 *
 * @module
 */

// With more than that, one bit for each identifier that there is takes less memory.
const FEW = 128;
const ALL = 65536;

/** Packet identifiers, 1 to 65535, in 8 KiB at most. */
export class PacketIds {
  #few: Set<number> | undefined = new Set();
  #bits: Uint32Array | undefined;
  /** How many there are. */
  size = 0;

  /** Whether an identifier is in the set. */
  has(id: number): boolean {
    if (this.#bits === undefined) return this.#few!.has(id);
    return (this.#bits[id >> 5] & (1 << (id & 31))) !== 0;
  }

  /** Adds an identifier; says whether it was not there. */
  add(id: number): boolean {
    if (this.has(id)) return false;
    this.size++;
    if (this.#bits === undefined && this.size > FEW) this.#toBits();
    if (this.#bits === undefined) this.#few!.add(id);
    else this.#bits[id >> 5] |= 1 << (id & 31);
    return true;
  }

  /** Removes an identifier; says whether it was there. */
  delete(id: number): boolean {
    if (!this.has(id)) return false;
    this.size--;
    if (this.#bits === undefined) this.#few!.delete(id);
    else if (this.size > 0) this.#bits[id >> 5] &= ~(1 << (id & 31));
    else {
      this.#bits = undefined;
      this.#few = new Set();
    }
    return true;
  }

  #toBits(): void {
    this.#bits = new Uint32Array(ALL / 32);
    for (const id of this.#few!) this.#bits[id >> 5] |= 1 << (id & 31);
    this.#few = undefined;
  }
}
