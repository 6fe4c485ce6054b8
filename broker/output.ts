/**
 * What waits to be written to one connection. Packets are appended to one buffer
 * while the one before is being written, so that a turn of the event loop costs one
 * write however many packets it made.
 *
 * @module
 */

import { buffers } from "./buffer_pool.ts";
import type { Transport } from "./transport/transport.ts";

const SMALLEST = 512;
const NOTHING = new Uint8Array(0);

/** Writes all outputs that a turn of the event loop has touched, at its end. */
export class Flusher {
  #touched: Output[] = [];

  /** Has `output` written at the end of the turn. */
  add(output: Output): void {
    if (this.#touched.push(output) === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const touched = this.#touched;
    this.#touched = [];
    for (const output of touched) output.flush();
  };
}

/** Who hears of an output's fate. */
export interface OutputOwner {
  /** All that was appended so far is written, or nearly so. */
  drained(): void;
  /** More is to be written while a write is under way. */
  behind(): void;
  /** Bytes were written. */
  wrote(bytes: number): void;
  /** The connection broke, or everything was written after `end()`. */
  finished(error: unknown): void;
}

/** The bytes on their way to one client. */
export class Output {
  readonly #transport: Transport;
  readonly #flusher: Flusher;
  readonly #owner: OutputOwner;
  /** Where packets are appended; room for them is made by `reserve`. */
  buffer: Uint8Array = NOTHING;
  /** How much of the buffer is used. */
  length = 0;
  #writing: Uint8Array = NOTHING;
  #written = 0;
  #writingEnd = 0;
  /** What the last turn wrote: most often the next one writes as much. */
  #usual = 0;
  /** How many writes the other side has taken, at least in part. */
  writesTaken = 0;
  #touched = false;
  #ended = false;
  #closed = false;
  #held = false;

  constructor(transport: Transport, flusher: Flusher, owner: OutputOwner) {
    this.#transport = transport;
    this.#flusher = flusher;
    this.#owner = owner;
  }

  /** How many bytes wait, those that are being written included. */
  get size(): number {
    return this.length + this.#writingEnd - this.#written;
  }

  /** Whether a write is under way. */
  get writing(): boolean {
    return this.#writingEnd !== 0;
  }

  /**
   * Makes room for a packet, which the caller then writes to `buffer`.
   *
   * @param size Bytes of the packet.
   * @returns Where the packet begins.
   */
  reserve(size: number): number {
    const at = this.length;
    const need = at + size;
    if (need > this.buffer.length) this.#grow(need);
    this.length = need;
    if (!this.#touched) {
      this.#touched = true;
      this.#flusher.add(this);
    }
    return at;
  }

  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    // First `reserve`: it may exchange the buffer.
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Begins to write what was appended, unless a write is under way. */
  flush(): void {
    this.#touched = false;
    if (this.#writingEnd !== 0) {
      if (this.length > 0) this.#owner.behind();
      return;
    }
    if (this.#held) return;
    if (this.length === 0 || this.#closed) {
      if (this.#ended) this.#finish(undefined);
      return;
    }
    this.#writing = this.buffer;
    this.#written = 0;
    this.#writingEnd = this.#usual = this.length;
    this.buffer = NOTHING;
    this.length = 0;
    this.#write();
  }

  /** Writes nothing until `release()`. */
  hold(): void {
    this.#held = true;
  }

  /** Writes again. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.flush();
  }

  /** Closes the connection when everything is written. */
  end(): void {
    this.#ended = true;
    this.#held = false;
    this.flush();
  }

  /** Drops everything; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.length = 0;
    this.buffer = NOTHING;
  }

  #grow(need: number): void {
    const expected = this.length === 0 ? this.#usual : this.buffer.length * 2;
    const larger = buffers.take(Math.max(SMALLEST, expected, need));
    if (this.length > 0) larger.set(this.buffer.subarray(0, this.length));
    if (this.buffer !== NOTHING) buffers.give(this.buffer);
    this.buffer = larger;
  }

  #write(): void {
    const { length } = this.#writing;
    const bytes = this.#written === 0 && this.#writingEnd === length
      ? this.#writing
      : this.#writing.subarray(this.#written, this.#writingEnd);
    // A transport of a host program may throw; the others of the turn are written still.
    try {
      this.#transport.write(bytes).then(
        // Not made once: an idle connection should not have to keep them.
        (count) => this.#wrote(count),
        (error) => this.#failed(error),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #wrote(bytes: number): void {
    this.writesTaken++;
    this.#written += bytes;
    this.#owner.wrote(bytes);
    if (this.#written < this.#writingEnd) {
      if (this.#closed) return this.#finish(undefined);
      return this.#write();
    }
    buffers.give(this.#writing);
    this.#writing = NOTHING;
    this.#written = this.#writingEnd = 0;
    if (this.length > 0) this.flush();
    else if (this.#ended) return this.#finish(undefined);
    // Nobody waits for a write: what is thrown here would end the process.
    try {
      this.#owner.drained();
    } catch (error) {
      this.#finish(error);
    }
  }

  #failed(error: unknown): void {
    this.#writing = NOTHING;
    this.#written = this.#writingEnd = 0;
    this.#finish(error);
  }

  #finish(error: unknown): void {
    this.close();
    this.#owner.finished(error);
  }
}
