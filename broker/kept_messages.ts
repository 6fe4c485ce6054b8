/**
 * Messages for those who may keep what they see.
 *
 * @module
 */

import { Message } from "./message.ts";
import type { Topic } from "./topics/topic.ts";

// How much is copied at one time.
const COPY = 4096;

/**
 * Makes kept messages of packets that stand in a row, are of QoS 0 and have no
 * properties.
 */
export class KeptMessages {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #publisher: string;
  // One copy for several: but not so large that one message holds much memory.
  #copy: Uint8Array | undefined;
  #copyStart = 0;
  #copyEnd = 0;

  /**
   * Begins a row.
   *
   * @param bytes Where the packets stand.
   * @param limit Where the last one ends, at most.
   * @param publisher Client identifier of the publisher.
   */
  constructor(bytes: Uint8Array, limit: number, publisher: string) {
    this.#bytes = bytes;
    this.#limit = limit;
    this.#publisher = publisher;
  }

  /**
   * The message of the next packet.
   *
   * @param topic Its topic.
   * @param start Where the packet begins.
   * @param payloadStart Where its payload begins.
   * @param end Where both end.
   * @returns The message.
   */
  next(
    topic: Topic,
    start: number,
    payloadStart: number,
    end: number,
  ): Message {
    if (end > this.#copyEnd) {
      this.#copyStart = start;
      this.#copyEnd = Math.max(end, Math.min(start + COPY, this.#limit));
      this.#copy = this.#bytes.slice(start, this.#copyEnd);
    }
    const from = this.#copyStart;
    return Message.among(
      topic,
      this.#copy!,
      payloadStart - from,
      end - from,
      this.#publisher,
    );
  }
}
