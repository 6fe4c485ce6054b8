/**
 * The messages that wait for a place on the way to one client: the first of them in
 * memory, those of a stored session beyond that in the store only.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { Waiter } from "../store/journal_types.ts";
import type { StoredDelivery } from "../store/stored_types.ts";
import { type Flight, readFlights } from "./flight.ts";
import type { Session } from "./session.ts";
import { StoredTail } from "./stored_tail.ts";

// How many messages of a stored session wait in memory; the others are read from
// the store when it is their turn, a page at a time.
const IN_MEMORY = 256;
const PAGE = 128;
// Milliseconds before the store is read again that could not be read.
const LATER = 1000;

/** Messages in their order. */
export class FlightQueue {
  readonly #core: Core;
  readonly #session: Session;
  #queue: Flight[] = [];
  #head = 0;
  #bytes = 0;
  /** What waits behind the queue, in the store only. */
  #tail: StoredTail | undefined;

  constructor(core: Core, session: Session) {
    this.#core = core;
    this.#session = session;
  }

  /** How many there are. */
  get size(): number {
    return this.#queue.length - this.#head + (this.#tail?.size ?? 0);
  }

  /** What they weigh. */
  get bytes(): number {
    return this.#bytes + (this.#tail?.bytes ?? 0);
  }

  /** Appends a message. */
  push(flight: Flight): void {
    const { message, seq } = flight;
    this.#core.stats.queued++;
    this.#core.stats.queuedBytes += message.weight;
    if (this.#isForTail(flight)) {
      (this.#tail ??= new StoredTail()).push(seq, message.weight);
      return;
    }
    // It may stay for days.
    if (this.#session.connection === null) message.settle();
    this.#queue.push(flight);
    this.#bytes += message.weight;
  }

  /**
   * Takes the first message.
   *
   * @param waiter Is told when it can be read, if it is not written yet.
   * @returns The message, unless there is none or it cannot be read now.
   */
  shift(waiter: Waiter): Flight | undefined {
    if (this.#head === this.#queue.length && !this.#refill(waiter)) {
      return undefined;
    }
    const flight = this.#queue[this.#head++];
    this.#bytes -= flight.message.weight;
    this.#core.stats.queued--;
    this.#core.stats.queuedBytes -= flight.message.weight;
    if (this.#head === this.#queue.length) this.#reset([]);
    else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#reset(this.#queue.slice(this.#head));
    }
    return flight;
  }

  /** Puts a message in front, but behind those that were sent before. */
  putBack(flight: Flight): void {
    const waiting = this.#queue.slice(this.#head);
    const at = flight.packetId !== 0
      ? 0
      : waiting.findIndex((other) => other.packetId === 0);
    waiting.splice(at === -1 ? waiting.length : at, 0, flight);
    this.#reset(waiting);
    this.#bytes += flight.message.weight;
    this.#core.stats.queued++;
    this.#core.stats.queuedBytes += flight.message.weight;
  }

  /** Puts messages in front. */
  unshift(flights: readonly Flight[]): void {
    if (flights.length === 0) return;
    this.#reset([...flights, ...this.#queue.slice(this.#head)]);
    for (const flight of flights) {
      this.#bytes += flight.message.weight;
      this.#core.stats.queued++;
      this.#core.stats.queuedBytes += flight.message.weight;
    }
  }

  /** Whether a message that waits to be sent again owns the identifier; these stand in front. */
  reserves(packetId: number): boolean {
    for (let i = this.#head; i < this.#queue.length; i++) {
      if (this.#queue[i].packetId === 0) return false;
      if (this.#queue[i].packetId === packetId) return true;
    }
    return false;
  }

  /** Takes out the messages that `choose` says; none of those that wait in the store only. */
  takeWhere(choose: (flight: Flight) => boolean): Flight[] {
    const taken: Flight[] = [];
    const left: Flight[] = [];
    for (let i = this.#head; i < this.#queue.length; i++) {
      const flight = this.#queue[i];
      if (!choose(flight)) {
        left.push(flight);
        continue;
      }
      this.#bytes -= flight.message.weight;
      this.#core.stats.queued--;
      this.#core.stats.queuedBytes -= flight.message.weight;
      taken.push(flight);
    }
    this.#reset(left);
    return taken;
  }

  /** Takes over what the store has. */
  restore(deliveries: readonly StoredDelivery[]): void {
    const tail = new StoredTail();
    const shared: number[] = [];
    for (const { seq, weight, group } of deliveries) {
      // Other members may get these before the client comes back.
      if (group === undefined) tail.push(seq, weight);
      else shared.push(seq);
    }
    if (tail.size > 0) this.#tail = tail;
    this.#core.stats.queued += tail.size;
    this.#core.stats.queuedBytes += tail.bytes;
    this.unshift(readFlights(this.#core, this.#session, shared));
  }

  /** Has the store forget the messages. */
  eraseAll(): void {
    const journal = this.#core.journal!;
    for (let i = this.#head; i < this.#queue.length; i++) {
      if (this.#queue[i].seq !== 0) journal.removeFlight(this.#queue[i]);
    }
    for (const seq of this.#tail?.seqs ?? []) journal.removeStored(seq);
  }

  /** Forgets the messages; the store does not. */
  clear(): void {
    this.#core.stats.queued -= this.size;
    this.#core.stats.queuedBytes -= this.bytes;
    this.#reset([]);
    this.#bytes = 0;
    this.#tail = undefined;
  }

  /** Whether a message is to wait in the store only. */
  #isForTail({ seq, group }: Flight): boolean {
    // Those of shared subscriptions may go to other members at any time.
    if (seq === 0 || group !== undefined) return false;
    return this.#tail !== undefined ||
      this.#queue.length - this.#head >= IN_MEMORY;
  }

  /** Reads the next page of what waits in the store; says whether there is a message now. */
  #refill(waiter: Waiter): boolean {
    const tail = this.#tail;
    if (tail === undefined) return false;
    const journal = this.#core.journal!;
    if (tail.first >= journal.committedSeq) {
      journal.wait(waiter);
      return false;
    }
    const seqs = tail.take(PAGE, journal.committedSeq);
    let flights: Flight[];
    try {
      flights = readFlights(this.#core, this.#session, seqs);
    } catch (error) {
      tail.putBack(seqs);
      this.#core.report(error);
      this.#core.clock.schedule(LATER, () => waiter.stored(journal.committed));
      return false;
    }
    const before = this.bytes;
    this.#reset(flights);
    for (const { message } of flights) {
      tail.bytes -= message.weight;
      this.#bytes += message.weight;
    }
    if (tail.size === 0) this.#tail = undefined;
    // What is missing was lost with a damaged file.
    this.#core.stats.queued -= seqs.length - flights.length;
    this.#core.stats.queuedBytes += this.bytes - before;
    return flights.length > 0 || this.#refill(waiter);
  }

  #reset(queue: Flight[]): void {
    this.#queue = queue;
    this.#head = 0;
  }
}
