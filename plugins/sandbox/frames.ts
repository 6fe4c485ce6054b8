/**
 * Messages in a stream of bytes. A frame is the length of what follows, the length
 * of a JSON text, the text, and after it the bytes that messages hold.
 *
 * @module
 */

import { fromWire, toWire } from "./wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Bytes before the text: both lengths, 4 bytes each. */
const HEAD = 8;

/**
 * The longest frame that a sandbox may send: a broker must not keep whatever a
 * plugin likes.
 */
export const MAX_FRAME: number = 32 * 1024 * 1024;

/** The longest text in such a frame. To read it takes time, other than bytes do. */
export const MAX_TEXT: number = 4 * 1024 * 1024;

/**
 * Writes a message.
 *
 * @param message Plain data.
 * @returns The frame.
 * @throws {TypeError} If the message holds what cannot cross.
 */
export function encodeFrame(message: unknown): Uint8Array {
  const blobs: Uint8Array[] = [];
  const value = toWire(message, blobs);
  const text = encoder.encode(
    blobs.length === 0
      ? JSON.stringify([value])
      : JSON.stringify([value, ...blobs.map(({ length }) => length)]),
  );
  let size = HEAD + text.length;
  for (const blob of blobs) size += blob.length;
  const frame = new Uint8Array(size);
  const view = new DataView(frame.buffer);
  view.setUint32(0, size - 4);
  view.setUint32(4, text.length);
  frame.set(text, HEAD);
  let offset = HEAD + text.length;
  for (const blob of blobs) {
    frame.set(blob, offset);
    offset += blob.length;
  }
  return frame;
}

/**
 * Refuses a frame that the broker would not read.
 *
 * @param frame A whole frame.
 * @throws {RangeError} If it is too long.
 */
export function refuseLongFrame(frame: Uint8Array): void {
  const textSize = new DataView(frame.buffer).getUint32(4);
  if (frame.length - 4 <= MAX_FRAME && textSize <= MAX_TEXT) return;
  throw new RangeError(
    `it is too long to cross a sandbox: text has at most ${
      MAX_TEXT / 1024 ** 2
    } MiB, bytes ${MAX_FRAME / 1024 ** 2} MiB`,
  );
}

/** Cuts messages out of a stream. */
export class FrameReader {
  readonly #maxFrame: number;
  readonly #maxText: number;
  #input: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /**
   * Creates a reader.
   *
   * @param maxFrame The longest frame that is accepted.
   * @param maxText The longest text in it.
   */
  constructor(maxFrame: number, maxText: number) {
    this.#maxFrame = maxFrame;
    this.#maxText = maxText;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @param bytes The bytes; they may be overwritten afterwards.
   */
  push(bytes: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (this.#end + bytes.length > this.#input.length) {
      const size = kept + bytes.length;
      const input = size > this.#input.length
        ? new Uint8Array(Math.max(65536, size * 2))
        : this.#input;
      input.set(this.#input.subarray(this.#start, this.#end));
      this.#input = input;
      this.#start = 0;
      this.#end = kept;
    }
    this.#input.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * Reads the next message.
   *
   * @returns A list with the message alone, or `undefined` if it is not complete yet.
   * @throws {Error} If what came is no frame.
   */
  next(): [message: unknown] | undefined {
    if (this.#end - this.#start < HEAD) return undefined;
    const view = new DataView(this.#input.buffer, this.#start);
    const size = view.getUint32(0);
    const textSize = view.getUint32(4);
    if (
      size > this.#maxFrame || textSize > this.#maxText || textSize + 4 > size
    ) {
      throw new Error("what came is no message, or a message that is too long");
    }
    if (this.#end - this.#start < size + 4) return undefined;
    const textStart = this.#start + HEAD;
    const frameEnd = this.#start + 4 + size;
    const textEnd = textStart + textSize;
    const text = decoder.decode(this.#input.subarray(textStart, textEnd));
    const [value, ...sizes] = JSON.parse(text) as [unknown, ...number[]];
    const blobs: Uint8Array[] = [];
    let offset = textEnd;
    for (const length of sizes) {
      if (!(length >= 0 && offset + length <= frameEnd)) {
        throw new Error("the bytes of a message are missing");
      }
      blobs.push(this.#input.slice(offset, offset += length));
    }
    this.#start = frameEnd;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return [fromWire(value, blobs)];
  }
}
