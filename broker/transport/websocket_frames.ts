/**
 * WebSocket frames, from the server's side (RFC 6455, section 5).
 *
 * @module
 */

/** What a frame carries. */
export const Opcode = {
  Continuation: 0,
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
} as const;

/** Status codes of the closing handshake (RFC 6455, section 7.4). */
export const CloseCode = {
  Normal: 1000,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  TooBig: 1009,
} as const;

/** A client broke a rule; the code goes into the Close frame. */
export class WebSocketError extends Error {
  /** Status code. */
  readonly code: number;

  /**
   * Creates the error.
   *
   * @param code Status code.
   * @param why What is wrong.
   */
  constructor(code: number, why: string) {
    super(`Cannot use the WebSocket: ${why}`);
    this.name = "WebSocketError";
    this.code = code;
  }
}

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LONGEST_CONTROL = 125;
// From here on it pays to unmask four bytes at a time.
const LONG = 256;
const MASK_BYTES = new Uint8Array(4);
const MASK_WORD = new Uint32Array(MASK_BYTES.buffer);

/**
 * Takes the frames of a client apart. What they carry is handed on as it comes:
 * however long a frame or a message is, nothing of it is gathered here.
 */
export class WebSocketDecoder {
  /** Whether the Close frame has come. */
  closed = false;
  /** Payload of the last Ping that was not taken from here yet. */
  ping: Uint8Array | undefined = undefined;
  readonly #maxFrameSize: number;
  readonly #header = new Uint8Array(14);
  #have = 0;
  #need = 2;
  #opcode = 0;
  /** Bytes of the frame that are to come; -1: its header is. */
  #left = -1;
  #maskAt = 0;
  /** How many bytes of the frame were unmasked. */
  #offset = 0;
  /** Whether a message goes on in the next frame. */
  #continues = false;
  #control: Uint8Array = new Uint8Array(0);

  /**
   * Creates a decoder.
   *
   * @param maxFrameSize Longest frame in bytes; 0: any.
   */
  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize;
  }

  /**
   * Reads what has arrived, and leaves at the front of `bytes` what data frames carry.
   *
   * @param bytes Where it stands.
   * @param count How many bytes it is.
   * @returns How many bytes of data there are now.
   * @throws {WebSocketError} If the client broke a rule.
   */
  decode(bytes: Uint8Array, count: number): number {
    let to = 0;
    for (let from = 0; from < count && !this.closed;) {
      if (this.#left < 0) {
        this.#header[this.#have++] = bytes[from++];
        if (this.#have === 2) this.#need = this.#headerSize();
        if (this.#have === this.#need) this.#begin();
        continue;
      }
      const size = Math.min(this.#left, count - from);
      if (this.#opcode < Opcode.Close) {
        this.#unmask(bytes, from, size, bytes, to);
        to += size;
      } else this.#unmask(bytes, from, size, this.#control, this.#offset);
      from += size;
      this.#offset += size;
      this.#left -= size;
      if (this.#left === 0) this.#end();
    }
    return to;
  }

  /** The size of the header, once its first two bytes are there; checks them. */
  #headerSize(): number {
    const [first, second] = this.#header;
    const opcode = first & 15;
    if (first & RESERVED) throw broken("a reserved bit is set");
    if (!(second & MASKED)) throw broken("a frame is not masked");
    const length = second & 127;
    if (opcode >= Opcode.Close) {
      if (opcode > Opcode.Pong) throw broken(`the opcode ${opcode} is unknown`);
      if (!(first & FINAL) || length > LONGEST_CONTROL) {
        throw broken("a control frame is fragmented or too long");
      }
    } else if (opcode === Opcode.Text) {
      // [MQTT-6.0.0-1]: packets travel in binary messages only.
      throw new WebSocketError(
        CloseCode.UnsupportedData,
        "the client sent a text message",
      );
    } else if (opcode > Opcode.Binary) {
      throw broken(`the opcode ${opcode} is unknown`);
    } else if ((opcode === Opcode.Continuation) !== this.#continues) {
      throw broken("fragments do not follow each other");
    }
    const more = length === 127 ? 8 : length === 126 ? 2 : 0;
    return 2 + more + 4;
  }

  #begin(): void {
    const header = this.#header;
    this.#opcode = header[0] & 15;
    this.#maskAt = this.#need - 4;
    let length = header[1] & 127;
    if (length > LONGEST_CONTROL) {
      const shortest = length === 126 ? 126 : 65536;
      length = 0;
      for (let i = 2; i < this.#maskAt; i++) length = length * 256 + header[i];
      if (length < shortest) throw broken("a length is not the shortest form");
      if (!Number.isSafeInteger(length)) throw broken("a frame is too long");
    }
    if (this.#maxFrameSize > 0 && length > this.#maxFrameSize) {
      throw new WebSocketError(
        CloseCode.TooBig,
        `a frame of ${length} bytes is longer than the limit of ${this.#maxFrameSize} bytes`,
      );
    }
    this.#have = this.#offset = 0;
    this.#need = 2;
    this.#left = length;
    if (this.#opcode >= Opcode.Close) this.#control = new Uint8Array(length);
    else this.#continues = !(header[0] & FINAL);
    if (length === 0) this.#end();
  }

  #end(): void {
    this.#left = -1;
    if (this.#opcode === Opcode.Close) this.closed = true;
    else if (this.#opcode === Opcode.Ping) this.ping = this.#control;
  }

  #unmask(
    bytes: Uint8Array,
    from: number,
    size: number,
    into: Uint8Array,
    to: number,
  ): void {
    const mask = this.#header;
    const at = this.#maskAt;
    let done = 0;
    const one = (): void => {
      const byte = mask[at + ((this.#offset + done) & 3)];
      into[to + done] = bytes[from + done] ^ byte;
      done++;
    };
    const distance = (bytes.byteOffset + from) - (into.byteOffset + to);
    if (size >= LONG && (distance & 3) === 0) {
      while ((bytes.byteOffset + from + done) & 3) one();
      const words = (size - done) >> 2;
      const source = new Uint32Array(
        bytes.buffer,
        bytes.byteOffset + from + done,
        words,
      );
      const target = new Uint32Array(
        into.buffer,
        into.byteOffset + to + done,
        words,
      );
      for (let i = 0; i < 4; i++) {
        MASK_BYTES[i] = mask[at + ((this.#offset + done + i) & 3)];
      }
      const word = MASK_WORD[0];
      for (let i = 0; i < words; i++) target[i] = source[i] ^ word;
      done += words << 2;
    }
    while (done < size) one();
  }
}

/** Most bytes that one data frame of the server carries. */
export const LARGEST_PAYLOAD = 0xffff;

/**
 * Makes a frame of the server, which is never masked or fragmented.
 *
 * @param opcode What it carries.
 * @param payload At most {@linkcode LARGEST_PAYLOAD} bytes.
 * @returns The frame; shares no memory with `payload`.
 */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length > LONGEST_CONTROL ? 4 : 2;
  const frame = new Uint8Array(head + length);
  frame[0] = FINAL | opcode;
  if (head === 2) frame[1] = length;
  else {
    frame[1] = 126;
    frame[2] = length >> 8;
    frame[3] = length & 255;
  }
  frame.set(payload, head);
  return frame;
}

/**
 * Makes a Close frame.
 *
 * @param code Status code.
 * @returns The frame.
 */
export function closeFrame(code: number): Uint8Array {
  return encodeFrame(Opcode.Close, Uint8Array.of(code >> 8, code & 255));
}

function broken(why: string): WebSocketError {
  return new WebSocketError(CloseCode.ProtocolError, why);
}
