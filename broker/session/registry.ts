/**
 * All sessions: which client has which, takeover, expiry, and the wills of those
 * that went away.
 *
 * @module
 */

import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Connection } from "../connection.ts";
import type { Core } from "../core.ts";
import { observeSession } from "../observation.ts";
import { fireWill } from "../wills.ts";
import { Session } from "./session.ts";
import { UserCounts } from "./user_counts.ts";

/** The sessions of a broker by client identifier. */
export class SessionRegistry {
  readonly #core: Core;
  readonly #sessions = new Map<string, Session>();
  readonly #users = new UserCounts();
  /** Whether a client is being given its session, and which ended for it. */
  #attaching = false;
  #ended: Session[] = [];
  #serial = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of a client. */
  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** How many sessions a user has. */
  countOf(username: string): number {
    return this.#users.of(username, this.#sessions.values());
  }

  /** All sessions, in the order in which they were made. */
  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** Whether a client will find an earlier session. */
  mayResume({ clientId, cleanStart, username }: Session): boolean {
    const earlier = this.#sessions.get(clientId);
    // A session belongs to the user who made it; what a plugin made, to the first.
    return earlier !== undefined && !cleanStart &&
      (!earlier.claimed || earlier.username === username);
  }

  /**
   * Gives a client that was authenticated its session. Whatever happens to an
   * earlier connection or session of the client happens here, and not before.
   *
   * @param connection The new connection.
   * @param candidate What the client asked for.
   * @returns The session: the earlier one if the client may have it.
   */
  attach(connection: Connection, candidate: Session): Session {
    const { clientId } = candidate;
    const earlier = this.#sessions.get(clientId);
    this.#attaching = true;
    const resume = this.mayResume(candidate);
    if (earlier !== undefined) {
      // The client is back: its delayed will is not sent [MQTT-3.1.3-9].
      if (
        resume && (earlier.connection === null ||
          earlier.willDelay > 0 && earlier.expiryInterval > 0)
      ) {
        this.#dropWill(earlier);
      }
      // [MQTT-3.1.4-3]
      const taken = earlier.connection !== null;
      earlier.connection?.end(ReasonCode.SessionTakenOver);
      if (resume && taken) {
        observeSession(this.#core, "onBrokerSessionTakenOver", earlier);
      }
      if (!resume || this.#sessions.get(clientId) !== earlier) {
        this.end(earlier);
      }
    }
    const kept = resume && this.#sessions.get(clientId) === earlier;
    const session = kept ? earlier! : candidate;
    if (kept) {
      this.#refresh(session, candidate);
      session.usedOutbox?.hold();
    } else this.#add(session);
    this.#attaching = false;
    this.#tellEnded();
    if (!session.claimed) this.#users.added(session);
    session.claimed = true;
    session.sessionPresent = kept;
    session.expiry?.cancel();
    session.expiry = undefined;
    session.connection = connection;
    session.connectedAt = Date.now();
    const { stats, journal } = this.#core;
    if (session.key !== 0) journal?.putSession(session);
    stats.clientsDisconnected--;
    stats.clientsConnected++;
    stats.clientsMaximum = Math.max(
      stats.clientsMaximum,
      stats.clientsConnected,
    );
    return session;
  }

  /** Makes a session without a connection; plugins do this. */
  createOffline(clientId: string): Session {
    const session = new Session(this.#core, clientId);
    session.cleanStart = false;
    session.expiryInterval = this.#core.config.sessionExpiryInterval;
    session.disconnectedAt = Date.now();
    this.#add(session);
    if (session.key !== 0) this.#core.journal?.putSession(session);
    this.#scheduleExpiry(session);
    observeSession(this.#core, "onBrokerSessionCreated", session);
    return session;
  }

  /** Takes over a session that the store has; its connection ended with the last run of the broker. */
  restore(session: Session): void {
    this.#sessions.set(session.clientId, session);
    session.serial = ++this.#serial;
    this.#core.stats.clientsDisconnected++;
  }

  /** Goes on with what waits for a time: the end of a restored session, and its will. */
  resumeTimes(session: Session): void {
    if (session.expiryInterval === 0) {
      this.end(session);
      return;
    }
    this.#scheduleExpiry(session);
    this.#scheduleWill(session);
  }

  /**
   * The connection of a session has ended.
   *
   * @param session The session.
   * @param sendWill Whether the will is to be sent.
   */
  detach(session: Session, sendWill: boolean): void {
    const core = this.#core;
    session.connection = null;
    session.disconnectedAt = Date.now();
    core.stats.clientsConnected--;
    core.stats.clientsDisconnected++;
    if (core.plugins.hooks.onBrokerClientDisconnected.length > 0) {
      core.plugins.emit("onBrokerClientDisconnected", {
        clientId: session.clientId,
        clientSession: session,
      });
    }
    if (!sendWill) this.#dropWill(session);
    if (session.expiryInterval === 0) {
      this.end(session);
      return;
    }
    this.#passOn(session, false);
    this.#scheduleExpiry(session);
    if (session.key !== 0) core.journal?.putSession(session);
    this.#scheduleWill(session);
  }

  /** Ends a session and with it everything that it holds; its will is sent now. */
  end(session: Session): void {
    if (this.#sessions.get(session.clientId) !== session) return;
    this.#sessions.delete(session.clientId);
    this.#core.stats.clientsDisconnected--;
    if (session.claimed) this.#users.removed(session);
    // [MQTT-3.1.2-8]
    const sent = fireWill(this.#core, session);
    this.#passOn(session, true);
    session.forget(sent);
    session.destroy();
    if (this.#attaching) this.#ended.push(session);
    else observeSession(this.#core, "onBrokerSessionExpired", session);
  }

  /** Forgets everything; no will is sent. */
  clear(): void {
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }

  /**
   * A member of shared subscriptions has come: what waits for members that are away
   * goes to those that are there.
   *
   * @param session The session; its client is connected.
   */
  collectShared(session: Session): void {
    for (const subscription of session.subscriptions.values()) {
      if (subscription.filter.group === undefined) continue;
      const members = this.#core.tree.groupOf(subscription)?.members ?? [];
      for (const { session: member } of [...members]) {
        if (member.connection === null) this.#passOn(member, false);
      }
    }
  }

  /** Gives what a member of shared subscriptions has left to other members. */
  #passOn(session: Session, ended: boolean): void {
    const { delivery, journal, plugins } = this.#core;
    for (const flight of session.usedOutbox?.takeShared(ended) ?? []) {
      const { message, retain, group } = flight;
      const undecided = delivery.passOn(session, message, retain, group);
      if (flight.seq === 0) continue;
      // The store has it until it has that of the other member.
      const forget = (): void => journal?.removeFlight(flight, true);
      if (undecided === undefined) forget();
      else {
        undecided.then(() => {
          // The broker ends, and the other member does not have it.
          if (!plugins.isClosing) forget();
        });
      }
    }
  }

  #add(session: Session): void {
    const { journal, stats } = this.#core;
    this.#sessions.set(session.clientId, session);
    session.serial = ++this.#serial;
    stats.clientsDisconnected++;
    session.durable = journal !== undefined && session.expiryInterval > 0;
    // Of a session that ends with its connection, only the will must be sent.
    if (session.durable || session.will !== undefined) {
      session.key = journal?.newKey() ?? 0;
    }
  }

  #scheduleWill(session: Session): void {
    if (session.will === undefined) return;
    const { clock } = this.#core;
    const due = session.disconnectedAt + session.willDelay * 1000;
    if (due <= Date.now()) fireWill(this.#core, session);
    else {
      session.willDeadline = clock.schedule(
        due - Date.now(),
        () => void fireWill(this.#core, session),
      );
    }
  }

  #scheduleExpiry(session: Session): void {
    session.expiry = this.#core.clock.schedule(
      session.disconnectedAt + session.expiryInterval * 1000 - Date.now(),
      () => {
        // Its will could not be sent any more.
        if (this.#core.plugins.isClosing) return;
        this.#core.logger.debug("Session expired", {
          clientId: session.clientId,
        });
        this.end(session);
      },
    );
  }

  #refresh(session: Session, candidate: Session): void {
    session.username = candidate.username;
    session.protocolVersion = candidate.protocolVersion;
    session.isBridge = candidate.isBridge;
    session.cleanStart = candidate.cleanStart;
    session.expiryInterval = candidate.expiryInterval;
    session.keepAlive = candidate.keepAlive;
    session.remoteAddress = candidate.remoteAddress;
    session.remotePort = candidate.remotePort;
    session.listener = candidate.listener;
    session.peerCertificate = candidate.peerCertificate;
    session.will = candidate.will;
    session.willDelay = candidate.willDelay;
    session.willExpiry = candidate.willExpiry;
    session.adoptAttributes(candidate);
  }

  /** Not before the client has its session: a plugin that hears it may make one. */
  #tellEnded(): void {
    const ended = this.#ended;
    if (ended.length === 0) return;
    this.#ended = [];
    for (const session of ended) {
      observeSession(this.#core, "onBrokerSessionExpired", session);
    }
  }

  #dropWill(session: Session): void {
    session.willDeadline?.cancel();
    session.willDeadline = undefined;
    session.will = undefined;
  }
}
