/**
 * The forms that one message takes on the wire. A fan-out builds each form once,
 * whoever gets it; if the publisher's own packet has the right form already, it is
 * passed on as it is.
 *
 * @module
 */

import type { PublishView } from "../codec/publish.ts";
import { varintSize, writeVarint } from "../codec/varint.ts";
import type { Message } from "./message.ts";
import type { Topic } from "./topics/topic.ts";

const NOTHING = new Uint8Array(0);

/** The frames of one message at a time: a form for each QoS, with and without MQTT 5 properties. */
export class WireFrames {
  #message: Message | undefined;
  #ready = 0;
  readonly #bytes: Uint8Array[] = new Array<Uint8Array>(6).fill(NOTHING);
  readonly #starts: number[] = [0, 0, 0, 0, 0, 0];
  readonly #ends: number[] = [0, 0, 0, 0, 0, 0];
  #scratch = new Uint8Array(4096);
  #used = 0;

  /** Where the frame that `select` chose stands. */
  bytes: Uint8Array = NOTHING;
  /** Where it begins. */
  start = 0;
  /** Where it ends. */
  end = 0;

  /**
   * Begins with another message.
   *
   * @param message The message.
   * @param view The packet that it came in, while its bytes are there.
   * @param version Protocol level of the packet.
   */
  begin(
    message: Message,
    view?: PublishView<Topic>,
    version: 3 | 4 | 5 = 4,
  ): void {
    this.#message = message;
    this.#ready = 0;
    this.#used = 0;
    if (view?.verbatim) {
      const form = (version === 5 ? 3 : 0) + view.qos;
      this.#bytes[form] = view.bytes;
      this.#starts[form] = view.start;
      this.#ends[form] = view.end;
      this.#ready = 1 << form;
    }
  }

  /** Lets go of the message. */
  clear(): void {
    this.#message = undefined;
    this.#ready = 0;
  }

  /**
   * Chooses a form; `bytes`, `start` and `end` then say where it is. Its flags and
   * its packet identifier are for the caller to set in the copy.
   *
   * @param message The message; another one than before begins anew.
   * @param v5 Whether the form has MQTT 5 properties.
   * @param qos QoS of the form.
   */
  select(message: Message, v5: boolean, qos: number): void {
    if (this.#message !== message) this.begin(message);
    const form = (v5 ? 3 : 0) + qos;
    if ((this.#ready & (1 << form)) === 0) this.#build(form, message, v5, qos);
    this.bytes = this.#bytes[form];
    this.start = this.#starts[form];
    this.end = this.#ends[form];
  }

  #build(form: number, message: Message, v5: boolean, qos: number): void {
    const rest = message.forwardEnd - message.forwardStart;
    const body = 2 + message.target.bytes.length + (qos > 0 ? 2 : 0) +
      (v5 ? varintSize(rest) + rest : 0) + message.end - message.start;
    const size = 1 + varintSize(body) + body;
    if (this.#used + size > this.#scratch.length) {
      // Forms built before stay where they are.
      this.#scratch = new Uint8Array(Math.max(4096, 2 * size));
      this.#used = 0;
    }
    const into = this.#scratch;
    const start = this.#used;
    writePublish(into, start, body, message, qos, 0, v5 ? 0 : -1, 0, 0, NO_IDS);
    this.#bytes[form] = into;
    this.#starts[form] = start;
    this.#ends[form] = start + size;
    this.#used = start + size;
    this.#ready |= 1 << form;
    // One giant message is no reason to keep giant memory.
    if (into.length > 1 << 20) this.#scratch = new Uint8Array(4096);
  }
}

const NO_IDS: readonly number[] = [];

/**
 * Tells how long the properties of a PUBLISH are.
 *
 * @param message The message.
 * @param alias Topic alias; 0: none.
 * @param expiry Remaining seconds; 0: no expiry.
 * @param identifiers Subscription identifiers.
 * @returns Bytes, without the length that stands before them.
 */
export function propertiesSize(
  message: Message,
  alias: number,
  expiry: number,
  identifiers: readonly number[],
): number {
  let size = message.forwardEnd - message.forwardStart + (alias ? 3 : 0) +
    (expiry ? 5 : 0);
  for (const identifier of identifiers) size += 1 + varintSize(identifier);
  return size;
}

/**
 * Writes a PUBLISH.
 *
 * @param into Where to write; there is room.
 * @param at Position of the first byte.
 * @param body The remaining length.
 * @param message The message.
 * @param qos QoS.
 * @param packetId Packet identifier, written if `qos` is not 0.
 * @param alias Topic alias; 0: none; -1: no properties at all (MQTT 3).
 * @param nameless 1 if the alias stands for the topic name.
 * @param expiry Remaining seconds; 0: no expiry.
 * @param identifiers Subscription identifiers.
 */
export function writePublish(
  into: Uint8Array,
  at: number,
  body: number,
  message: Message,
  qos: number,
  packetId: number,
  alias: number,
  nameless: number,
  expiry: number,
  identifiers: readonly number[],
): void {
  into[at++] = 0x30 | (qos << 1);
  at = writeVarint(into, at, body);
  const name = nameless ? NOTHING : message.target.bytes;
  into[at++] = name.length >> 8;
  into[at++] = name.length & 255;
  into.set(name, at);
  at += name.length;
  if (qos > 0) {
    into[at++] = packetId >> 8;
    into[at++] = packetId & 255;
  }
  if (alias >= 0) {
    at = writeVarint(
      into,
      at,
      propertiesSize(message, alias, expiry, identifiers),
    );
    if (alias > 0) {
      into[at++] = 0x23;
      into[at++] = alias >> 8;
      into[at++] = alias & 255;
    }
    if (expiry > 0) {
      into[at++] = 0x02;
      into[at++] = expiry >>> 24;
      into[at++] = (expiry >>> 16) & 255;
      into[at++] = (expiry >>> 8) & 255;
      into[at++] = expiry & 255;
    }
    for (const identifier of identifiers) {
      into[at++] = 0x0b;
      at = writeVarint(into, at, identifier);
    }
    if (message.forwardEnd > message.forwardStart) {
      into.set(
        message.forward.subarray(message.forwardStart, message.forwardEnd),
        at,
      );
      at += message.forwardEnd - message.forwardStart;
    }
  }
  if (message.end > message.start) {
    into.set(message.bytes.subarray(message.start, message.end), at);
  }
}
