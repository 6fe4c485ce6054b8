/**
 * SQLite, which is built in.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf } from "../_backend/message.ts";
import type { SqliteTarget } from "./connection_url.ts";
import type {
  Driver,
  DriverConnection,
  Parameter,
  QueryResult,
} from "./database.ts";

const SQLITE_BUSY = 5;
const PAUSE_MILLISECONDS = 10;

/**
 * Makes the driver of a file.
 *
 * @param target The file.
 * @param timeout Milliseconds to wait for the lock of another program.
 * @param create Whether the file is made if it does not exist.
 * @returns The driver.
 */
export function sqliteDriver(
  target: SqliteTarget,
  timeout: number,
  create: boolean,
): Driver {
  return {
    connect: () => new SqliteConnection(target.file, timeout, create),
    jsonParameter: "?",
    begin: "BEGIN IMMEDIATE",
    forUpdate: "",
    isMissingTable: (error) => /^no such table/.test(messageOf(error)),
  };
}

class SqliteConnection implements DriverConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #timeout: number;
  #isReady = false;

  constructor(file: string, timeout: number, create: boolean) {
    this.#timeout = timeout;
    ensureFile(file, create);
    // It would block everything while it waits for a lock: query() does that.
    this.#database = new DatabaseSync(file, { timeout: 0 });
  }

  readonly query = async (
    sql: string,
    parameters: readonly Parameter[] = [],
  ): Promise<QueryResult> => {
    const end = performance.now() + this.#timeout;
    while (true) {
      try {
        return this.#run(sql, parameters);
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      }
    }
  };

  isUsable(): boolean {
    return this.#database.isOpen;
  }

  end(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #run(sql: string, parameters: readonly Parameter[]): QueryResult {
    if (!this.#isReady) {
      // With a write-ahead log, no commit waits for the disk. It may find the
      // database locked, too.
      this.#database.exec("PRAGMA synchronous = NORMAL");
      this.#isReady = true;
    }
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    if (/^\s*SELECT/i.test(sql)) {
      return { rows: statement.all(...parameters), changes: 0 };
    }
    const { changes } = statement.run(...parameters);
    return { rows: [], changes: Number(changes) };
  }
}

/** Whether another connection has a lock; not every error of Deno's has a code. */
function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY ||
    messageOf(error).includes("database is locked");
}

/** SQLite itself would make an empty file that every user of the machine can read. */
function ensureFile(file: string, create: boolean): void {
  try {
    if (create) {
      Deno.openSync(file, { write: true, createNew: true, mode: 0o600 })
        .close();
    } else Deno.statSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return;
    if (create || !(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      'there is no such file; make it with the option "sync-schema", or with "users sync" on the command line',
      { cause },
    );
  }
}
