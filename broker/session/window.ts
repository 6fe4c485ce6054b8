/**
 * The messages that were sent to one client and are not acknowledged (MQTT 5,
 * section 4.9).
 *
 * @module
 */

import type { Core } from "../core.ts";
import { type Flight, readFlights } from "./flight.ts";
import type { FlightQueue } from "./flight_queue.ts";
import type { Session } from "./session.ts";

/** Messages in flight, by packet identifier, in the order in which they were sent. */
export class Window {
  readonly #core: Core;
  readonly #session: Session;
  readonly #flights = new Map<number, Flight>();
  /** What was in flight when the broker stopped, until it is loaded. */
  #unloaded: readonly number[] | undefined;
  #lastId = 0;

  constructor(core: Core, session: Session) {
    this.#core = core;
    this.#session = session;
  }

  /** How many there are. */
  get size(): number {
    return this.#flights.size + (this.#unloaded?.length ?? 0);
  }

  /** The message with a packet identifier. */
  get(packetId: number): Flight | undefined {
    return this.#flights.get(packetId);
  }

  /** All messages; the list does not change with the window. */
  all(): Flight[] {
    return [...this.#flights.values()];
  }

  /** Takes a message in, under its packet identifier. */
  enter(flight: Flight): void {
    this.#flights.set(flight.packetId, flight);
    this.#core.stats.inflightOut++;
  }

  /** Takes a message out, if it is there. */
  leave(packetId: number): Flight | undefined {
    const flight = this.#flights.get(packetId);
    if (flight === undefined) return undefined;
    this.#flights.delete(packetId);
    this.#core.stats.inflightOut--;
    return flight;
  }

  /**
   * Finds a packet identifier that is free.
   *
   * @param queue Messages in it that are to be sent again have one already.
   * @returns The identifier.
   */
  nextId(queue: FlightQueue): number {
    do {
      this.#lastId = this.#lastId === 65535 ? 1 : this.#lastId + 1;
    } while (this.#flights.has(this.#lastId) || queue.reserves(this.#lastId));
    return this.#lastId;
  }

  /** Takes over what the store has; it is read with `load`. */
  restore(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    this.#unloaded = seqs;
    this.#core.stats.inflightOut += seqs.length;
  }

  /** Reads what was in flight when the broker stopped; says whether that worked. */
  load(): boolean {
    const seqs = this.#unloaded;
    if (seqs === undefined) return true;
    let flights: Flight[];
    try {
      flights = readFlights(this.#core, this.#session, seqs);
    } catch (error) {
      this.#core.report(error);
      return false;
    }
    this.#unloaded = undefined;
    this.#core.stats.inflightOut -= seqs.length - flights.length;
    for (const flight of flights) this.#flights.set(flight.packetId, flight);
    return true;
  }

  /** Has the store forget the messages. */
  eraseAll(): void {
    const journal = this.#core.journal!;
    for (const flight of this.#flights.values()) {
      if (flight.seq !== 0) journal.removeFlight(flight);
    }
    for (const seq of this.#unloaded ?? []) journal.removeStored(seq);
  }

  /** Forgets the messages; the store does not. */
  clear(): void {
    this.#core.stats.inflightOut -= this.size;
    this.#flights.clear();
    this.#unloaded = undefined;
  }
}
