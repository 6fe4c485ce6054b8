/**
 * A message that stays long, in little memory.
 *
 * @module
 */

import { decodeUtf8 } from "../codec/utf8.ts";
import type { QoS } from "../plugins/mod.ts";
import { Message } from "./message.ts";
import { Topic } from "./topics/topic.ts";

/**
 * Topic name, payload and properties in one array. A `Message` has objects for the
 * topic and two arrays; for a small message they are several times what it says.
 */
export class PackedMessage {
  readonly #bytes: Uint8Array;
  readonly #payload: number;
  readonly #properties: number;
  readonly #qos: QoS;
  readonly #retain: boolean;
  readonly #expiresAt: number;
  readonly #publisher: string | undefined;

  /**
   * Packs a message.
   *
   * @param message The message; it is copied.
   */
  constructor(message: Message) {
    const { target, bytes, start, end } = message;
    const { forward, forwardStart, forwardEnd } = message;
    this.#payload = target.bytes.length;
    this.#properties = this.#payload + message.size;
    this.#bytes = new Uint8Array(message.weight);
    this.#bytes.set(target.bytes);
    this.#bytes.set(bytes.subarray(start, end), this.#payload);
    this.#bytes.set(
      forward.subarray(forwardStart, forwardEnd),
      this.#properties,
    );
    this.#qos = message.qos;
    this.#retain = message.retain;
    this.#expiresAt = message.expiresAt;
    this.#publisher = message.publisher;
  }

  /** The message's weight. */
  get weight(): number {
    return this.#bytes.length;
  }

  /**
   * Whether the message is too old to be delivered [MQTT-3.3.2-5].
   *
   * @param now Milliseconds since 1970.
   * @returns Whether it has expired.
   */
  expired(now: number): boolean {
    return this.#expiresAt !== 0 && this.#expiresAt <= now;
  }

  /** The message, kept. */
  unpack(): Message {
    const bytes = this.#bytes;
    const name = decodeUtf8(bytes, 0, this.#payload);
    const message = new Message(
      new Topic(name, bytes.subarray(0, this.#payload)),
    );
    message.bytes = message.forward = bytes;
    message.start = this.#payload;
    message.end = message.forwardStart = this.#properties;
    message.forwardEnd = bytes.length;
    message.qos = this.#qos;
    message.retain = this.#retain;
    message.expiresAt = this.#expiresAt;
    message.publisher = this.#publisher;
    return message.lasts();
  }
}
