/**
 * What the broker has to keep, on its way to the store: what a turn of the event
 * loop changes is one batch, and while one batch is being written the next one
 * grows. What was acknowledged to a client is in a batch that was written before.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Message } from "../message.ts";
import type { Session } from "../session/session.ts";
import type { Subscription } from "../topics/subscription_tree.ts";
import { Batch } from "./batch.ts";
import type {
  JournalOwner,
  MessageWaiter,
  Recorded,
  Waiter,
} from "./journal_types.ts";
import { toStored } from "./session_record.ts";
import { type Store, StoreError } from "./store.ts";
import type { StoredFlight } from "./stored_types.ts";

// What may wait to be written before publishers wait too.
const BACKLOG = 1 << 25;
// A batch that was larger leaves no buffer behind.
const LARGEST_KEPT = 1 << 22;
// From so many operations in a batch on, the next one is left open for so many
// milliseconds.
const BUSY = 200;
const RIPE = 12;
// Milliseconds between two attempts to write what could not be written.
const SOON = 100;
const LATE = 5000;

/** Collects what changes, and writes it. */
export class Journal {
  readonly #store: Store;
  readonly #owner: JournalOwner;
  #open = new Batch();
  #waiters: Waiter[] = [];
  /** The batch that is being written. */
  #flying: Batch | undefined;
  #flyingWaiters: Waiter[] = [];
  #spare: Batch | undefined;
  #scheduled = false;
  #nextSeq = 1;
  #flyingSeq = 1;
  #nextKey = 1;
  #retained = new Map<string, number>();
  #incoming = new Map<number, number>();
  /** Who waits for messages of the open batch, by their place in it. */
  #messageWaiters = new Map<number, MessageWaiter>();
  /** The message that was written last; a fan-out writes it once. */
  #lastMessage: Message | undefined;
  #lastBody = 0;
  #failure: StoreError | undefined;
  #pause = SOON;
  #relief: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Called when the store fails; set by who closes the journal. */
  #onFailure: (() => void) | undefined;
  /** Counts operations: whoever compares it before and after knows whether there were any. */
  ops = 0;
  /** Number of the batch that is open. */
  batch = 1;
  /** Number of the last batch that was written. */
  committed = 0;
  /** Every delivery below this is written. */
  committedSeq = 1;

  /**
   * Creates a journal.
   *
   * @param store Where batches go; it is open.
   * @param owner Hears of failures.
   */
  constructor(store: Store, owner: JournalOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  /** Why the store cannot write just now. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** Whether so much waits to be written that publishers should wait. */
  get backlogged(): boolean {
    return this.#open.length + (this.#flying?.length ?? 0) > BACKLOG;
  }

  /** Sets what the next session and the next delivery get; used once, after the store was read. */
  continueFrom(key: number, seq: number): void {
    this.#nextKey = key;
    this.#nextSeq = this.#flyingSeq = this.committedSeq = seq;
  }

  // -- Sessions --

  /** Gives a session its key; it is written with the next `putSession`. */
  newKey(): number {
    return this.#nextKey++;
  }

  /** Writes a session as it is now. */
  putSession(session: Session): void {
    if (this.#record()) this.#open.putSession(toStored(session));
  }

  /** Removes a session; its deliveries are removed one by one. */
  deleteSession(key: number): void {
    if (this.#record()) this.#open.deleteSession(key);
  }

  /** Writes a subscription. */
  putSubscription(key: number, subscription: Subscription): void {
    if (!this.#record()) return;
    const { filter, qos, noLocal, retainAsPublished, exempt, identifiers } =
      subscription;
    this.#open.putSubscription({
      session: key,
      filter: filter.text,
      qos,
      noLocal,
      retainAsPublished,
      exempt,
      identifiers,
    });
  }

  /** Removes a subscription. */
  deleteSubscription(key: number, filter: string): void {
    if (this.#record()) this.#open.deleteSubscription(key, filter);
  }

  /** Notes that a message of QoS 2 has arrived. */
  addIncoming(key: number, packetId: number): void {
    if (!this.#record()) return;
    const place = this.#open.addIncoming(key, packetId);
    this.#incoming.set(key * 65536 + packetId, place);
  }

  /** Notes that it is released. */
  deleteIncoming(key: number, packetId: number): void {
    if (!this.#record()) return;
    const name = key * 65536 + packetId;
    const place = this.#incoming.get(name);
    if (place === undefined) this.#open.deleteIncoming(key, packetId);
    else {
      this.#incoming.delete(name);
      this.#open.cancel(place);
    }
  }

  // -- Messages --

  /** Writes a delivery; it gets its place in the order. */
  addFlight(key: number, flight: Recorded): void {
    if (!this.#record()) return;
    flight.seq = this.#nextSeq++;
    flight.batch = this.batch;
    const { message } = flight;
    if (message !== this.#lastMessage) {
      this.#lastMessage = message;
      this.#lastBody = this.#open.addBody(message);
    }
    const { seq, qos, retain, packetId, released, identifiers } = flight;
    flight.place = this.#open.addFlight({
      seq,
      session: key,
      weight: message.weight,
      qos,
      retain,
      packetId,
      released,
      identifiers,
      group: flight.group?.text,
    }, this.#lastBody);
  }

  /** Notes what has become of a delivery. */
  updateFlight(flight: Recorded): void {
    if (!this.#record()) return;
    this.#open.updateFlight(flight.seq, flight.packetId, flight.released);
  }

  /**
   * Removes a delivery; one that ended before it was written never is.
   *
   * @param flight The delivery.
   * @param moved Whether its message is another delivery now, so that nobody has it yet.
   */
  removeFlight(flight: Recorded, moved = false): void {
    if (!this.#record()) return;
    const { seq } = flight;
    flight.seq = 0;
    if (flight.batch !== this.batch) {
      this.#open.deleteFlight(seq);
      return;
    }
    const body = this.#open.cancelFlight(flight.place);
    if (this.#open.usesOf(body) > 0) return;
    const waiter = this.#messageWaiters.get(body);
    if (waiter === undefined) return;
    this.#messageWaiters.delete(body);
    if (!moved) waiter.delivered();
  }

  /** Removes a delivery that is in the store only. */
  removeStored(seq: number): void {
    if (this.#record()) this.#open.deleteFlight(seq);
  }

  /** Reads deliveries that are written. */
  read(seqs: readonly number[]): StoredFlight[] {
    return this.#store.read(seqs);
  }

  /** Writes a topic's retained message, or that there is none if it is empty. */
  retain(message: Message): void {
    const { topic } = message;
    if (message.size === 0) this.clearRetained(topic);
    else if (this.#replaceRetained(topic)) {
      this.#retained.set(topic, this.#open.putRetained(message));
    }
  }

  /** Removes a topic's retained message. */
  clearRetained(topic: string): void {
    if (!this.#replaceRetained(topic)) return;
    this.#retained.set(topic, this.#open.deleteRetained(topic));
  }

  // -- Values of plugins --

  /** The batch that is open, to record operations in; absent: nothing is recorded any more. */
  record(): Batch | undefined {
    return this.#record() ? this.#open : undefined;
  }

  // -- Waiting --

  /** Has `waiter` told when everything recorded so far is written. */
  wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    // With an empty batch, what was recorded so far may still be on its way.
    this.#schedule();
  }

  /**
   * Has `waiter` told, besides, if all deliveries of the last message end before they
   * are written: then there is nothing left to wait for.
   *
   * @param before `ops` before the message.
   * @param waiter Who is told.
   */
  waitForMessage(before: number, waiter: MessageWaiter): void {
    if (this.#lastMessage === undefined) return;
    // If more was recorded than deliveries of the one message, all of it counts.
    if (this.ops - before !== this.#open.usesOf(this.#lastBody)) return;
    this.#messageWaiters.set(this.#lastBody, waiter);
  }

  /** Resolves when everything recorded so far is written. */
  stored(): Promise<void> {
    return new Promise((resolve) => this.wait({ stored: () => resolve() }));
  }

  /** Resolves when less waits to be written. */
  relieved(): Promise<void> {
    this.#relief ??= Promise.withResolvers();
    return this.#relief.promise;
  }

  /** Writes what is left, as far as the store can, and records nothing more. */
  async close(): Promise<void> {
    const failed = new Promise<void>((resolve) => this.#onFailure = resolve);
    while (
      (this.#open.size > 0 || this.#flying !== undefined) &&
      this.#failure === undefined
    ) await Promise.race([this.stored(), failed]);
    this.#closed = true;
    this.#relief?.resolve();
    await this.#store.close();
  }

  /** Only the last message of a topic in a batch is written. */
  #replaceRetained(topic: string): boolean {
    // What the broker says of itself is old when it starts again.
    if (topic.startsWith("$SYS/") || !this.#record()) return false;
    const earlier = this.#retained.get(topic);
    if (earlier !== undefined) this.#open.cancel(earlier);
    return true;
  }

  /** Takes note of an operation; says whether there is anything to record in. */
  #record(): boolean {
    if (this.#closed) return false;
    this.ops++;
    this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#flying !== undefined) return;
    this.#scheduled = true;
    // At the end of the turn, when all that it brought has been handled.
    setImmediate(this.#submit);
  }

  readonly #submit = (): void => {
    this.#scheduled = false;
    if (this.#closed || this.#flying !== undefined) return;
    this.#flying = this.#open;
    this.#flyingWaiters = this.#waiters;
    this.#flyingSeq = this.#nextSeq;
    this.#open = this.#spare ?? new Batch();
    this.#spare = undefined;
    this.#beginBatch();
    if (this.#flying.size === 0) this.#written();
    else this.#commit();
  };

  #commit(): void {
    this.#store.commit(this.#flying!).then(this.#written, this.#failed);
  }

  readonly #written = (): void => {
    const batch = this.#flying!;
    const { size } = batch;
    const waiters = this.#flyingWaiters;
    this.#flying = undefined;
    this.#flyingWaiters = [];
    if (batch.buffer.length <= LARGEST_KEPT) {
      batch.clear();
      this.#spare = batch;
    }
    this.committed = this.batch - 1;
    this.committedSeq = this.#flyingSeq;
    this.#pause = SOON;
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      this.#owner.storeRecovered();
    }
    for (const waiter of waiters) waiter.stored(this.committed);
    if (this.#relief !== undefined && !this.backlogged) {
      this.#relief.resolve();
      this.#relief = undefined;
    }
    if (this.#open.size === 0 && this.#waiters.length === 0) return;
    if (size < BUSY) this.#submit();
    else this.#ripen();
  };

  /**
   * Under load the next batch is left open for a while: what clients acknowledge
   * meanwhile need not be written at all.
   */
  #ripen(): void {
    this.#scheduled = true;
    setTimeout(this.#submit, RIPE);
  }

  readonly #failed = (error: unknown): void => {
    if (this.#closed) return;
    if (this.#failure === undefined) {
      this.#failure = error instanceof StoreError
        ? error
        : new StoreError("failed", String(error), { cause: error });
      this.#owner.storeFailed(this.#failure);
      this.#onFailure?.();
    }
    this.#owner.clock.schedule(this.#pause, () => this.#tryAgain());
    this.#pause = Math.min(LATE, this.#pause * 2);
  };

  /** What has come since goes along: it may delete what there is no room for. */
  #tryAgain(): void {
    if (this.#closed || this.#flying === undefined) return;
    this.#flying.append(this.#open);
    this.#flyingWaiters.push(...this.#waiters);
    this.#flyingSeq = this.#nextSeq;
    this.#open.clear();
    this.#beginBatch();
    this.#commit();
  }

  /** Forgets where things stand in the batch that was open. */
  #beginBatch(): void {
    this.batch++;
    this.#waiters = [];
    this.#lastMessage = undefined;
    if (this.#messageWaiters.size > 0) this.#messageWaiters.clear();
    if (this.#retained.size > 0) this.#retained.clear();
    if (this.#incoming.size > 0) this.#incoming.clear();
  }
}
