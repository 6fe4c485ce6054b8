/**
 * Writes batches to the tables of a SQLite store.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { VALUE_KINDS } from "./batch_format.ts";
import { applyBatch } from "./batch_reader.ts";
import type { BatchVisitor, MessageBody } from "./batch_visitor.ts";
import type {
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/** One statement for each kind of operation, prepared once. */
function prepareAll(db: DatabaseSync) {
  const one = (sql: string): StatementSync => db.prepare(sql);
  const marks = (count: number): string => Array(count).fill("?").join(", ");
  return {
    begin: one("BEGIN IMMEDIATE"),
    commit: one("COMMIT"),
    rollback: one("ROLLBACK"),
    putSession: one(`INSERT OR REPLACE INTO session VALUES (${marks(14)})`),
    deleteSession: one("DELETE FROM session WHERE key = ?"),
    deleteSubscriptions: one("DELETE FROM subscription WHERE session = ?"),
    deleteIncomings: one("DELETE FROM incoming WHERE session = ?"),
    putSubscription: one(
      `INSERT OR REPLACE INTO subscription VALUES (${marks(7)})`,
    ),
    deleteSubscription: one(
      "DELETE FROM subscription WHERE session = ? AND filter = ?",
    ),
    addIncoming: one("INSERT OR IGNORE INTO incoming VALUES (?, ?)"),
    deleteIncoming: one(
      "DELETE FROM incoming WHERE session = ? AND packet_id = ?",
    ),
    addMessage: one("INSERT INTO message (uses, body) VALUES (?, ?)"),
    addFlight: one(`INSERT INTO delivery VALUES (${marks(9)})`),
    updateFlight: one(
      "UPDATE delivery SET packet_id = ?, flags = (flags & 7) | ? WHERE seq = ?",
    ),
    deleteFlights: one("DELETE FROM delivery WHERE seq BETWEEN ? AND ?"),
    putRetained: one(
      `INSERT INTO retained (qos, expires_at, publisher, properties, payload, topic)
       VALUES (${marks(6)})
       ON CONFLICT (topic) DO UPDATE SET qos = excluded.qos,
         expires_at = excluded.expires_at, publisher = excluded.publisher,
         properties = excluded.properties, payload = excluded.payload`,
    ),
    deleteRetained: one("DELETE FROM retained WHERE topic = ?"),
    putValue: one(
      `INSERT INTO plugin_value VALUES (${marks(4)})
       ON CONFLICT (plugin, key) DO UPDATE SET kind = excluded.kind,
         body = excluded.body`,
    ),
    deleteValue: one("DELETE FROM plugin_value WHERE plugin = ? AND key = ?"),
    clearValues: one("DELETE FROM plugin_value WHERE plugin = ?"),
  };
}

/** Writes batches, each in one transaction. */
export class SqliteWriter implements BatchVisitor {
  readonly #statements: ReturnType<typeof prepareAll>;
  /** Messages of the present batch that several deliveries have, by their place in it. */
  readonly #messages = new Map<number, number>();
  /** Deliveries that end with the present batch. */
  #ended: number[] = [];

  /**
   * Creates a writer.
   *
   * @param db A connection that nobody else writes to.
   */
  constructor(db: DatabaseSync) {
    this.#statements = prepareAll(db);
  }

  /**
   * Writes a batch, or nothing of it.
   *
   * @param bytes The bytes of a batch.
   * @param again Whether it could not be written before.
   */
  write(bytes: Uint8Array, again: boolean): void {
    const { begin, commit, rollback } = this.#statements;
    begin.run();
    try {
      // A full disk has room again for what is new once the old is deleted.
      if (again) {
        applyBatch(bytes, this.#onlyDeletions());
        this.#deleteFlights();
      }
      applyBatch(bytes, this);
      this.#deleteFlights();
      commit.run();
    } catch (error) {
      try {
        rollback.run();
      } catch {
        // SQLite has rolled back by itself.
      }
      throw error;
    } finally {
      this.#messages.clear();
      this.#ended = [];
    }
  }

  putSession(session: StoredSession): void {
    const { will, expiryInterval } = session;
    this.#statements.putSession.run(
      session.key,
      session.clientId,
      session.username ?? null,
      session.claimed ? 1 : 0,
      session.protocolVersion,
      expiryInterval === Infinity ? null : expiryInterval,
      session.disconnectedAt,
      will?.message.topic ?? null,
      will?.message.qos ?? null,
      will === undefined ? null : will.message.retain ? 1 : 0,
      will?.delay ?? null,
      will?.expiry ?? null,
      will?.message.properties ?? null,
      will?.message.payload ?? null,
    );
  }

  deleteSession(key: number): void {
    this.#statements.deleteSession.run(key);
    this.#statements.deleteSubscriptions.run(key);
    this.#statements.deleteIncomings.run(key);
  }

  putSubscription(subscription: StoredSubscription): void {
    this.#statements.putSubscription.run(
      subscription.session,
      subscription.filter,
      subscription.qos,
      subscription.noLocal ? 1 : 0,
      subscription.retainAsPublished ? 1 : 0,
      subscription.exempt ? 1 : 0,
      list(subscription.identifiers),
    );
  }

  deleteSubscription(session: number, filter: string): void {
    this.#statements.deleteSubscription.run(session, filter);
  }

  addIncoming(session: number, packetId: number): void {
    this.#statements.addIncoming.run(session, packetId);
  }

  deleteIncoming(session: number, packetId: number): void {
    this.#statements.deleteIncoming.run(session, packetId);
  }

  addFlight(delivery: StoredDelivery, body: MessageBody): void {
    const { qos, retain, released } = delivery;
    const shared = body.uses > 1;
    this.#statements.addFlight.run(
      delivery.seq,
      delivery.session,
      delivery.weight,
      qos | (retain ? 4 : 0) | (released ? 8 : 0),
      delivery.packetId,
      list(delivery.identifiers),
      delivery.group ?? null,
      shared ? this.#messageId(body) : null,
      shared ? null : body.bytes,
    );
  }

  updateFlight(seq: number, packetId: number, released: boolean): void {
    this.#statements.updateFlight.run(packetId, released ? 8 : 0, seq);
  }

  deleteFlight(seq: number): void {
    this.#ended.push(seq);
  }

  putRetained(message: StoredMessage): void {
    this.#statements.putRetained.run(
      message.qos,
      message.expiresAt,
      message.publisher ?? null,
      blobOrNull(message.properties),
      message.payload,
      message.topic,
    );
  }

  deleteRetained(topic: string): void {
    this.#statements.deleteRetained.run(topic);
  }

  putValue({ plugin, key, kind, bytes }: StoredValue): void {
    const number = VALUE_KINDS.indexOf(kind);
    this.#statements.putValue.run(plugin, key, number, bytes);
  }

  deleteValue(plugin: string, key: string): void {
    this.#statements.deleteValue.run(plugin, key);
  }

  clearValues(plugin: string): void {
    this.#statements.clearValues.run(plugin);
  }

  #messageId({ place, uses, bytes }: MessageBody): number {
    const known = this.#messages.get(place);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#statements.addMessage.run(uses, bytes);
    const id = Number(lastInsertRowid);
    this.#messages.set(place, id);
    return id;
  }

  /** Removes the deliveries that have ended: often many in a row. */
  #deleteFlights(): void {
    const seqs = this.#ended.sort((a, b) => a - b);
    for (let i = 0; i < seqs.length;) {
      const first = i++;
      while (seqs[i] === seqs[i - 1] + 1) i++;
      this.#statements.deleteFlights.run(seqs[first], seqs[i - 1]);
    }
    this.#ended = [];
  }

  /** Of a batch, what makes room. What was added in the same batch is not there yet. */
  #onlyDeletions(): BatchVisitor {
    const nothing = (): void => {};
    return {
      putSession: nothing,
      putSubscription: nothing,
      addIncoming: nothing,
      addFlight: nothing,
      updateFlight: nothing,
      putRetained: nothing,
      putValue: nothing,
      deleteSession: (key) => this.deleteSession(key),
      deleteSubscription: (session, filter) =>
        this.deleteSubscription(session, filter),
      deleteIncoming: (session, packetId) =>
        this.deleteIncoming(session, packetId),
      deleteFlight: (seq) => this.deleteFlight(seq),
      deleteRetained: (topic) => this.deleteRetained(topic),
      deleteValue: (plugin, key) => this.deleteValue(plugin, key),
      clearValues: (plugin) => this.clearValues(plugin),
    };
  }
}

function list(numbers: readonly number[]): string | null {
  return numbers.length === 0 ? null : JSON.stringify(numbers);
}

function blobOrNull(bytes: Uint8Array): Uint8Array | null {
  return bytes.length === 0 ? null : bytes;
}
