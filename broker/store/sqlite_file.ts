/**
 * What can be done with the file of a SQLite store while no broker has it.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { FileLock } from "./sqlite_lock.ts";
import { openDatabase, pragma, storeError } from "./sqlite_schema.ts";

/** What is in a file. */
export interface StoreInfo {
  /** Version of its tables. */
  readonly version: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Of them, what is free for new messages. */
  readonly free: number;
  /** Sessions. */
  readonly sessions: number;
  /** Subscriptions. */
  readonly subscriptions: number;
  /** Messages that wait for sessions. */
  readonly waiting: number;
  /** Messages that were sent and are not acknowledged. */
  readonly inflight: number;
  /** Retained messages. */
  readonly retained: number;
  /** Values of plugins. */
  readonly values: number;
}

/**
 * Looks what is in a file. A broker may have it meanwhile.
 *
 * @param path The file.
 * @throws {StoreError} If it cannot be read.
 */
export function storeInfo(path: string): StoreInfo {
  return withDatabase(path, true, "read", (db) => {
    const count = (query: string): number =>
      db.prepare(`SELECT count(*) AS n FROM ${query}`).get()!.n as number;
    const page = pragma(db, "page_size");
    return {
      version: pragma(db, "user_version"),
      bytes: pragma(db, "page_count") * page,
      free: pragma(db, "freelist_count") * page,
      sessions: count("session"),
      subscriptions: count("subscription"),
      waiting: count("delivery WHERE packet_id = 0"),
      inflight: count("delivery WHERE packet_id <> 0"),
      retained: count("retained"),
      values: count("plugin_value"),
    };
  });
}

/**
 * Looks for damage.
 *
 * @param path The file.
 * @returns What was found; empty: the file is sound.
 * @throws {StoreError} If it cannot be read at all.
 */
export function checkStore(path: string): string[] {
  return withDatabase(path, true, "check", (db) => {
    const found = db.prepare("PRAGMA integrity_check").all()
      .map((row) => String(Object.values(row)[0]))
      .filter((line) => line !== "ok");
    const lost = (what: string, query: string): void => {
      const { n } = db.prepare(`SELECT count(*) AS n FROM ${query}`).get()!;
      if (n as number > 0) found.push(`${n} ${what}`);
    };
    lost(
      "messages belong to no session",
      "delivery WHERE session NOT IN (SELECT key FROM session)",
    );
    lost(
      "deliveries have lost their message",
      `delivery WHERE message IS NOT NULL
         AND message NOT IN (SELECT id FROM message)`,
    );
    return found;
  });
}

/**
 * Gives the room that deleted messages have left back to the disk.
 *
 * @param path The file; no broker has it.
 * @throws {StoreError} If it cannot be done.
 */
export function compactStore(path: string): void {
  const lock = new FileLock(path);
  try {
    withDatabase(path, false, "compact", (db) => {
      db.exec("VACUUM");
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    });
  } finally {
    lock.release();
  }
}

function withDatabase<T>(
  path: string,
  readOnly: boolean,
  action: string,
  body: (db: DatabaseSync) => T,
): T {
  try {
    // SQLite would create it.
    Deno.statSync(path);
  } catch (error) {
    throw storeError(error, path, action);
  }
  const db = openDatabase(
    { path, durability: "process", maxSize: 0 },
    readOnly,
  );
  try {
    return body(db);
  } catch (error) {
    throw storeError(error, path, action);
  } finally {
    db.close();
  }
}
