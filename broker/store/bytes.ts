/**
 * Numbers, texts and bytes in a row, as batches hold them.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// Marks a text that is absent.
const ABSENT = 0xffffffff;

/** Appends values to a buffer that grows. */
export class ByteWriter {
  /** The buffer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** How much of it is used. */
  length = 0;
  #view: DataView;
  #lastText = "";
  #lastBytes = new Uint8Array(0);

  /**
   * Creates an empty writer.
   *
   * @param bytes The buffer to begin with.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Makes sure that `size` more bytes fit. */
  room(size: number): void {
    const need = this.length + size;
    if (need <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(need, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Appends one byte; `room` was made. */
  u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** Appends two bytes; `room` was made. */
  u16(value: number): void {
    this.#view.setUint16(this.length, value);
    this.length += 2;
  }

  /** Appends four bytes; `room` was made. */
  u32(value: number): void {
    this.#view.setUint32(this.length, value);
    this.length += 4;
  }

  /** Appends a number of any kind; `room` was made. */
  f64(value: number): void {
    this.#view.setFloat64(this.length, value);
    this.length += 8;
  }

  /** Reads four bytes that were written before. */
  u32At(at: number): number {
    return this.#view.getUint32(at);
  }

  /** Changes four bytes that were written before. */
  setU32At(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  /** Appends a range of bytes with its length. */
  range(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.room(4 + size);
    this.u32(size);
    if (size < 80) {
      const { bytes } = this;
      let at = this.length;
      while (start < end) bytes[at++] = from[start++];
    } else this.bytes.set(from.subarray(start, end), this.length);
    this.length += size;
  }

  /** Appends bytes with their length. */
  blob(bytes: Uint8Array): void {
    this.range(bytes, 0, bytes.length);
  }

  /** Appends a text, or that there is none. */
  text(text: string | undefined): void {
    if (text === undefined) {
      this.room(4);
      this.u32(ABSENT);
      return;
    }
    // Many messages in a row have the same publisher.
    if (text !== this.#lastText) {
      this.#lastText = text;
      this.#lastBytes = encoder.encode(text);
    }
    this.blob(this.#lastBytes);
  }

  /** Appends whole numbers. */
  numbers(numbers: readonly number[]): void {
    this.room(2 + numbers.length * 4);
    this.u16(numbers.length);
    for (const number of numbers) this.u32(number);
  }
}

/** Reads what a {@linkcode ByteWriter} has written. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Where the next value begins. */
  at = 0;
  readonly #view: DataView;

  /**
   * Creates a reader.
   *
   * @param bytes The bytes.
   */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads one byte. */
  u8(): number {
    return this.bytes[this.at++];
  }

  /** Reads two bytes. */
  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  /** Reads four bytes. */
  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  /** Reads a number of any kind. */
  f64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8);
  }

  /** Reads bytes; a view. */
  blob(): Uint8Array {
    const size = this.u32();
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  /** Reads a text, or that there is none. */
  text(): string | undefined {
    const size = this.u32();
    if (size === ABSENT) return undefined;
    this.at += size;
    return decoder.decode(this.bytes.subarray(this.at - size, this.at));
  }

  /** Reads whole numbers. */
  numbers(): number[] {
    const count = this.u16();
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) numbers.push(this.u32());
    return numbers;
  }
}
