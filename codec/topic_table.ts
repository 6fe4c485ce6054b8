/**
 * Topic names that are known already, found by their bytes.
 *
 * A PUBLISH carries its topic as UTF-8. Decoding it, checking it and looking up
 * who subscribes to it costs more than everything else about a small message, and
 * publishers repeat themselves. The table turns the bytes into the one object of
 * that topic without decoding anything.
 *
 * @module
 */

import { PacketError } from "./errors.ts";
import { ReasonCode } from "./reason_codes.ts";
import { decodeUtf8, isUtf8 } from "./utf8.ts";

const PLUS = 0x2b;
const HASH = 0x23;
// Longer names are not worth the memory that a client could fill with them.
const LONGEST_KEPT = 1024;

/** What the table keeps: a topic with the bytes of its name. */
export interface InternedTopic {
  /** The topic name. */
  readonly name: string;
  /** The same in UTF-8. */
  readonly bytes: Uint8Array;
}

/** A cache of topics with a fixed number of places, found by a hash of their bytes. */
export class TopicTable<T extends InternedTopic> {
  readonly #slots: (T | undefined)[];
  readonly #mask: number;
  readonly #create: (name: string, bytes: Uint8Array) => T;

  /**
   * Creates an empty table.
   *
   * @param create Makes the object of a topic that is seen for the first time; what it throws reaches the caller of `get`.
   * @param size Number of places, a power of two.
   */
  constructor(create: (name: string, bytes: Uint8Array) => T, size = 8192) {
    this.#create = create;
    this.#mask = size - 1;
    this.#slots = new Array<T | undefined>(size).fill(undefined);
  }

  /**
   * Finds or makes the topic whose name stands in `bytes`.
   *
   * @param bytes Where the name stands.
   * @param start Where it begins.
   * @param end Where it ends.
   * @returns The topic.
   * @throws {PacketError} If the name is empty, is not UTF-8 or has a wildcard.
   */
  get(bytes: Uint8Array, start: number, end: number): T {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x01000193);
    }
    const slot = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#slots[slot];
    if (known !== undefined && sameBytes(known.bytes, bytes, start, end)) {
      return known;
    }
    checkTopicName(bytes, start, end);
    const topic = this.#create(
      decodeUtf8(bytes, start, end),
      bytes.slice(start, end),
    );
    if (end - start <= LONGEST_KEPT) this.#slots[slot] = topic;
    return topic;
  }
}

/**
 * Whether `a` is what stands in `bytes` from `start` to `end`.
 *
 * @param a The bytes to compare with.
 * @param bytes Where to look.
 * @param start First position.
 * @param end Position behind the last.
 * @returns Whether they are the same.
 */
export function sameBytes(
  a: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const length = end - start;
  if (a.length !== length) return false;
  // Topics differ at their ends more often than at their beginnings.
  for (let i = length - 1; i >= 0; i--) {
    if (a[i] !== bytes[start + i]) return false;
  }
  return true;
}

function checkTopicName(bytes: Uint8Array, start: number, end: number): void {
  if (start === end) {
    throw new PacketError(
      ReasonCode.MalformedPacket,
      "Cannot read PUBLISH: the topic name is empty [MQTT-4.7.3-1]",
    );
  }
  if (!isUtf8(bytes, start, end)) {
    throw new PacketError(
      ReasonCode.MalformedPacket,
      "Cannot read PUBLISH: the topic name is not valid UTF-8 [MQTT-1.5.4-1]",
    );
  }
  for (let i = start; i < end; i++) {
    if (bytes[i] === PLUS || bytes[i] === HASH) {
      throw new PacketError(
        ReasonCode.TopicNameInvalid,
        "Cannot read PUBLISH: the topic name has a wildcard [MQTT-3.3.2-2]",
      );
    }
  }
}
