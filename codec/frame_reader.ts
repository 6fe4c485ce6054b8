import { malformed } from "./errors.ts";
import { checkProperties } from "./properties.ts";
import type { PropertyHolder, Section } from "./properties.ts";
import { isUtf8 } from "./utf8.ts";
import { readVarint, varintSize } from "./varint.ts";

/**
 * Walks through the body of one frame and never beyond it. Everything that is cut
 * off or ill-formed is a {@linkcode PacketError} with the reason code 0x81.
 */
export class FrameReader {
  /** The whole frame. */
  readonly bytes: Uint8Array;
  /** Index of the next byte. */
  at: number;
  readonly #packet: string;
  readonly #maxUserProperties: number;

  /**
   * Creates a reader that stands at the beginning of the body.
   *
   * @param bytes The whole frame.
   * @param start Index of the first byte of the body.
   * @param packet Name of the packet for messages.
   * @param maxUserProperties Most user properties in one place.
   */
  constructor(
    bytes: Uint8Array,
    start: number,
    packet: string,
    maxUserProperties: number = Infinity,
  ) {
    this.bytes = bytes;
    this.at = start;
    this.#packet = packet;
    this.#maxUserProperties = maxUserProperties;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Reads a byte. */
  byte(what: string): number {
    this.#need(1, what);
    return this.bytes[this.at++];
  }

  /** Reads a two byte integer. */
  uint16(what: string): number {
    this.#need(2, what);
    const value = this.bytes[this.at] << 8 | this.bytes[this.at + 1];
    this.at += 2;
    return value;
  }

  /** Reads a packet identifier, which is never 0. */
  packetId(): void {
    if (this.uint16("packet identifier") === 0) {
      throw malformed(
        `Cannot decode ${this.#packet}: its packet identifier is 0 [MQTT-2.2.1-3]`,
      );
    }
  }

  /** Reads bytes that follow their length; the result shares memory with the frame. */
  binary(what: string): Uint8Array {
    const length = this.uint16(what);
    this.#need(length, what);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Reads a UTF-8 string and leaves it in UTF-8. */
  string(what: string): Uint8Array {
    const text = this.binary(what);
    if (!isUtf8(text, 0, text.length)) {
      throw malformed(
        `Cannot decode ${this.#packet}: its ${what} is not valid UTF-8 [MQTT-1.5.4-1]`,
      );
    }
    return text;
  }

  /** Reads and checks properties with their length. */
  properties(holder: PropertyHolder): Section {
    const length = readVarint(this.bytes, this.at, this.bytes.length);
    this.at += varintSize(length);
    this.#need(length, "properties");
    const start = this.at;
    this.at += length;
    checkProperties(
      this.bytes,
      start,
      this.at,
      holder,
      this.#maxUserProperties,
    );
    return { start, end: this.at };
  }

  /** Makes sure that nothing is left. */
  finish(): void {
    if (this.left > 0) {
      throw malformed(
        `Cannot decode ${this.#packet}: ${this.left} bytes follow its end`,
      );
    }
  }

  #need(count: number, what: string): void {
    if (count > this.left) {
      throw malformed(`Cannot decode ${this.#packet}: its ${what} is cut off`);
    }
  }
}
