/**
 * The messages of QoS 1 and 2 on their way to one client: those in flight, and
 * those that wait for a place (MQTT 5, sections 4.3, 4.4 and 4.9).
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import { sendAck } from "../ack_queue.ts";
import type { Core } from "../core.ts";
import { answered, dropped } from "../drops.ts";
import { mayQueue } from "../limits/queue_limit.ts";
import type { Message } from "../message.ts";
import type { DropReason } from "../stats.ts";
import type { Waiter } from "../store/journal_types.ts";
import type { StoredDelivery } from "../store/stored_types.ts";
import type { SharedGroup } from "../topics/subscription_tree.ts";
import type { Flight } from "./flight.ts";
import { FlightQueue } from "./flight_queue.ts";
import { HeldBackMessages } from "./held_back.ts";
import type { Session } from "./session.ts";
import { Window } from "./window.ts";

// Milliseconds before the store is read again that could not be read.
const LATER = 1000;

/** The outgoing side of a session. */
export class Outbox implements Waiter {
  readonly #core: Core;
  readonly #session: Session;
  readonly #window: Window;
  readonly #queue: FlightQueue;
  /** QoS 2 messages that the store must have first, and what comes behind them. */
  #heldBack: HeldBackMessages | undefined;
  /** The message that waits for a plugin's answer; none may overtake it. */
  #asked: Flight | undefined;
  /** Whether the client is back, and what it did not acknowledge comes first. */
  #held = false;

  constructor(core: Core, session: Session) {
    this.#core = core;
    this.#session = session;
    this.#window = new Window(core, session);
    this.#queue = new FlightQueue(core, session);
  }

  /** Messages that were sent and are not acknowledged. */
  get inflight(): number {
    return this.#window.size;
  }

  /** Messages that wait. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Whether so much waits that publishers should slow down. */
  get congested(): boolean {
    return this.#queue.size > this.#core.config.maxQueuedMessages >> 1 ||
      this.#queue.bytes > this.#core.config.maxQueuedBytes / 2;
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
      seq: 0,
      batch: 0,
      place: 0,
    };
    if (
      connection !== null && this.#asked === undefined && !this.#held &&
      this.#queue.size === 0 &&
      this.#window.size < connection.window && !connection.busy
    ) {
      this.#send(flight, message);
      return true;
    }
    const { clientId } = this.#session;
    const { size, bytes } = this.#queue;
    if (!mayQueue(this.#core, clientId, size, bytes, message)) {
      return false;
    }
    this.#record(flight);
    this.#queue.push(flight);
    if (connection !== null && this.congested) connection.slowPublishers();
    return true;
  }

  /** A PUBACK came, or a PUBCOMP: the message has arrived, or is not wanted. */
  complete(packetId: number, qos: QoS, refused = false): boolean {
    const flight = this.#window.get(packetId);
    if (flight === undefined || flight.qos !== qos) return false;
    this.#forget(packetId);
    answered(this.#core, flight, this.#session.clientId, refused);
    this.pump();
    return true;
  }

  /** A PUBREC came: from now on only PUBREL is repeated [MQTT-4.3.3-6]. */
  received(packetId: number): boolean {
    const flight = this.#window.get(packetId);
    if (flight === undefined || flight.qos !== 2) return false;
    flight.released = true;
    if (flight.seq !== 0) this.#core.journal?.updateFlight(flight);
    return true;
  }

  /** Sends what waits, as far as the client takes it. */
  pump(): void {
    if (this.#asked !== undefined || this.#held) return;
    const { plugins } = this.#core;
    while (this.#queue.size > 0) {
      const connection = this.#session.connection;
      if (
        connection === null || connection.busy || plugins.isClosing ||
        this.#window.size >= connection.window
      ) return;
      const flight = this.#queue.shift(this);
      if (flight === undefined) return;
      // What was sent once does not expire [MQTT-4.3.3-7].
      if (flight.packetId === 0 && flight.message.expired(Date.now())) {
        this.#discard("expired", flight);
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
          // Nobody has said no: it waits for the next start.
          if (plugins.isClosing) return this.#queue.putBack(flight);
          if (allowed) this.#sendOrPutBack(flight);
          else this.#discard("denied", flight);
          this.pump();
        }).catch(this.#core.report);
        return;
      }
      if (verdict) this.#sendOrPutBack(flight);
      else this.#discard("denied", flight);
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
    if (!this.#window.load()) {
      this.#held = true;
      this.#core.clock.schedule(LATER, () => this.resume());
      return;
    }
    // From here all of them are sent.
    this.#heldBack?.clear();
    const unsent: Flight[] = [];
    let room = connection.window;
    const before = this.#window.all();
    for (const flight of before) {
      if (flight.released) {
        room--;
        sendAck(connection, 0x62, flight.packetId, 0);
      }
    }
    for (const flight of before) {
      if (flight.released) continue;
      // A plugin that saw a packet may have ended the connection, or the session.
      if (this.#session.connection !== connection) break;
      if (room-- > 0 && !connection.busy) {
        if (this.#mayResend(flight)) this.#resend(flight);
      } else {
        this.#window.leave(flight.packetId);
        unsent.push(flight);
      }
    }
    if (this.#session.ended) return;
    this.#queue.unshift(unsent);
    this.pump();
  }

  /**
   * Takes back what a member of a shared subscription will not get any more.
   *
   * @param ended Whether the session has ended; else it may return.
   * @returns Messages for other members of their groups; the store still has them.
   */
  takeShared(ended: boolean): Flight[] {
    const taken: Flight[] = [];
    if (ended) this.#window.load();
    const asked = this.#asked;
    if (asked !== undefined && this.#isForOthers(asked, ended)) {
      this.#asked = undefined;
      taken.push(asked);
    }
    for (const flight of this.#window.all()) {
      // [MQTT-4.8.2-5]: QoS 2 stays with the client that it was sent to.
      if (flight.group === undefined || flight.qos !== 1) continue;
      if (flight.group.choose(this.#session, !ended) === undefined) continue;
      this.#window.leave(flight.packetId);
      taken.push(flight);
    }
    const waiting = this.#queue.takeWhere((flight) =>
      this.#isForOthers(flight, ended)
    );
    return [...taken, ...waiting];
  }

  /** Whether another member of a group may get a message that waits. */
  #isForOthers({ group, qos, packetId }: Flight, ended: boolean): boolean {
    // [MQTT-4.8.2-5]: QoS 2 stays with the client that it was sent to.
    if (group === undefined || (qos === 2 && packetId !== 0)) return false;
    return group.choose(this.#session, !ended) !== undefined;
  }

  /**
   * Takes over what the store has for the session.
   *
   * @param waiting What was not sent yet, in its order.
   * @param sent What was in flight.
   */
  restore(
    waiting: readonly StoredDelivery[],
    sent: readonly StoredDelivery[],
  ): void {
    this.#queue.restore(waiting);
    this.#window.restore(sent.map(({ seq }) => seq));
  }

  /** Has the store forget all messages; the session is over. */
  eraseAll(): void {
    if (this.#asked !== undefined) this.#erase(this.#asked);
    this.#window.eraseAll();
    this.#queue.eraseAll();
  }

  /** A batch is written: what waited for its packet identifier is sent, what waited in the store too. */
  stored(batch: number): void {
    for (const { flight, again } of this.#heldBack?.take(batch) ?? []) {
      if (
        this.#session.connection === null || this.#held ||
        this.#window.get(flight.packetId) !== flight
      ) continue;
      if (!this.#transmit(flight, flight.message, again)) {
        this.#forget(flight.packetId);
      }
    }
    this.pump();
  }

  /** Forgets everything; the store does not. */
  clear(): void {
    this.#window.clear();
    this.#queue.clear();
    this.#heldBack?.clear();
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
      this.#window.leave(flight.packetId);
      this.#discard("denied", flight);
      return false;
    }
    // The plugin may have ended the connection.
    if (verdict === true) return this.#session.connection !== null;
    verdict.then((allowed) => {
      if (this.#window.get(flight.packetId) !== flight) return;
      // Nobody has said no.
      if (this.#core.plugins.isClosing) return;
      if (allowed && this.#session.connection !== null) {
        this.#resend(flight);
        this.pump();
      } else if (!allowed) {
        this.#window.leave(flight.packetId);
        this.#discard("denied", flight);
        this.pump();
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
      this.#window.size >= connection.window
    ) this.#queue.putBack(flight);
    else this.#send(flight, flight.message);
  }

  #send(flight: Flight, message: Message): void {
    if (flight.qos === 0) {
      this.#transmit(flight, message, false);
      this.#erase(flight);
      return;
    }
    const again = flight.packetId !== 0;
    if (!again) {
      flight.packetId = this.#window.nextId(this.#queue);
    }
    this.#window.enter(flight);
    const { journal } = this.#core;
    if (journal !== undefined && this.#session.durable) {
      if (flight.seq === 0) this.#record(flight);
      else if (!again) journal.updateFlight(flight);
      // Under another identifier, after a crash, the client would take a message of
      // QoS 2 for a new one. Others wait behind it, which keeps the order.
      if (flight.qos === 2 && !again || this.#heldBack?.empty === false) {
        this.#heldBack ??= new HeldBackMessages();
        this.#heldBack.add(flight, again, journal, this);
        return;
      }
    }
    if (!this.#transmit(flight, message, again)) {
      // Larger than the client takes: as if it had been delivered [MQTT-3.1.2-25].
      this.#forget(flight.packetId);
    }
  }

  /** A message is done. */
  #forget(packetId: number): void {
    const flight = this.#window.leave(packetId);
    if (flight !== undefined) this.#erase(flight);
  }

  #discard(reason: DropReason, flight: Flight): void {
    dropped(this.#core, reason, flight.message, this.#session.clientId);
    this.#erase(flight);
  }

  #record(flight: Flight): void {
    const { durable, key } = this.#session;
    if (durable) this.#core.journal?.addFlight(key, flight);
  }

  #erase(flight: Flight): void {
    if (flight.seq !== 0) this.#core.journal?.removeFlight(flight);
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
}
