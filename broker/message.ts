/**
 * A message on its way through the broker, and the memory that kept messages
 * stand in.
 *
 * @module
 */

import type { ApplicationMessage, QoS } from "../plugins/mod.ts";
import type { PublishView } from "../codec/publish.ts";
import type { TopicTable } from "../codec/topic_table.ts";
import { readProperties } from "./message_properties.ts";
import type { StoredMessage } from "./store/stored_types.ts";
import type { Topic } from "./topics/topic.ts";

const encoder = new TextEncoder();
const NOTHING: Uint8Array = new Uint8Array(0);

// The payload that was looked at last.
let viewedIn = NOTHING;
let viewedStart = 0;
let viewedEnd = 0;
let viewed = NOTHING;

/**
 * A message. Payload and properties are ranges of larger arrays: of the
 * connection's input while the message passes through, of a slab once something
 * keeps it. {@linkcode Message.keep} is the step from the one to the other; it is
 * taken at most once however many sessions queue the message.
 */
export class Message implements ApplicationMessage {
  /** The topic. */
  target: Topic;
  /** Where the payload stands. */
  bytes: Uint8Array = NOTHING;
  /** Where the payload begins. */
  start = 0;
  /** Where the payload ends. */
  end = 0;
  /** Where the MQTT 5 properties stand that are passed on unchanged. */
  forward: Uint8Array = NOTHING;
  /** Where these properties begin. */
  forwardStart = 0;
  /** Where these properties end. */
  forwardEnd = 0;
  /** QoS that the publisher chose. */
  qos: QoS = 0;
  /** Whether the publisher asked for the message to be retained. */
  retain = false;
  /** When it expires, in milliseconds since 1970; 0: never. */
  expiresAt = 0;
  /** Client identifier of the publisher. */
  publisher: string | undefined = undefined;
  #kept: Message | undefined = undefined;

  /**
   * Creates a message without payload.
   *
   * @param target The topic.
   */
  constructor(target: Topic) {
    this.target = target;
  }

  /**
   * Makes a kept message of one that a store has.
   *
   * @param stored The message.
   * @param topics Has the topic.
   * @returns The message.
   */
  static from(stored: StoredMessage, topics: TopicTable<Topic>): Message {
    const name = encoder.encode(stored.topic);
    const message = new Message(topics.get(name, 0, name.length));
    message.bytes = stored.payload;
    message.end = stored.payload.length;
    message.forward = stored.properties;
    message.forwardEnd = stored.properties.length;
    message.qos = stored.qos;
    message.retain = stored.retain;
    message.expiresAt = stored.expiresAt;
    message.publisher = stored.publisher;
    return message.lasts();
  }

  /**
   * Makes a kept message, of QoS 0 and without properties, whose payload stands among
   * others.
   *
   * @param target The topic.
   * @param bytes Where the payload stands; nobody changes them any more.
   * @param start Where it begins.
   * @param end Where it ends.
   * @param publisher Client identifier of the publisher.
   * @returns The message.
   */
  static among(
    target: Topic,
    bytes: Uint8Array,
    start: number,
    end: number,
    publisher: string,
  ): Message {
    const message = new Message(target);
    message.bytes = bytes;
    message.start = start;
    message.end = end;
    message.publisher = publisher;
    return message.lasts();
  }

  /** Topic name. */
  get topic(): string {
    return this.target.name;
  }

  /** The payload, a view. */
  get payload(): Uint8Array {
    const { bytes, start, end } = this;
    // Several plugins look at one message.
    if (bytes === viewedIn && start === viewedStart && end === viewedEnd) {
      return viewed;
    }
    viewedIn = bytes;
    viewedStart = start;
    viewedEnd = end;
    return viewed = bytes.subarray(start, end);
  }

  /** The MQTT 5 properties; absent if there are none. */
  get properties(): ApplicationMessage["properties"] {
    if (this.forwardStart === this.forwardEnd && this.expiresAt === 0) {
      return undefined;
    }
    const properties = readProperties(
      this.forward,
      this.forwardStart,
      this.forwardEnd,
    );
    if (this.expiresAt !== 0) {
      properties.messageExpiryInterval = this.remaining(Date.now());
    }
    return properties;
  }

  /** Size of the payload in bytes. */
  get size(): number {
    return this.end - this.start;
  }

  /** What it counts in a queue: payload, properties and topic, in bytes. */
  get weight(): number {
    return this.end - this.start + this.forwardEnd - this.forwardStart +
      this.target.bytes.length;
  }

  /** Makes it the next one to the same topic, whose payload stands in the same bytes. */
  move(start: number, end: number): void {
    this.start = start;
    this.end = end;
    if (this.#kept !== undefined) this.#kept = undefined;
  }

  /** Prepares the object for the next message; it may have been kept before. */
  reuse(target: Topic): void {
    this.target = target;
    this.#kept = undefined;
  }

  /**
   * Makes it the message of a packet; the object may have been another one before.
   *
   * @param view The packet.
   * @param topic Its topic.
   * @param publisher Client identifier of the publisher.
   * @param now When it came, in milliseconds since 1970; left out: now.
   * @returns This message.
   */
  become(
    view: PublishView<Topic>,
    topic: Topic,
    publisher: string,
    now?: number,
  ): this {
    this.reuse(topic);
    this.bytes = view.bytes;
    this.start = view.payloadStart;
    this.end = view.end;
    this.forward = view.forward;
    this.forwardStart = view.forwardStart;
    this.forwardEnd = view.forwardEnd;
    this.qos = view.qos;
    this.retain = view.retain;
    this.expiresAt = view.expiry === -1
      ? 0
      : (now ?? Date.now()) + view.expiry * 1000;
    this.publisher = publisher;
    return this;
  }

  /** Says that the bytes stay as they are, so that there is nothing to keep. */
  lasts(): this {
    this.#kept = this;
    return this;
  }

  /**
   * Seconds that the message has left.
   *
   * @param now Milliseconds since 1970.
   * @returns At least 1 while it has not expired.
   */
  remaining(now: number): number {
    return Math.max(1, Math.ceil((this.expiresAt - now) / 1000));
  }

  /**
   * Whether the message is too old to be delivered [MQTT-3.3.2-5].
   *
   * @param now Milliseconds since 1970.
   * @returns Whether it has expired.
   */
  expired(now: number): boolean {
    return this.expiresAt !== 0 && this.expiresAt <= now;
  }

  /**
   * A copy whose bytes stay as they are.
   *
   * @returns The copy; the same one at every call.
   */
  keep(): Message {
    if (this.#kept !== undefined) return this.#kept;
    const kept = new Message(this.target);
    const size = this.end - this.start;
    const rest = this.forwardEnd - this.forwardStart;
    const at = allocate(size + rest);
    copy(this.bytes, this.start, this.end, at);
    kept.bytes = slab;
    kept.start = at;
    kept.end = at + size;
    if (rest > 0) {
      copy(this.forward, this.forwardStart, this.forwardEnd, at + size);
      kept.forward = slab;
      kept.forwardStart = at + size;
      kept.forwardEnd = at + size + rest;
    }
    kept.qos = this.qos;
    kept.retain = this.retain;
    kept.expiresAt = this.expiresAt;
    kept.publisher = this.publisher;
    this.#kept = kept.lasts();
    return kept;
  }

  /**
   * Moves the bytes of a kept message out of the slab that it shares with others.
   * Whatever stays long (a retained message, an offline queue) does this, lest it
   * hold the memory of its neighbours.
   *
   * @returns This message.
   */
  settle(): this {
    const size = this.end - this.start;
    const rest = this.forwardEnd - this.forwardStart;
    if (this.bytes.length + this.forward.length === size + rest) return this;
    if (this.bytes === this.forward && this.bytes.length === size + rest) {
      return this;
    }
    const own = new Uint8Array(size + rest);
    own.set(this.bytes.subarray(this.start, this.end));
    own.set(this.forward.subarray(this.forwardStart, this.forwardEnd), size);
    this.bytes = own;
    this.start = 0;
    this.end = size;
    this.forward = own;
    this.forwardStart = size;
    this.forwardEnd = size + rest;
    return this;
  }
}

// Kept messages are cut from slabs: an array of its own for each payload would cost
// several times the payload in memory and collection.
const SLAB = 16384;
let slab: Uint8Array = NOTHING;
let slabUsed = 0;

function allocate(size: number): number {
  if (size > slab.length - slabUsed) {
    slab = new Uint8Array(Math.max(SLAB, size));
    slabUsed = 0;
  }
  const at = slabUsed;
  slabUsed += size;
  return at;
}

function copy(from: Uint8Array, start: number, end: number, at: number): void {
  // For few bytes a loop is faster than a view and a copy of it.
  if (end - start < 80) {
    while (start < end) slab[at++] = from[start++];
  } else slab.set(from.subarray(start, end), at);
}
