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
// So much memory a topic that is kept may have others keep.
const SLAB = 2048;
const LONGEST_SHARED = 256;

/** What the table keeps: a topic with the bytes of its name. */
export interface InternedTopic {
  /** The topic name. */
  readonly name: string;
  /** The same in UTF-8. */
  readonly bytes: Uint8Array;
}

/**
 * A cache of topics with a fixed number of places, found by a hash of their bytes.
 *
 * Who wants a place that is taken must come twice: topics that are used once neither
 * drive out others nor live so long that the garbage collector has work with them.
 */
export class TopicTable<T extends InternedTopic> {
  readonly #slots: (T | undefined)[];
  /** The hash of who wanted a taken place last; 16 bits are enough. */
  readonly #wanted: Uint16Array;
  readonly #mask: number;
  #slab = new Uint8Array(0);
  #used = SLAB;
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
    this.#wanted = new Uint16Array(size);
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
      this.#copy(bytes, start, end),
    );
    const wanted = hash >>> 16;
    if (known !== undefined && this.#wanted[slot] !== wanted) {
      this.#wanted[slot] = wanted;
    } else if (end - start <= LONGEST_KEPT) {
      this.#slots[slot] = topic;
    }
    return topic;
  }

  /** Several names share the memory of one: to allocate it takes longer than all else. */
  #copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    if (length > LONGEST_SHARED) return bytes.slice(start, end);
    if (this.#used + length > SLAB) {
      this.#slab = new Uint8Array(SLAB);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used += length);
    // For so few bytes faster than set().
    for (let i = 0; i < length; i++) copy[i] = bytes[start + i];
    return copy;
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
