/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP to a client, and how they wait until the store
 * has what they depend on.
 *
 * @module
 */

import type { Packet } from "../plugins/mod.ts";
import type { Connection } from "./connection.ts";
import { observeSent } from "./observation.ts";
import type { MessageWaiter, Waiter } from "./store/journal_types.ts";

/**
 * Sends PUBACK, PUBREC, PUBREL or PUBCOMP.
 *
 * @param connection Where it goes.
 * @param first First byte of the packet.
 * @param packetId Packet identifier.
 * @param reasonCode Reason code; MQTT 3 clients do not get it.
 */
export function sendAck(
  connection: Connection,
  first: number,
  packetId: number,
  reasonCode: number,
): void {
  const { output, core } = connection;
  const long = reasonCode !== 0 && connection.version === 5;
  const at = output.reserve(long ? 5 : 4);
  const into = output.buffer;
  into[at] = first;
  into[at + 1] = long ? 3 : 2;
  into[at + 2] = packetId >> 8;
  into[at + 3] = packetId & 255;
  if (long) into[at + 4] = reasonCode;
  core.stats.packetsSent++;
  if (core.plugins.hooks.onMqttPacketSent.length > 0) {
    const cmd = NAMES[first >> 4];
    const packet = { cmd, messageId: packetId, reasonCode } as Packet;
    observeSent(connection, packet, connection.session);
  }
}

const NAMES: Readonly<Record<number, string>> = {
  4: "puback",
  5: "pubrec",
  6: "pubrel",
  7: "pubcomp",
};

/**
 * Sends an acknowledgement once the store has what it depends on.
 *
 * @param connection Where it goes.
 * @param first First byte of the packet.
 * @param packetId Packet identifier.
 * @param reasonCode Reason code.
 * @param before The journal's `ops` before the work that is acknowledged.
 * @param after What else must be over.
 */
export function acknowledge(
  connection: Connection,
  first: number,
  packetId: number,
  reasonCode: number,
  before: number | undefined,
  after?: Promise<unknown>,
): void {
  if (
    connection.core.journal?.ops === before && after === undefined &&
    (connection.acks === undefined || connection.acks.empty)
  ) {
    sendAck(connection, first, packetId, reasonCode);
    return;
  }
  connection.acks ??= new AckQueue(connection);
  connection.acks.push(first, packetId, reasonCode, before, after);
}

/** An acknowledgement that waits. */
class WaitingAck implements MessageWaiter {
  readonly #queue: AckQueue;
  readonly first: number;
  readonly packetId: number;
  readonly reasonCode: number;
  /** The batch that it depends on; 0: none. */
  batch = Infinity;

  constructor(
    queue: AckQueue,
    first: number,
    packetId: number,
    reasonCode: number,
  ) {
    this.#queue = queue;
    this.first = first;
    this.packetId = packetId;
    this.reasonCode = reasonCode;
  }

  /** Everyone who gets the message has it: there is nothing to wait for. */
  delivered(): void {
    this.batch = 0;
    this.#queue.release();
  }
}

/** The acknowledgements of one connection, in the order of what they answer [MQTT-4.6.0-2]. */
export class AckQueue implements Waiter {
  readonly #connection: Connection;
  #waiting: WaitingAck[] = [];
  #head = 0;
  /** The batch whose end was asked for last. */
  #asked = 0;
  /** The last batch that is known to be written. */
  #stored = 0;

  /**
   * Creates an empty queue.
   *
   * @param connection Where they go.
   */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#head === this.#waiting.length;
  }

  /**
   * Appends an acknowledgement.
   *
   * @param first First byte of the packet.
   * @param packetId Packet identifier.
   * @param reasonCode Reason code.
   * @param before The journal's `ops` before the work that is acknowledged.
   * @param after What must be over before the broker knows the batch.
   */
  push(
    first: number,
    packetId: number,
    reasonCode: number,
    before: number | undefined,
    after: Promise<unknown> | undefined,
  ): void {
    const ack = new WaitingAck(this, first, packetId, reasonCode);
    this.#waiting.push(ack);
    if (after !== undefined) {
      after.then(() => this.#await(ack));
      return;
    }
    this.#await(ack);
    if (before !== undefined) {
      this.#connection.core.journal!.waitForMessage(before, ack);
    }
  }

  /** A batch is written: what waited for it goes out. */
  stored(batch: number): void {
    this.#stored = batch;
    this.release();
  }

  /** Sends what has nothing to wait for any more. */
  release(): void {
    const waiting = this.#waiting;
    while (
      this.#head < waiting.length && waiting[this.#head].batch <= this.#stored
    ) {
      const { first, packetId, reasonCode } = waiting[this.#head++];
      if (this.#connection.phase === "open") {
        sendAck(this.#connection, first, packetId, reasonCode);
      }
    }
    if (this.#head === waiting.length) this.#waiting = [];
    else if (this.#head > 1024) this.#waiting = waiting.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #await(ack: WaitingAck): void {
    const journal = this.#connection.core.journal!;
    ack.batch = journal.batch;
    if (this.#asked === journal.batch) return;
    this.#asked = journal.batch;
    journal.wait(this);
  }
}
