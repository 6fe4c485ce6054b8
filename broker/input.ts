/**
 * What has arrived on one connection and is not handled yet. The buffer is small
 * while a client is quiet and grows while it fills it, so that idle clients cost
 * little and busy ones are read in large pieces.
 *
 * @module
 */

const SMALLEST = 512;
const LARGEST = 1 << 16;
// Where single packets are large, several of them should fit.
const LARGEST_FOR_PACKETS = 1 << 19;
// How many reads in a row must have used a small part before the buffer shrinks.
const QUIET = 16;

/** The input of a connection: `bytes` from `start` to `end`. */
export class InputBuffer {
  /** The buffer. */
  bytes: Uint8Array = new Uint8Array(SMALLEST);
  /** Where the first frame begins that was not handled. */
  start = 0;
  /** Where what has arrived ends. */
  end = 0;
  #quiet = 0;
  #expected = 0;

  /** The part to read into; at least one byte. */
  space(): Uint8Array {
    return this.end === 0 ? this.bytes : this.bytes.subarray(this.end);
  }

  /** Takes note of what was read into `space()`. */
  received(count: number): void {
    this.end += count;
    if (this.end === this.bytes.length && this.bytes.length < LARGEST) {
      this.#expected = Math.max(this.#expected, this.bytes.length * 4);
    } else if (count * 8 < this.bytes.length) this.#quiet++;
    else this.#quiet = 0;
  }

  /** A frame of `size` bytes has begun to arrive. */
  expect(size: number): void {
    this.#expected = Math.max(this.#expected, size);
  }

  /** Moves what is left to the front, into a buffer that fits what is to come. */
  compact(): void {
    const left = this.end - this.start;
    let capacity = this.bytes.length;
    if (this.#expected > capacity) {
      const room = this.#expected * 4;
      capacity = Math.max(
        this.#expected,
        Math.min(
          this.#expected > LARGEST / 2 ? LARGEST_FOR_PACKETS : LARGEST,
          Math.max(room, capacity * 4),
        ),
      );
    } else if (left === 0 && capacity > LARGEST_FOR_PACKETS) {
      // It was made for one giant packet.
      capacity = LARGEST_FOR_PACKETS;
    } else if (left === 0 && this.#quiet >= QUIET && capacity > SMALLEST) {
      capacity = Math.max(SMALLEST, capacity >> 2);
      this.#quiet = 0;
    }
    this.#expected = 0;
    if (capacity !== this.bytes.length) {
      const next = new Uint8Array(capacity);
      next.set(this.bytes.subarray(this.start, this.end));
      this.bytes = next;
    } else if (left > 0 && this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = left;
  }
}
