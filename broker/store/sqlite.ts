/**
 * A store in a SQLite file. Reading happens where it is asked for, writing in a
 * thread of its own.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { QoS } from "../../plugins/mod.ts";
import type { Batch } from "./batch.ts";
import { VALUE_KINDS } from "./batch_format.ts";
import { decodeMessage } from "./batch_reader.ts";
import { FileLock } from "./sqlite_lock.ts";
import {
  migrate,
  openDatabase,
  type SqliteSettings,
  storeError,
} from "./sqlite_schema.ts";
import type { WorkerAnswer, WorkerRequest } from "./sqlite_worker.ts";
import { type Store, StoreError } from "./store.ts";
import type {
  StoredDelivery,
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/** Options of a {@linkcode SqliteStore}. */
export interface SqliteStoreOptions {
  /** The file; it is created with mode 0600. */
  path: string;
  /**
   * What a commit survives: the death of the process, or the loss of power too,
   * which makes each commit wait for the disk. Default: `"process"`.
   */
  durability?: "process" | "power";
  /** Most bytes of the file; 0: no limit. Default: 0. */
  maxSize?: number;
  /** Whether the file is deleted when the broker stops as it should. Default: `false`. */
  clearOnShutdown?: boolean;
}

/** A store in a SQLite file. */
export class SqliteStore implements Store {
  readonly #settings: SqliteSettings;
  readonly name: string;
  readonly temporary: boolean;
  #lock: FileLock | undefined;
  #db: DatabaseSync | undefined;
  #read: StatementSync | undefined;
  #worker: Worker | undefined;
  #answer: ((answer: WorkerAnswer) => void) | undefined;
  /** The batch that could not be written. */
  #failed: Batch | undefined;

  /**
   * Creates a store; nothing is opened yet.
   *
   * @param options The file and how it is written.
   */
  constructor(options: SqliteStoreOptions) {
    const { path, durability = "process", maxSize = 0 } = options;
    this.#settings = { path, durability, maxSize };
    this.name = `sqlite ${path}`;
    this.temporary = options.clearOnShutdown ?? false;
  }

  async open(): Promise<void> {
    const { path } = this.#settings;
    try {
      this.#lock = new FileLock(path);
      createFile(path);
      const db = openDatabase(this.#settings);
      this.#db = db;
      migrate(db, path);
      // What a removed session has left, if anything.
      db.exec(
        "DELETE FROM delivery WHERE session NOT IN (SELECT key FROM session)",
      );
      this.#read = db.prepare(
        `SELECT d.*, m.body AS shared_body
         FROM delivery d LEFT JOIN message m ON m.id = d.message
         WHERE d.seq = ?`,
      );
      const worker = new Worker(
        new URL("./sqlite_worker.ts", import.meta.url),
        { type: "module", name: "store" },
      );
      this.#worker = worker;
      worker.onmessage = ({ data }) => this.#settle(data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#settle({ error: { problem: "failed", message: event.message } });
      };
      await this.#ask({ open: this.#settings }, []);
    } catch (error) {
      await this.close();
      throw storeError(error, path, "open");
    }
  }

  *sessions(): Iterable<StoredSession> {
    for (const row of this.#all("SELECT * FROM session")) {
      const expiry = row.expiry_interval as number | null;
      yield {
        key: row.key as number,
        clientId: row.client_id as string,
        username: text(row.username),
        claimed: row.claimed === 1,
        protocolVersion: row.protocol_version as 3 | 4 | 5,
        expiryInterval: expiry ?? Infinity,
        disconnectedAt: row.disconnected_at as number,
        will: row.will_topic === null ? undefined : {
          delay: row.will_delay as number,
          expiry: row.will_expiry as number | null ?? undefined,
          message: {
            topic: row.will_topic as string,
            payload: bytes(row.will_payload),
            properties: bytes(row.will_properties),
            qos: row.will_qos as QoS,
            retain: row.will_retain === 1,
            expiresAt: 0,
            publisher: row.client_id as string,
          },
        },
      };
    }
  }

  *subscriptions(): Iterable<StoredSubscription> {
    for (const row of this.#all("SELECT * FROM subscription")) {
      yield {
        session: row.session as number,
        filter: row.filter as string,
        qos: row.qos as QoS,
        noLocal: row.no_local === 1,
        retainAsPublished: row.retain_as_published === 1,
        exempt: row.exempt === 1,
        identifiers: numbers(row.identifiers),
      };
    }
  }

  *incoming(): Iterable<{ session: number; packetId: number }> {
    for (const row of this.#all("SELECT * FROM incoming")) {
      yield {
        session: row.session as number,
        packetId: row.packet_id as number,
      };
    }
  }

  *deliveries(): Iterable<StoredDelivery> {
    const rows = this.#all(
      `SELECT seq, session, weight, flags, packet_id, identifiers, shared
       FROM delivery ORDER BY seq`,
    );
    for (const row of rows) yield delivery(row);
  }

  *retained(): Iterable<StoredMessage> {
    for (const row of this.#all("SELECT * FROM retained")) {
      yield {
        topic: row.topic as string,
        payload: bytes(row.payload),
        properties: bytes(row.properties),
        qos: row.qos as QoS,
        retain: true,
        expiresAt: row.expires_at as number,
        publisher: text(row.publisher),
      };
    }
  }

  *values(): Iterable<StoredValue> {
    const rows = this.#all("SELECT * FROM plugin_value ORDER BY plugin, key");
    for (const row of rows) {
      yield {
        plugin: row.plugin as string,
        key: row.key as string,
        kind: VALUE_KINDS[row.kind as number],
        bytes: bytes(row.body),
      };
    }
  }

  read(seqs: readonly number[]): StoredFlight[] {
    const flights: StoredFlight[] = [];
    try {
      for (const seq of seqs) {
        const row = this.#read!.get(seq) as Row | undefined;
        if (row === undefined) continue;
        const body = row.shared_body ?? row.body;
        flights.push({
          ...delivery(row),
          message: decodeMessage(body as Uint8Array),
        });
      }
    } catch (error) {
      throw storeError(error, this.#settings.path, "read");
    }
    return flights;
  }

  async commit(batch: Batch): Promise<void> {
    const { buffer, length } = batch;
    const again = this.#failed === batch;
    const answer = await this.#ask({ buffer, length, again }, [buffer.buffer]);
    batch.restore(answer.buffer!);
    this.#failed = undefined;
    if (answer.error === undefined) return;
    this.#failed = batch;
    throw new StoreError(answer.error.problem, answer.error.message);
  }

  async close(): Promise<void> {
    if (this.#worker !== undefined) {
      await this.#ask({ close: true }, []).catch(() => {});
      this.#worker.terminate();
      this.#worker = undefined;
    }
    this.#read = undefined;
    this.#db?.close();
    this.#db = undefined;
    if (this.#lock === undefined) return;
    if (this.temporary) {
      for (const end of ["", "-wal", "-shm"]) {
        removeIfThere(this.#settings.path + end);
      }
    }
    this.#lock.release();
    this.#lock = undefined;
  }

  *#all(sql: string): Iterable<Row> {
    try {
      yield* this.#db!.prepare(sql).iterate() as Iterable<Row>;
    } catch (error) {
      throw storeError(error, this.#settings.path, "read");
    }
  }

  /** Asks the thread; a commit that fails is answered like one that succeeds. */
  #ask(
    request: WorkerRequest,
    transfer: Transferable[],
  ): Promise<WorkerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
    this.#answer = (answer) => {
      const { error } = answer;
      if (error === undefined || answer.buffer !== undefined) resolve(answer);
      else reject(new StoreError(error.problem, error.message));
    };
    this.#worker!.postMessage(request, transfer);
    return promise;
  }

  #settle(answer: WorkerAnswer): void {
    this.#answer?.(answer);
    this.#answer = undefined;
  }
}

type Row = Record<string, unknown>;

function delivery(row: Row): StoredDelivery {
  const flags = row.flags as number;
  return {
    seq: row.seq as number,
    session: row.session as number,
    weight: row.weight as number,
    qos: (flags & 3) as QoS,
    retain: (flags & 4) !== 0,
    packetId: row.packet_id as number,
    released: (flags & 8) !== 0,
    identifiers: numbers(row.identifiers),
    group: text(row.shared),
  };
}

const NO_BYTES = new Uint8Array(0);
const NO_NUMBERS: readonly number[] = [];

function bytes(value: unknown): Uint8Array {
  return value === null ? NO_BYTES : value as Uint8Array;
}

function text(value: unknown): string | undefined {
  return value === null ? undefined : value as string;
}

function numbers(value: unknown): readonly number[] {
  return value === null ? NO_NUMBERS : JSON.parse(value as string);
}

/** Creates the file, if need be, so that nobody else can read it; SQLite's others follow its mode. */
function createFile(path: string): void {
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is not there.
  }
}
