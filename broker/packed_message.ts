/**
 * A message that stays long, in little memory.
 *
 * @module
 */

import { decodeUtf8 } from "../codec/utf8.ts";
import type { QoS } from "../plugins/mod.ts";
import {
  type ByteSlots,
  LARGEST_SLOT,
  type Placed,
  type Slab,
} from "./byte_slots.ts";
import { Message } from "./message.ts";
import { Topic } from "./topics/topic.ts";

/**
 * Topic name, payload and properties in a row. A `Message` has objects for the topic
 * and two arrays; for a small message they are several times what it says.
 */
export class PackedMessage implements Placed {
  slab: Slab | undefined = undefined;
  start = 0;
  /** The bytes of one that is too large for a slot. */
  readonly #own: Uint8Array | undefined;
  readonly #payload: number;
  readonly #properties: number;
  /** The message's weight: the size of all three in bytes. */
  readonly weight: number;
  readonly #qos: QoS;
  readonly #retain: boolean;
  readonly #expiresAt: number;
  readonly #publisher: string | undefined;

  /**
   * Packs a message.
   *
   * @param message The message; it is copied.
   * @param slots Where it stands; it must be given back.
   */
  constructor(message: Message, slots: ByteSlots) {
    const { target, bytes, start, end, weight } = message;
    const { forward, forwardStart, forwardEnd } = message;
    this.#payload = target.bytes.length;
    this.#properties = this.#payload + message.size;
    this.weight = weight;
    if (weight <= LARGEST_SLOT) slots.take(this, weight);
    else this.#own = new Uint8Array(weight);
    const into = this.#own ?? this.slab!.bytes;
    into.set(target.bytes, this.start);
    into.set(bytes.subarray(start, end), this.start + this.#payload);
    into.set(
      forward.subarray(forwardStart, forwardEnd),
      this.start + this.#properties,
    );
    this.#qos = message.qos;
    this.#retain = message.retain;
    this.#expiresAt = message.expiresAt;
    this.#publisher = message.publisher;
  }

  /** Gives its place back: it cannot be unpacked any more. */
  free(slots: ByteSlots): void {
    if (this.slab !== undefined) slots.free(this, this.weight);
    this.slab = undefined;
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
    const { weight } = this;
    let bytes = this.#own;
    let at = 0;
    if (bytes === undefined) {
      // What stands in a slot may be moved.
      at = allocate(weight);
      bytes = shared;
      bytes.set(
        this.slab!.bytes.subarray(this.start, this.start + weight),
        at,
      );
    }
    const payload = at + this.#payload;
    const name = decodeUtf8(bytes, at, payload);
    const message = new Message(new Topic(name, bytes.subarray(at, payload)));
    message.bytes = message.forward = bytes;
    message.start = payload;
    message.end = message.forwardStart = at + this.#properties;
    message.forwardEnd = at + weight;
    message.qos = this.#qos;
    message.retain = this.#retain;
    message.expiresAt = this.#expiresAt;
    message.publisher = this.#publisher;
    return message.lasts();
  }
}

// An array of its own for each message that is unpacked would take longer than the rest.
// A large one that many share could stay for a single one that somebody keeps.
const SHARED = 2048;
let shared: Uint8Array = new Uint8Array(0);
let sharedUsed = 0;

function allocate(size: number): number {
  if (size > shared.length - sharedUsed) {
    shared = new Uint8Array(SHARED);
    sharedUsed = 0;
  }
  sharedUsed += size;
  return sharedUsed - size;
}
