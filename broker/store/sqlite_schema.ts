/**
 * The tables of a SQLite store, how a file is opened, and what its errors mean.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StoreError, type StoreProblem } from "./store.ts";

/** How a SQLite store writes. */
export interface SqliteSettings {
  /** The file. */
  readonly path: string;
  /** Whether what is committed survives the death of the process, or a loss of power too. */
  readonly durability: "process" | "power";
  /** Most bytes of the file; 0: no limit. */
  readonly maxSize: number;
}

/** Marks a file as ours: "DnMQ". */
const APPLICATION_ID = 0x446e4d51;
const PAGE = 4096;

/**
 * What brings a file from one version to the next; the file's version is the number
 * of steps that it has behind it.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE session (
    key INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    username TEXT,
    claimed INTEGER NOT NULL,
    protocol_version INTEGER NOT NULL,
    expiry_interval REAL, -- seconds; NULL: for ever
    disconnected_at INTEGER NOT NULL, -- 0: connected
    will_topic TEXT,
    will_qos INTEGER,
    will_retain INTEGER,
    will_delay INTEGER,
    will_expiry INTEGER,
    will_properties BLOB,
    will_payload BLOB
  ) STRICT;
  CREATE TABLE subscription (
    session INTEGER NOT NULL,
    filter TEXT NOT NULL,
    qos INTEGER NOT NULL,
    no_local INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL,
    exempt INTEGER NOT NULL,
    identifiers TEXT, -- JSON
    PRIMARY KEY (session, filter)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE incoming (
    session INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
  ) STRICT, WITHOUT ROWID;
  -- A message that several deliveries have stands in a table of its own; the message
  -- of a single one stands beside it, which halves the work. Both as bytes, which go
  -- through unread.
  CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    uses INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    flags INTEGER NOT NULL, -- 1, 2: QoS; 4: retained; 8: PUBREC came
    packet_id INTEGER NOT NULL, -- 0: not sent yet
    identifiers TEXT, -- JSON
    shared TEXT, -- the shared subscription
    message INTEGER, -- NULL: it stands here
    body BLOB
  ) STRICT;
  CREATE TRIGGER delivery_ended AFTER DELETE ON delivery
  WHEN old.message IS NOT NULL
  BEGIN
    UPDATE message SET uses = uses - 1 WHERE id = old.message;
    DELETE FROM message WHERE id = old.message AND uses <= 0;
  END;
  CREATE TABLE retained (
    topic TEXT NOT NULL UNIQUE,
    qos INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    publisher TEXT,
    properties BLOB,
    payload BLOB NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE plugin_value (
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    kind INTEGER NOT NULL, -- 0: bytes; 1: text; 2: JSON
    body BLOB NOT NULL,
    PRIMARY KEY (plugin, key)
  ) STRICT;
  `,
];

/**
 * Opens the file of a store, or an empty one. Nothing of a file that is not ours is
 * changed.
 *
 * @param settings How it is written.
 * @param readOnly Whether nothing may be written. Default: `false`.
 * @returns The connection.
 * @throws {StoreError} If the file cannot be used, is of a newer version, or not ours.
 */
export function openDatabase(
  settings: SqliteSettings,
  readOnly = false,
): DatabaseSync {
  const { path, durability, maxSize } = settings;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: 5000 });
    checkOwner(db, path);
    if (!readOnly) {
      db.exec("PRAGMA journal_mode = WAL");
      db.exec(
        `PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`,
      );
      if (maxSize > 0) {
        db.exec(`PRAGMA max_page_count = ${Math.ceil(maxSize / PAGE)}`);
      }
    }
    db.exec("PRAGMA cache_size = -32768");
    return db;
  } catch (error) {
    db?.close();
    throw storeError(error, path, "open");
  }
}

/** Looks before anything is written: the mode of the journal is kept in the file, too. */
function checkOwner(db: DatabaseSync, path: string): void {
  const application = pragma(db, "application_id");
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()!.n;
  if (application !== APPLICATION_ID && (tables !== 0 || application !== 0)) {
    throw new StoreError(
      "corrupt",
      `Cannot open the store "${path}": it is a database of another program; choose another file in store.path`,
    );
  }
  const version = pragma(db, "user_version");
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      "newer",
      `Cannot open the store "${path}": its version is ${version}, this DinoMQ knows versions up to ${MIGRATIONS.length}; use the DinoMQ that wrote it, or a newer one`,
    );
  }
}

/**
 * Brings a file to the present version.
 *
 * @param db The file, as {@linkcode openDatabase} gives it.
 * @param path Its name, for messages.
 * @throws {StoreError} If it cannot be written.
 */
export function migrate(db: DatabaseSync, path: string): void {
  try {
    const version = pragma(db, "user_version");
    if (version === MIGRATIONS.length) return;
    db.exec("BEGIN IMMEDIATE");
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    throw storeError(error, path, "open");
  }
}

/** The version that {@linkcode migrate} brings files to. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Reads a pragma that is a number. */
export function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return Object.values(row)[0];
}

/** What SQLite's texts mean for a store; its result codes are not always passed on. */
const PROBLEMS: Readonly<Record<string, [StoreProblem, string]>> = {
  "database is locked": ["locked", "another program has it locked"],
  "attempt to write a readonly database": [
    "readonly",
    "it cannot be written; see the rights of file and folder",
  ],
  "disk I/O error": ["failed", "the disk has failed, or is full"],
  "database disk image is malformed": [
    "corrupt",
    "it is damaged; restore a copy, or move it away to begin with an empty one",
  ],
  "database or disk is full": [
    "full",
    "there is no room; free some, or raise store.max-size",
  ],
  "unable to open database file": [
    "unreadable",
    "the file cannot be opened; see its path and its rights",
  ],
  "file is not a database": [
    "corrupt",
    "it is no SQLite database; choose another file",
  ],
};

/** What the codes of the operating system mean for the file of a store. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist; create it",
  ENOTDIR: "its folder is a file; see the path",
  EISDIR: "it is a folder; name a file in it",
  EACCES: "it may not be read or written; see the rights of file and folder",
  EROFS: "its file system cannot be written",
  ENOSPC: "there is no room on the disk",
};

/**
 * Translates an error of SQLite, or of the file.
 *
 * @param error What was thrown.
 * @param path The file.
 * @param action What could not be done, such as `open`.
 * @returns The error to throw on.
 */
export function storeError(
  error: unknown,
  path: string,
  action: string,
): StoreError {
  if (error instanceof StoreError) return error;
  const file = FILE_PROBLEMS[(error as { code?: string }).code ?? ""];
  if (file !== undefined) {
    return new StoreError(
      "unreadable",
      `Cannot ${action} the store "${path}": ${file}`,
      { cause: error },
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  const known = Object.keys(PROBLEMS).find((one) => text.includes(one));
  const [problem, remedy]: [StoreProblem, string] = known === undefined
    ? ["failed", text]
    : PROBLEMS[known];
  return new StoreError(
    problem,
    `Cannot ${action} the store "${path}": ${remedy}`,
    { cause: error },
  );
}
