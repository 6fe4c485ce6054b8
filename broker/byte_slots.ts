/**
 * Room for small pieces of memory that stay long. An array of its own for each costs
 * some 250 bytes more than it has, and the garbage collector has to look at it.
 *
 * @module
 */

/** What has a place; it gets another one when others leave. */
export interface Placed {
  /** Where its bytes stand, among those of others. */
  slab: Slab | undefined;
  /** Where they begin. */
  start: number;
}

const GRAIN = 32;
/** The largest piece, in bytes. */
export const LARGEST_SLOT = 512;
const SMALLEST_SLAB = 1024;
const LARGEST_SLAB = 16384;
const NONE = 0xffff;

/**
 * Slots of 32, 64, 96 bytes and so on. A slab that is hardly used any more gives its
 * content to others, so that no more than four times of what is needed is taken.
 */
export class ByteSlots {
  readonly #shelves: Shelf[] = [];

  /**
   * Finds a place.
   *
   * @param owner What is to have it; its bytes are not written.
   * @param size How many bytes, from 1 to {@linkcode LARGEST_SLOT}.
   */
  take(owner: Placed, size: number): void {
    const index = (size - 1) / GRAIN | 0;
    (this.#shelves[index] ??= new Shelf((index + 1) * GRAIN)).take(owner);
  }

  /**
   * Gives a place back.
   *
   * @param owner What had it.
   * @param size How many bytes it had asked for.
   */
  free(owner: Placed, size: number): void {
    this.#shelves[(size - 1) / GRAIN | 0].free(owner);
  }

  /** How much memory there is, used or not, in bytes. */
  get capacity(): number {
    return this.#shelves.reduce((sum, { capacity }) => sum + capacity, 0);
  }
}

/** Slots of one size. */
class Slab {
  /** The slots, one after the other. */
  readonly bytes: Uint8Array;
  /** What has each. */
  readonly owners: Array<Placed | undefined>;
  /** How many slots are taken. */
  used = 0;
  /** Where it stands among those with room; -1: it is full. */
  position = -1;
  /** The first slot that was given back; each has the number of the next one. */
  #free = NONE;
  /** How many slots were ever taken. */
  #begun = 0;

  constructor(size: number, count: number) {
    this.bytes = new Uint8Array(size * count);
    this.owners = new Array(count);
  }

  get count(): number {
    return this.owners.length;
  }

  take(owner: Placed, size: number): void {
    let slot = this.#free;
    if (slot === NONE) slot = this.#begun++;
    else {
      const at = slot * size;
      this.#free = this.bytes[at] | (this.bytes[at + 1] << 8);
    }
    this.used++;
    this.owners[slot] = owner;
    owner.slab = this;
    owner.start = slot * size;
  }

  free({ start }: Placed, size: number): void {
    const slot = start / size;
    this.owners[slot] = undefined;
    this.used--;
    this.bytes[start] = this.#free & 0xff;
    this.bytes[start + 1] = this.#free >> 8;
    this.#free = slot;
  }
}

export type { Slab };

/** The slabs with slots of one size. */
class Shelf {
  readonly #size: number;
  /** Those with room. */
  readonly #open: Slab[] = [];
  /** How many slots of them are free. */
  #room = 0;
  /** How much memory all have, in bytes. */
  capacity = 0;

  constructor(size: number) {
    this.#size = size;
  }

  take(owner: Placed): void {
    const slab = this.#open.at(-1) ?? this.#add();
    slab.take(owner, this.#size);
    this.#room--;
    if (slab.used === slab.count) this.#close(slab);
  }

  free(owner: Placed): void {
    const slab = owner.slab!;
    slab.free(owner, this.#size);
    this.#room++;
    if (slab.position === -1) {
      slab.position = this.#open.push(slab) - 1;
    } else if (slab.used * 4 <= slab.count) {
      // The others must have room for what is in it.
      if (this.#room - slab.count >= 0) this.#clear(slab);
    }
  }

  /** As large as all that there are, so that few messages take little and many few slabs. */
  #add(): Slab {
    const bytes = Math.max(
      SMALLEST_SLAB,
      Math.min(LARGEST_SLAB, this.capacity),
    );
    const slab = new Slab(this.#size, Math.floor(bytes / this.#size));
    slab.position = this.#open.push(slab) - 1;
    this.#room += slab.count;
    this.capacity += slab.bytes.length;
    return slab;
  }

  #close(slab: Slab): void {
    const last = this.#open.pop()!;
    if (last !== slab) {
      this.#open[slab.position] = last;
      last.position = slab.position;
    }
    slab.position = -1;
  }

  /** Moves what is in a slab to others, and forgets it. */
  #clear(slab: Slab): void {
    this.#close(slab);
    this.#room -= slab.count - slab.used;
    this.capacity -= slab.bytes.length;
    const size = this.#size;
    for (const owner of slab.owners) {
      if (owner === undefined) continue;
      const from = owner.start;
      this.take(owner);
      owner.slab!.bytes.set(
        slab.bytes.subarray(from, from + size),
        owner.start,
      );
    }
  }
}
