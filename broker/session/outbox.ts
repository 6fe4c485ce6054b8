/**
 * The messages of QoS 1 and 2 on their way to one client: those in flight, and
 * those that wait for a place (MQTT 5, sections 4.3, 4.4 and 4.9).
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import type { SharedGroup } from "../topics/subscription_tree.ts";
import type { Session } from "./session.ts";

/** One message for one client. */
export interface Flight {
  /** The message, kept. */
  readonly message: Message;
  /** QoS of the delivery. */
  readonly qos: QoS;
  /** RETAIN flag of the delivery. */
  readonly retain: boolean;
  /** Subscription identifiers. */
  readonly identifiers: readonly number[];
  /** The group that chose this client. */
  readonly group: SharedGroup | undefined;
  /** Packet identifier; 0 before it is sent first. */
  packetId: number;
  /** Whether PUBREC came, so that only PUBREL is to be repeated. */
  released: boolean;
}

/** The outgoing side of a session. */
export class Outbox {
  readonly #core: Core;
  readonly #session: Session;
  readonly #inflight = new Map<number, Flight>();
  #queue: Flight[] = [];
  #head = 0;
  #queuedBytes = 0;
  #lastId = 0;
  /** The message that waits for a plugin's answer; none may overtake it. */
  #asked: Flight | undefined;
  /** Whether the client is back, and what it did not acknowledge comes first. */
  #held = false;

  constructor(core: Core, session: Session) {
    this.#core = core;
    this.#session = session;
  }

  /** Messages that were sent and are not acknowledged. */
  get inflight(): number {
    return this.#inflight.size;
  }

  /** Messages that wait. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Whether so much waits that publishers should slow down. */
  get congested(): boolean {
    return this.queued > this.#core.config.maxQueuedMessages >> 1 ||
      this.#queuedBytes > this.#core.config.maxQueuedBytes / 2;
  }

  /**
   * Sends a message, or queues it if the client is away or has enough.
   *
   * @param message The message; it is kept.
   * @returns Whether there was room for it.
   */
  add(
    message: Message,
    qos: QoS,
    retain: boolean,
    identifiers: readonly number[],
    group: SharedGroup | undefined,
  ): boolean {
    const connection = this.#session.connection;
    const flight: Flight = {
      message: message.keep(),
      qos,
      retain,
      identifiers,
      group,
      packetId: 0,
      released: false,
    };
    if (
      connection !== null && this.#asked === undefined && !this.#held &&
      this.#head === this.#queue.length &&
      this.#inflight.size < connection.window && !connection.busy
    ) {
      this.#send(flight, message);
      return true;
    }
    const { config, stats } = this.#core;
    const size = message.weight;
    if (
      this.queued >= config.maxQueuedMessages ||
      this.#queuedBytes + size > config.maxQueuedBytes
    ) {
      stats.dropped.queue_full++;
      return false;
    }
    // It may stay for days.
    if (connection === null) flight.message.settle();
    this.#queue.push(flight);
    this.#queuedBytes += size;
    stats.queued++;
    if (connection !== null && this.congested) connection.slowPublishers();
    return true;
  }

  /** A PUBACK came, or a PUBCOMP: the message has arrived. */
  complete(packetId: number, qos: QoS): boolean {
    const flight = this.#inflight.get(packetId);
    if (flight === undefined || flight.qos !== qos) return false;
    this.#forget(packetId);
    this.pump();
    return true;
  }

  /** A PUBREC came: from now on only PUBREL is repeated [MQTT-4.3.3-6]. */
  received(packetId: number): boolean {
    const flight = this.#inflight.get(packetId);
    if (flight === undefined || flight.qos !== 2) return false;
    flight.released = true;
    return true;
  }

  /** Sends what waits, as far as the client takes it. */
  pump(): void {
    if (this.#asked !== undefined || this.#held) return;
    while (this.#head < this.#queue.length) {
      const connection = this.#session.connection;
      if (
        connection === null || connection.busy ||
        this.#inflight.size >= connection.window
      ) return;
      const flight = this.#shift();
      // What was sent once does not expire [MQTT-4.3.3-7].
      if (flight.packetId === 0 && flight.message.expired(Date.now())) {
        this.#core.stats.dropped.expired++;
        continue;
      }
      // Rights may have changed while the message waited.
      const verdict = this.#core.mayReceive(
        this.#session,
        flight.message,
        flight.qos,
        flight.retain,
      );
      if (verdict instanceof Promise) {
        this.#asked = flight;
        verdict.then((allowed) => {
          // The session may have ended meanwhile.
          if (this.#asked !== flight) return;
          this.#asked = undefined;
          if (!allowed) this.#core.stats.dropped.denied++;
          else this.#sendOrPutBack(flight);
          this.pump();
        }).catch(this.#core.report);
        return;
      }
      if (verdict) this.#sendOrPutBack(flight);
      else this.#core.stats.dropped.denied++;
    }
  }

  /** A client came back: nothing is sent before `resume()`. */
  hold(): void {
    this.#held = true;
  }

  /** Repeats what a client that came back did not acknowledge [MQTT-4.4.0-1]. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    const connection = this.#session.connection;
    if (connection === null) return;
    const unsent: Flight[] = [];
    let room = connection.window;
    const before = [...this.#inflight.values()];
    for (const flight of before) {
      if (flight.released) {
        room--;
        connection.sendAck(0x62, flight.packetId, 0);
      }
    }
    for (const flight of before) {
      if (flight.released) continue;
      // A plugin that saw a packet may have ended the connection, or the session.
      if (this.#session.connection !== connection) break;
      if (room-- > 0 && !connection.busy) {
        if (this.#mayResend(flight)) this.#resend(flight);
      } else {
        this.#forget(flight.packetId);
        unsent.push(flight);
      }
    }
    if (this.#session.ended) return;
    this.#unshift(unsent);
    this.pump();
  }

  /**
   * Takes back what a member of a shared subscription will not get any more.
   *
   * @param ended Whether the session has ended; else it may return.
   * @returns Messages for other members of their groups.
   */
  takeShared(ended: boolean): Flight[] {
    const taken: Flight[] = [];
    for (const flight of [...this.#inflight.values()]) {
      // [MQTT-4.8.2-5]: QoS 2 stays with the client that it was sent to.
      if (flight.group === undefined || flight.qos !== 1) continue;
      if (flight.group.choose(this.#session, !ended) === undefined) continue;
      this.#forget(flight.packetId);
      taken.push(flight);
    }
    const queue: Flight[] = [];
    for (let i = this.#head; i < this.#queue.length; i++) {
      const flight = this.#queue[i];
      if (
        flight.group !== undefined &&
        (flight.qos < 2 || flight.packetId === 0) &&
        flight.group.choose(this.#session, !ended) !== undefined
      ) {
        this.#queuedBytes -= flight.message.weight;
        this.#core.stats.queued--;
        taken.push(flight);
      } else queue.push(flight);
    }
    this.#queue = queue;
    this.#head = 0;
    return taken;
  }

  /** Forgets everything. */
  clear(): void {
    this.#core.stats.inflightOut -= this.#inflight.size;
    this.#core.stats.queued -= this.queued;
    this.#inflight.clear();
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
    this.#asked = undefined;
    this.#held = false;
  }

  /** Whether a message that was sent before may be sent again. */
  #mayResend(flight: Flight): boolean {
    const verdict = this.#core.mayReceive(
      this.#session,
      flight.message,
      flight.qos,
      flight.retain,
    );
    if (verdict === false) {
      this.#forget(flight.packetId);
      this.#core.stats.dropped.denied++;
      return false;
    }
    // The plugin may have ended the connection.
    if (verdict === true) return this.#session.connection !== null;
    verdict.then((allowed) => {
      if (this.#inflight.get(flight.packetId) !== flight) return;
      if (allowed && this.#session.connection !== null) {
        this.#resend(flight);
        this.pump();
      } else if (!allowed) {
        this.complete(flight.packetId, flight.qos);
      }
    }).catch(this.#core.report);
    return false;
  }

  /** Sends what a plugin allowed; the client may have gone, or come back, meanwhile. */
  #sendOrPutBack(flight: Flight): void {
    const { connection, ended } = this.#session;
    if (ended) return;
    if (
      connection === null || this.#held || connection.busy ||
      this.#inflight.size >= connection.window
    ) this.#putBack(flight);
    else this.#send(flight, flight.message);
  }

  #send(flight: Flight, message: Message): void {
    if (flight.qos === 0) {
      this.#transmit(flight, message, false);
      return;
    }
    const again = flight.packetId !== 0;
    if (!again) flight.packetId = this.#nextId();
    this.#inflight.set(flight.packetId, flight);
    this.#core.stats.inflightOut++;
    if (!this.#transmit(flight, message, again)) {
      // Larger than the client takes: as if it had been delivered [MQTT-3.1.2-25].
      this.#forget(flight.packetId);
    }
  }

  /** Takes a message out of the window; a plugin may have ended the session before. */
  #forget(packetId: number): void {
    if (this.#inflight.delete(packetId)) this.#core.stats.inflightOut--;
  }

  #resend(flight: Flight): void {
    if (this.#transmit(flight, flight.message, true)) return;
    // The client takes less than it did before [MQTT-3.1.2-25].
    this.#forget(flight.packetId);
  }

  #transmit(flight: Flight, message: Message, dup: boolean): boolean {
    return this.#session.connection!.sendPublish(
      message,
      flight.qos,
      flight.retain,
      dup,
      flight.packetId,
      flight.identifiers,
    );
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === 65535 ? 1 : this.#lastId + 1;
    } while (this.#inflight.has(this.#lastId) || this.#reserved(this.#lastId));
    return this.#lastId;
  }

  /** Whether a message that waits to be sent again owns the identifier; these stand in front. */
  #reserved(packetId: number): boolean {
    for (let i = this.#head; i < this.#queue.length; i++) {
      if (this.#queue[i].packetId === 0) return false;
      if (this.#queue[i].packetId === packetId) return true;
    }
    return false;
  }

  #shift(): Flight {
    const flight = this.#queue[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queuedBytes -= flight.message.weight;
    this.#core.stats.queued--;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return flight;
  }

  /** Puts a message in front, but behind those that were sent before. */
  #putBack(flight: Flight): void {
    const waiting = this.#queue.slice(this.#head);
    const at = flight.packetId !== 0
      ? 0
      : waiting.findIndex((other) => other.packetId === 0);
    waiting.splice(at === -1 ? waiting.length : at, 0, flight);
    this.#queue = waiting;
    this.#head = 0;
    this.#queuedBytes += flight.message.weight;
    this.#core.stats.queued++;
  }

  #unshift(flights: Flight[]): void {
    if (flights.length === 0) return;
    this.#queue = [...flights, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    for (const flight of flights) {
      this.#queuedBytes += flight.message.weight;
      this.#core.stats.queued++;
    }
  }
}
