/**
 * Reads one connection, and holds what has arrived and is not handled yet. The
 * buffer is small while a client is quiet and grows while it fills it, so that idle
 * clients cost little and busy ones are read in large pieces.
 *
 * @module
 */

import { buffers } from "./buffer_pool.ts";
import type { Transport } from "./transport/transport.ts";
import type { Turns } from "./turns.ts";

const NOTHING = new Uint8Array(0);
const SMALLEST = 128;
const LARGEST = 1 << 16;
// Where single packets are large, several of them should fit.
const LARGEST_FOR_PACKETS = 1 << 19;
// Who has read that much at once may have more to read, where reads do not tell.
const MUCH = 512;
// How many reads in a row must have used a small part before the buffer shrinks.
const QUIET = 16;

/** Who handles what arrives. None of the methods throws. */
export interface InputOwner {
  /** Whether nothing is to be handled any more: what still arrives is thrown away. */
  readonly closed: boolean;
  /**
   * Bytes have arrived behind `end - count`.
   *
   * @param count How many.
   * @returns What must settle before anything more is read, if anything.
   */
  arrived(count: number): Promise<void> | undefined;
  /**
   * What `arrived` or the last call has asked to wait for has settled.
   *
   * @param error What it was rejected with.
   * @returns What must settle next, if anything.
   */
  proceed(error?: unknown): Promise<void> | undefined;
  /**
   * The connection has no more to read.
   *
   * @param error Why, unless the peer has ended it in an orderly way.
   */
  ended(error?: unknown): void;
}

/**
 * The input of a connection: `bytes` from `start` to `end`.
 *
 * It reads by callbacks that are made once: an idle connection has one of these
 * and waits with it, where a suspended async function would be half a kilobyte.
 */
export class Input {
  /** The buffer. */
  bytes: Uint8Array = buffers.take(SMALLEST);
  /** Where the first frame begins that was not handled. */
  start = 0;
  /** Where what has arrived ends. */
  end = 0;
  #quiet = 0;
  /** Size of a frame that has begun to arrive. */
  #expected = 0;
  /** Whether what arrived has filled the buffer. */
  #full = false;
  readonly #transport: Transport;
  readonly #turns: Turns;
  readonly #owner: InputOwner;
  /** The transport of a read that failed may still write to the buffer. */
  #readFailed = false;
  /** Whether the last read found so much that there may be more. */
  #much = false;
  /** What must settle before anything more is read. */
  #awaited: Promise<void> | undefined;

  constructor(transport: Transport, turns: Turns, owner: InputOwner) {
    this.#transport = transport;
    this.#turns = turns;
    this.#owner = owner;
  }

  /** Reads until the connection ends. */
  read(): void {
    const { bytes, end } = this;
    const space = end === 0 || this.#owner.closed ? bytes : bytes.subarray(end);
    // A transport of a host program may throw.
    try {
      this.#transport.read(space).then(this.#received, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #received = (count: number | null): void => {
    if (count === null) return this.#owner.ended();
    if (this.#owner.closed) return this.read();
    this.#note(count);
    this.readAfter(this.#owner.arrived(count));
  };

  readonly #failed = (error: unknown): void => {
    this.#readFailed = true;
    this.#owner.ended(error);
  };

  /**
   * Reads on when something has settled, and what has arrived is handled.
   *
   * @param wait What must settle first, if anything.
   */
  readAfter(wait: Promise<void> | undefined): void {
    if (wait === undefined) {
      return this.#much ? this.#turns.next(this) : this.read();
    }
    this.#awaited = wait;
    wait.then(
      () => this.#proceed(wait),
      (error) => this.#proceed(wait, error ?? "unknown"),
    );
  }

  /** Waits no longer: the connection is closed, and its end is to be noticed. */
  abandon(): void {
    if (this.#awaited === undefined) return;
    this.#awaited = undefined;
    // Whoever is waited for may still look at what has arrived.
    this.bytes = buffers.take(SMALLEST);
    this.start = this.end = 0;
    this.read();
  }

  /**
   * Gives its buffer back, the connection has ended; but not to others if they could
   * find in it what is still read of this connection.
   */
  release(): void {
    if (!this.#readFailed) buffers.give(this.bytes);
    this.bytes = NOTHING;
    this.start = this.end = 0;
  }

  #proceed(wait: Promise<void>, error?: unknown): void {
    if (this.#awaited !== wait) return;
    this.#awaited = undefined;
    this.readAfter(this.#owner.proceed(error));
  }

  #note(count: number): void {
    this.end += count;
    const full = this.end === this.bytes.length;
    this.#much = full || count >= MUCH && !tellsItsEnd(this.#transport);
    if (full) {
      this.#full = true;
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
      const most = this.#expected > LARGEST / 2 ? LARGEST_FOR_PACKETS : LARGEST;
      const room = Math.max(
        this.#expected,
        Math.min(most, this.#expected * 4),
      );
      // Who announces a giant packet has not sent it yet.
      capacity = Math.max(
        capacity,
        Math.min(room, Math.max(LARGEST, left * 8)),
      );
    } else if (this.#full && capacity < LARGEST) {
      capacity = Math.min(LARGEST, capacity * 16);
    } else if (left === 0 && capacity > LARGEST_FOR_PACKETS) {
      // It was made for one giant packet.
      capacity = LARGEST_FOR_PACKETS;
    } else if (left === 0 && this.#quiet >= QUIET && capacity > SMALLEST) {
      capacity = Math.max(SMALLEST, capacity >> 2);
      this.#quiet = 0;
    }
    this.#expected = 0;
    this.#full = false;
    if (capacity !== this.bytes.length) {
      const next = buffers.take(capacity);
      next.set(this.bytes.subarray(this.start, this.end));
      buffers.give(this.bytes);
      this.bytes = next;
    } else if (left > 0 && this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = left;
  }
}

/**
 * Whether a read that leaves room has taken all there was: the runtime then waits for
 * the system to say that there is more, and others have their turn anyway.
 */
function tellsItsEnd({ kind }: Transport): boolean {
  return kind === "tcp" || kind === "unix";
}
