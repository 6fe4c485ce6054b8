/**
 * Messages that become objects only if a plugin looks at them.
 *
 * @module
 */

import { frameSize } from "../codec/framing.ts";
import { nextOfRun, PublishView } from "../codec/publish.ts";
import type { TopicTable } from "../codec/topic_table.ts";
import type { ApplicationMessage, MessageBatch } from "../plugins/mod.ts";
import { KeptMessages } from "./kept_messages.ts";
import { Message } from "./message.ts";
import type { Topic } from "./topics/topic.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** How many rows may stay allocated. */
const MOST_ROWS = 2048;

/** Who has sent messages, and what reading them needs. */
export interface BatchSender {
  /** Protocol level of the connection. */
  readonly version: 3 | 4 | 5;
  /** Client identifier. */
  readonly clientId: string;
  /** The known topics. */
  readonly topics: TopicTable<Topic>;
}

/** Where packets stand: each row is one, or several that differ in their payload only. */
export class PacketRows {
  /** The bytes in which they stand. */
  bytes: Uint8Array = NOTHING;
  /** How many rows there are; what the lists have beyond that is of no importance. */
  used = 0;
  #topics: Topic[] = [];
  /** Start and end of each row. */
  #places: number[] = [];

  /**
   * Begins a row.
   *
   * @param topic The topic of its packets.
   * @param start Where the first one begins.
   */
  add(topic: Topic, start: number): void {
    const row = this.used++;
    this.#topics[row] = topic;
    this.#places[row * 2] = this.#places[row * 2 + 1] = start;
  }

  /**
   * Adds a packet to the last row.
   *
   * @param end Where it ends.
   */
  extend(end: number): void {
    this.#places[this.used * 2 - 1] = end;
  }

  /** Forgets all rows, but keeps room for others. */
  clear(): void {
    if (this.used > MOST_ROWS) {
      this.#topics = [];
      this.#places = [];
    }
    this.used = 0;
    this.bytes = NOTHING;
  }

  /**
   * The same rows with bytes of their own.
   *
   * @returns The copy.
   */
  copy(): PacketRows {
    const copy = new PacketRows();
    const from = this.#places[0];
    copy.bytes = this.bytes.slice(from, this.#places[this.used * 2 - 1]);
    copy.used = this.used;
    copy.#topics = this.#topics.slice(0, this.used);
    copy.#places = this.#places.slice(0, this.used * 2)
      .map((place) => place - from);
    return copy;
  }

  /**
   * Makes messages of the packets.
   *
   * @param sender Who has sent them.
   * @param now When, in milliseconds since 1970.
   * @returns The messages, which may be kept.
   */
  read({ version, clientId, topics }: BatchSender, now: number): Message[] {
    const { bytes } = this;
    const messages: Message[] = [];
    const view = new PublishView<Topic>();
    const limit = this.#places[this.used * 2 - 1];
    const kept = new KeptMessages(bytes, limit, clientId);
    for (let row = 0; row < this.used; row++) {
      const topic = this.#topics[row];
      const start = this.#places[row * 2];
      const end = this.#places[row * 2 + 1];
      const firstEnd = start + frameSize(bytes, start, end, Infinity);
      // Found in no time, if it is named at all.
      view.topic = topic;
      view.read(bytes, start, firstEnd, version, topics);
      const first = new Message(topic).become(view, topic, clientId, now);
      messages.push(first.keep());
      for (let at = firstEnd; at < end;) {
        const next = nextOfRun(view, at, end, version, Infinity)!;
        messages.push(kept.next(topic, at, next.payloadStart, next.end));
        at = next.end;
      }
    }
    return messages;
  }
}

/** What plugins get. */
export class ReceivedBatch implements MessageBatch {
  /** How many messages there are. */
  readonly length: number;
  /** Size of their payloads together, in bytes. */
  readonly bytes: number;
  readonly #sender: BatchSender;
  #rows: PacketRows | undefined;
  #keptAt: number | undefined;
  #messages: readonly Message[] | undefined;

  /**
   * Creates a batch, for one call of each plugin.
   *
   * @param length How many messages there are.
   * @param bytes Size of their payloads together, in bytes.
   * @param rows Where they stand.
   * @param sender Who has sent them.
   */
  constructor(
    length: number,
    bytes: number,
    rows: PacketRows,
    sender: BatchSender,
  ) {
    this.length = length;
    this.bytes = bytes;
    this.#rows = rows;
    this.#sender = sender;
  }

  /**
   * The messages in the order in which they came.
   *
   * @throws {Error} If nobody has looked at them before the call was over.
   */
  [Symbol.iterator](): Iterator<ApplicationMessage> {
    return (this.#messages ??= this.#read()).values();
  }

  /** Has it outlive the call: a plugin is not through with it. */
  keep(): void {
    if (this.#messages !== undefined) return this.pass();
    this.#rows = this.#rows?.copy();
    this.#keptAt = Date.now();
  }

  /** The call is over. */
  pass(): void {
    this.#rows = undefined;
  }

  #read(): Message[] {
    if (this.#rows === undefined) {
      throw new Error(
        "Cannot read the messages of a batch: the call that brought it is over; take them out before it ends, as in [...messages]",
      );
    }
    const messages = this.#rows.read(
      this.#sender,
      this.#keptAt ?? Date.now(),
    );
    this.#rows = undefined;
    return messages;
  }
}
