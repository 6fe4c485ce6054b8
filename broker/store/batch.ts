/**
 * What changes in the broker until the next commit, as bytes: they are cheap to
 * write for each message, and go to another thread without a copy.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import * as format from "./batch_format.ts";
import { applyBatch } from "./batch_reader.ts";
import { ByteWriter } from "./bytes.ts";
import type { BatchVisitor } from "./batch_visitor.ts";
import type {
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * A message as a batch takes it: payload and properties are ranges of larger arrays.
 *
 * @example
 * ```ts
 * import { Batch, type BatchMessage, MemoryStore } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const utf8 = new TextEncoder();
 * const message: BatchMessage = {
 *   target: { bytes: utf8.encode("lamp") },
 *   bytes: utf8.encode("something on something"),
 *   start: 10,
 *   end: 12,
 *   forward: new Uint8Array(0),
 *   forwardStart: 0,
 *   forwardEnd: 0,
 *   qos: 1,
 *   retain: true,
 *   expiresAt: 0,
 *   publisher: "switch",
 * };
 * const batch = new Batch();
 * batch.putRetained(message);
 * const store = new MemoryStore();
 * await store.commit(batch);
 * const [{ topic, payload }] = store.retained();
 * assertEquals([topic, new TextDecoder().decode(payload)], ["lamp", "on"]);
 * ```
 */
export interface BatchMessage {
  /** The topic; its name in UTF-8. */
  readonly target: { readonly bytes: Uint8Array };
  /** Where the payload stands. */
  readonly bytes: Uint8Array;
  /** Where the payload begins. */
  readonly start: number;
  /** Where the payload ends. */
  readonly end: number;
  /** Where the MQTT 5 properties stand that are passed on. */
  readonly forward: Uint8Array;
  /** Where these properties begin. */
  readonly forwardStart: number;
  /** Where these properties end. */
  readonly forwardEnd: number;
  /** QoS that the publisher chose. */
  readonly qos: QoS;
  /** Whether the publisher asked for the message to be retained. */
  readonly retain: boolean;
  /** When it expires, in milliseconds since 1970; 0: never. */
  readonly expiresAt: number;
  /** Client identifier of the publisher. */
  readonly publisher: string | undefined;
}

/**
 * Operations that are committed together.
 *
 * @example
 * ```ts
 * import { Batch, MemoryStore } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const batch = new Batch();
 * const bytes = new TextEncoder().encode("3");
 * batch.putValue({ plugin: "meter", key: "starts", kind: "json", bytes });
 * batch.deleteValue("meter", "stops");
 * assertEquals(batch.size, 2);
 *
 * const store = new MemoryStore();
 * await store.commit(batch);
 * assertEquals([...store.values()].map(({ key }) => key), ["starts"]);
 * ```
 */
export class Batch {
  #out: ByteWriter;
  /** How many operations count, those that were cancelled left out. */
  size = 0;

  /**
   * Creates an empty batch.
   *
   * @param bytes The buffer to begin with.
   */
  constructor(
    bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024),
  ) {
    this.#out = new ByteWriter(bytes);
  }

  /** The buffer with the operations; `length` bytes of it are used. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#out.bytes;
  }

  /** How many bytes the operations take. */
  get length(): number {
    return this.#out.length;
  }

  /** Takes a buffer back that was lent to another thread. */
  restore(bytes: Uint8Array<ArrayBuffer>): void {
    const { length } = this.#out;
    this.#out = new ByteWriter(bytes);
    this.#out.length = length;
  }

  /** Empties the batch for other operations. */
  clear(): void {
    this.#out.length = 0;
    this.size = 0;
  }

  /** Appends the operations of a batch that comes later. */
  append(later: Batch): void {
    const out = this.#out;
    out.room(later.length);
    out.bytes.set(later.buffer.subarray(0, later.length), out.length);
    out.length += later.length;
    this.size += later.size;
  }

  /** Adds or replaces a session. */
  putSession(session: StoredSession): void {
    const at = this.#begin(format.SESSION, 64);
    const out = this.#out;
    const { will } = session;
    out.u32(session.key);
    out.u8(
      session.protocolVersion | (session.claimed ? 8 : 0) |
        (will === undefined ? 0 : 16),
    );
    out.f64(session.expiryInterval);
    out.f64(session.disconnectedAt);
    out.text(session.clientId);
    out.text(session.username);
    if (will !== undefined) {
      out.room(16);
      out.f64(will.delay);
      out.f64(will.expiry ?? NaN);
      writeMessage(out, will.message);
    }
    this.#end(at);
  }

  /** Removes a session. */
  deleteSession(key: number): void {
    const at = this.#begin(format.SESSION_END, 4);
    this.#out.u32(key);
    this.#end(at);
  }

  /** Adds or replaces a subscription. */
  putSubscription(subscription: StoredSubscription): void {
    const { qos, noLocal, retainAsPublished, exempt } = subscription;
    const at = this.#begin(format.SUBSCRIPTION, 8);
    this.#out.u32(subscription.session);
    this.#out.u8(
      qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (exempt ? 16 : 0),
    );
    this.#out.text(subscription.filter);
    this.#out.numbers(subscription.identifiers);
    this.#end(at);
  }

  /** Removes a subscription. */
  deleteSubscription(session: number, filter: string): void {
    const at = this.#begin(format.SUBSCRIPTION_END, 4);
    this.#out.u32(session);
    this.#out.text(filter);
    this.#end(at);
  }

  /** Notes that a message of QoS 2 has arrived; the place is for `cancel`. */
  addIncoming(session: number, packetId: number): number {
    return this.#pair(format.INCOMING, session, packetId);
  }

  /** Notes that it is released. */
  deleteIncoming(session: number, packetId: number): void {
    this.#pair(format.INCOMING_END, session, packetId);
  }

  /**
   * Writes a message that deliveries then refer to.
   *
   * @returns Its place.
   */
  addBody(message: BatchMessage): number {
    const at = this.#begin(format.BODY, 4);
    this.size--;
    this.#out.u32(0);
    writeRanges(this.#out, message);
    this.#end(at);
    return at;
  }

  /**
   * Adds a delivery.
   *
   * @param flight The delivery.
   * @param body Place of its message in this batch.
   * @returns The delivery's place, for `cancelFlight`.
   */
  addFlight(flight: StoredDelivery, body: number): number {
    const at = this.#begin(format.FLIGHT, 36);
    const out = this.#out;
    // From here, so that batches can be put behind each other.
    out.u32(at - body);
    out.f64(flight.seq);
    out.u32(flight.session);
    out.u32(flight.weight);
    out.u8(
      flight.qos | (flight.retain ? 4 : 0) | (flight.released ? 8 : 0) |
        (flight.group === undefined ? 0 : 16) |
        (flight.identifiers.length === 0 ? 0 : 32),
    );
    out.u16(flight.packetId);
    if (flight.group !== undefined) out.text(flight.group);
    if (flight.identifiers.length > 0) out.numbers(flight.identifiers);
    this.#end(at);
    out.setU32At(body + format.USES, this.usesOf(body) + 1);
    return at;
  }

  /** How many deliveries of the batch have a message. */
  usesOf(body: number): number {
    return this.#out.u32At(body + format.USES);
  }

  /**
   * Takes a delivery out of the batch: it ended before it was committed.
   *
   * @param at Place of the delivery.
   * @returns Place of its message.
   */
  cancelFlight(at: number): number {
    const out = this.#out;
    const body = at - out.u32At(at + format.HEADER);
    out.setU32At(body + format.USES, this.usesOf(body) - 1);
    this.cancel(at);
    return body;
  }

  /** Notes what has become of a delivery. */
  updateFlight(seq: number, packetId: number, released: boolean): void {
    const at = this.#begin(format.FLIGHT_STATE, 11);
    this.#out.f64(seq);
    this.#out.u16(packetId);
    this.#out.u8(released ? 1 : 0);
    this.#end(at);
  }

  /** Removes a delivery. */
  deleteFlight(seq: number): void {
    const at = this.#begin(format.FLIGHT_END, 8);
    this.#out.f64(seq);
    this.#end(at);
  }

  /** Sets a topic's retained message; the place is for `cancel`. */
  putRetained(message: BatchMessage): number {
    const at = this.#begin(format.RETAINED, 0);
    writeRanges(this.#out, message);
    this.#end(at);
    return at;
  }

  /** Removes a topic's retained message; the place is for `cancel`. */
  deleteRetained(topic: string): number {
    const at = this.#begin(format.RETAINED_END, 0);
    this.#out.text(topic);
    this.#end(at);
    return at;
  }

  /** Sets a value of a plugin; the place is for `cancel`. */
  putValue({ plugin, key, kind, bytes }: StoredValue): number {
    const at = this.#begin(format.VALUE, 1);
    this.#out.u8(format.VALUE_KINDS.indexOf(kind));
    this.#out.text(plugin);
    this.#out.text(key);
    this.#out.blob(bytes);
    this.#end(at);
    return at;
  }

  /** Removes a value of a plugin; the place is for `cancel`. */
  deleteValue(plugin: string, key: string): number {
    const at = this.#begin(format.VALUE_END, 0);
    this.#out.text(plugin);
    this.#out.text(key);
    this.#end(at);
    return at;
  }

  /** Removes all values of a plugin. */
  clearValues(plugin: string): void {
    const at = this.#begin(format.VALUES_END, 0);
    this.#out.text(plugin);
    this.#end(at);
  }

  /** Takes an operation out of the batch. */
  cancel(at: number): void {
    this.#out.bytes[at] = format.CANCELLED;
    this.size--;
  }

  /** Replays the operations. */
  apply(visitor: BatchVisitor): void {
    applyBatch(this.buffer.subarray(0, this.length), visitor);
  }

  #pair(type: number, session: number, packetId: number): number {
    const at = this.#begin(type, 6);
    this.#out.u32(session);
    this.#out.u16(packetId);
    this.#end(at);
    return at;
  }

  #begin(type: number, size: number): number {
    const out = this.#out;
    const at = out.length;
    out.room(format.HEADER + size);
    out.bytes[at] = type;
    out.length = at + format.HEADER;
    this.size++;
    return at;
  }

  #end(at: number): void {
    this.#out.setU32At(at + 1, this.#out.length - at);
  }
}

function writeRanges(out: ByteWriter, message: BatchMessage): void {
  const { qos, retain, publisher, target } = message;
  out.room(9);
  out.u8(qos | (retain ? 4 : 0));
  out.f64(message.expiresAt);
  out.range(target.bytes, 0, target.bytes.length);
  out.text(publisher);
  out.range(message.forward, message.forwardStart, message.forwardEnd);
  out.range(message.bytes, message.start, message.end);
}

function writeMessage(out: ByteWriter, message: StoredMessage): void {
  const { qos, retain, publisher } = message;
  out.room(9);
  out.u8(qos | (retain ? 4 : 0));
  out.f64(message.expiresAt);
  out.text(message.topic);
  out.text(publisher);
  out.blob(message.properties);
  out.blob(message.payload);
}
