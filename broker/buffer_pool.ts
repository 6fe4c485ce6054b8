/**
 * Buffers that connections use in turn. What is new is garbage soon, and V8 collects
 * the more often the more memory outside its heap it has to give back: while clients
 * come and go as fast as they can, several times a second.
 *
 * @module
 */

/** The largest buffer that is kept, in bytes. */
export const LARGEST_KEPT: number = 1 << 20;
const SMALLEST = 128;
/** How many bytes are kept for whoever comes next. */
const MOST_KEPT = 1 << 25;

/** Buffers that nobody uses just now, by their size. */
class BufferPool {
  readonly #free = new Map<number, Uint8Array[]>();
  #bytes = 0;

  /**
   * Hands out a buffer. What others have left in it is still there.
   *
   * @param size How many bytes it must have at least.
   * @returns The buffer. Its size is a power of two, unless it is too large to be kept.
   */
  take(size: number): Uint8Array {
    if (size > LARGEST_KEPT) return new Uint8Array(size);
    let capacity = SMALLEST;
    while (capacity < size) capacity *= 2;
    const buffer = this.#free.get(capacity)?.pop();
    if (buffer === undefined) return new Uint8Array(capacity);
    this.#bytes -= capacity;
    return buffer;
  }

  /**
   * Takes a buffer back.
   *
   * @param buffer What `take()` has handed out; nobody may use it any more.
   */
  give(buffer: Uint8Array): void {
    const capacity = buffer.length;
    if (capacity > LARGEST_KEPT || this.#bytes + capacity > MOST_KEPT) return;
    let free = this.#free.get(capacity);
    if (free === undefined) this.#free.set(capacity, free = []);
    free.push(buffer);
    this.#bytes += capacity;
  }
}

/** The buffers of all connections of this process. */
export const buffers: BufferPool = new BufferPool();
