/**
 * The messages that go to the peer: they wait while it is away, and go out a few at
 * a time while it is there.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { MessageProperties, QoS } from "../mod.ts";

/** A message for the peer. */
export interface OutgoingMessage {
  /** Topic name at the peer. */
  readonly topic: string;
  /** The payload; it belongs to the message. */
  readonly payload: Uint8Array;
  /** QoS. */
  readonly qos: QoS;
  /** Whether the peer retains it. */
  readonly retain: boolean;
  /** MQTT 5 properties without the time that it has left. */
  readonly properties: MessageProperties | undefined;
  /** When it expires, in milliseconds since 1970; 0: never. */
  readonly expiresAt: number;
}

/** What the peer takes. */
export interface PeerLimits {
  /** Messages of QoS 1 and 2 that are not acknowledged. */
  readonly receiveMaximum: number;
  /** Bytes of a packet. */
  readonly maximumPacketSize: number;
}

/** Why a message did not get to the peer. */
export type DropReason =
  | "offline"
  | "full"
  | "expired"
  | "too_large"
  | "refused";

/** Options of a {@linkcode Sender}. */
export interface SenderOptions {
  /** How many messages wait at most. */
  maxMessages: number;
  /** How many bytes of payload wait at most. */
  maxBytes: number;
  /** Hands a message to the peer; `done` is called when it has it, or will never. */
  publish: (
    message: OutgoingMessage,
    done: (error: Error | undefined) => void,
  ) => void;
  /** Called for each message that is lost. */
  dropped: (reason: DropReason, message: OutgoingMessage) => void;
}

// Enough to fill a long line, few enough to be lost or repeated with it.
const WINDOW = 100;
// What a packet has beside its texts and its payload, and beside each text.
const PACKET_OVERHEAD = 20;
const TEXT_OVERHEAD = 5;

interface QueuedMessage {
  readonly message: OutgoingMessage;
  /** The peer's coming or going after which it was added. */
  readonly epoch: number;
}

/** A bounded queue, and a window of messages that are on their way. */
export class Sender {
  readonly #options: SenderOptions;
  #queue: QueuedMessage[] = [];
  #head = 0;
  #bytes = 0;
  /** How many messages were given to the peer for good. */
  sent = 0;
  /** QoS 1 and 2: on their way, whatever becomes of the connection. */
  #unacknowledged = 0;
  /** QoS 0: not written yet; they end with the connection. */
  #unwritten = 0;
  #limits: PeerLimits | undefined;
  /** Counts the peer's comings and goings. */
  #epoch = 0;
  #more: Iterator<OutgoingMessage> | undefined;
  /** Messages of earlier epochs that are not on the other side. */
  #backlog = 0;
  #backlogSent: () => void = () => {};

  /**
   * Creates the sender. The peer is away.
   *
   * @param options Limits, and where messages go.
   */
  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** How many messages wait or are on their way. */
  get pending(): number {
    return this.waiting + this.#unacknowledged + this.#unwritten;
  }

  /**
   * Sends a message, now or later.
   *
   * @param message The message. One of QoS 0 does not wait for a peer that is away.
   */
  add(message: OutgoingMessage): void {
    const { maxMessages, maxBytes, dropped } = this.#options;
    if (this.#limits === undefined && message.qos === 0) {
      dropped("offline", message);
      return;
    }
    if (
      this.waiting >= maxMessages ||
      this.#bytes + message.payload.length > maxBytes
    ) {
      dropped("full", message);
      return;
    }
    this.#queue.push({ message, epoch: this.#epoch });
    this.#bytes += message.payload.length;
    this.#pump();
  }

  /**
   * The peer is there.
   *
   * @param limits What it takes.
   * @param more What it gets when nothing waits.
   * @returns Resolves when all that waits now is on the other side; never if the
   * peer goes before.
   */
  connected(
    limits: PeerLimits,
    more: Iterator<OutgoingMessage>,
  ): Promise<void> {
    this.#limits = limits;
    this.#more = more;
    this.#epoch++;
    this.#backlog = this.pending;
    if (this.#backlog === 0) {
      this.#pump();
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#backlogSent = resolve;
    this.#pump();
    return promise;
  }

  /** The peer is away: what waits goes on waiting. */
  disconnected(): void {
    this.#limits = undefined;
    this.#more = undefined;
    this.#epoch++;
    this.#unwritten = 0;
    this.#backlogSent = () => {};
  }

  #pump(): void {
    while (this.#limits !== undefined) {
      const next = this.#next(this.#limits);
      if (next === undefined) return;
      this.#send(next, this.#limits);
    }
  }

  /** The next message that may go now. */
  #next({ receiveMaximum }: PeerLimits): QueuedMessage | undefined {
    const isFull = (qos: QoS) =>
      qos === 0
        ? this.#unwritten >= WINDOW
        : this.#unacknowledged >= Math.min(WINDOW, receiveMaximum);
    const first = this.#queue[this.#head];
    if (first !== undefined) {
      if (isFull(first.message.qos)) return undefined;
      this.#head++;
      this.#bytes -= first.message.payload.length;
      if (this.#head >= 1024 && this.#head * 2 >= this.#queue.length) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      return first;
    }
    this.#queue = [];
    this.#head = 0;
    // Any QoS may come: only with room for each.
    if (this.#more === undefined || isFull(0) || isFull(1)) return undefined;
    const { done, value } = this.#more.next();
    if (!done) return { message: value, epoch: this.#epoch };
    this.#more = undefined;
    return undefined;
  }

  #send({ message, epoch }: QueuedMessage, limits: PeerLimits): void {
    const { publish, dropped } = this.#options;
    if (message.expiresAt !== 0 && message.expiresAt <= Date.now()) {
      dropped("expired", message);
      this.#passed(epoch);
      return;
    }
    // It would end the connection, come again, and end the next.
    if (sizeOf(message) > limits.maximumPacketSize) {
      dropped("too_large", message);
      this.#passed(epoch);
      return;
    }
    const connection = this.#epoch;
    if (message.qos > 0) this.#unacknowledged++;
    else this.#unwritten++;
    publish(message, (error) => {
      if (message.qos > 0) this.#unacknowledged--;
      else if (connection === this.#epoch) this.#unwritten--;
      else return;
      if (error === undefined) this.sent++;
      else dropped("refused", message);
      this.#passed(epoch);
      this.#pump();
    });
  }

  /** A message is through; it may have been the last of an earlier epoch. */
  #passed(epoch: number): void {
    if (epoch < this.#epoch && --this.#backlog === 0) this.#backlogSent();
  }
}

function sizeOf({ topic, payload, properties }: OutgoingMessage): number {
  const texts = [
    topic,
    properties?.contentType ?? "",
    properties?.responseTopic ?? "",
    ...properties?.userProperties?.flat() ?? [],
  ];
  return texts.reduce(
    (sum, text) => sum + Buffer.byteLength(text) + TEXT_OVERHEAD,
    payload.length + (properties?.correlationData?.length ?? 0) +
      PACKET_OVERHEAD,
  );
}
