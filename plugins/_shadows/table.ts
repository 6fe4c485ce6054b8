/**
 * The table of the shadows, laid out as aMQTT has it: one row for each version.
 *
 * @module
 */

import type { Database, DatabaseKind, Query, Row } from "../_db/database.ts";
import {
  emptyDocument,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
  type Sections,
  type ShadowDocument,
} from "./document.ts";
import { Rejection, type ShadowName } from "./request.ts";

/** A version of a shadow. */
export interface ShadowVersion {
  /** The document. */
  readonly document: ShadowDocument;
  /** Number of the version; 0: there is none yet. */
  readonly version: number;
  /** When it was made, in seconds since 1970. */
  readonly timestamp: number;
}

/** Limits of a {@linkcode ShadowTable}. */
export interface ShadowLimits {
  /** Versions of a shadow that are kept; 0: all. */
  history: number;
  /** Shadows of one device. */
  maxShadows: number;
  /** Bytes of a document. */
  maxDocumentBytes: number;
}

const NAME: Readonly<Record<DatabaseKind, string>> = {
  sqlite: "VARCHAR(128) NOT NULL",
  postgresql: "VARCHAR(128) NOT NULL",
  mysql: "VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
};

const OF_SHADOW = "FROM shadows_shadow WHERE device_id = ? AND name = ?";

/**
 * Makes the table if it does not exist.
 *
 * @param database The database.
 */
export async function syncShadowTable(database: Database): Promise<void> {
  const name = NAME[database.kind];
  if (database.kind === "sqlite") {
    await database.query("PRAGMA journal_mode = WAL");
  }
  await database.query(
    `CREATE TABLE IF NOT EXISTS shadows_shadow (id VARCHAR(36) NOT NULL PRIMARY KEY, device_id ${name}, name ${name}, version INTEGER NOT NULL CHECK (version > 0), state JSON NOT NULL, created_at INTEGER NOT NULL, CONSTRAINT uq_device_id_name_version UNIQUE (device_id, name, version))`,
  );
}

/** The shadows. */
export class ShadowTable {
  readonly #database: Database;
  readonly #limits: ShadowLimits;

  /**
   * Creates the table's view; the table must exist.
   *
   * @param database The database.
   * @param limits How much is kept.
   */
  constructor(database: Database, limits: ShadowLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /**
   * Reads the latest version of a shadow.
   *
   * @param shadow The shadow.
   * @returns The version; nothing if there is no such shadow.
   */
  async find(shadow: ShadowName): Promise<ShadowVersion | undefined> {
    return await latest(this.#database.query, shadow, "");
  }

  /**
   * Writes the next version of a shadow.
   *
   * @param shadow The shadow.
   * @param change Makes the new document of the present version.
   * @param now Seconds since 1970.
   * @returns The version before and the new one.
   * @throws {Rejection} If a limit does not allow it, or `change` threw one.
   */
  update(
    shadow: ShadowName,
    change: (present: ShadowVersion) => ShadowDocument,
    now: number,
  ): Promise<{ previous: ShadowVersion; current: ShadowVersion }> {
    const { forUpdate, jsonParameter } = this.#database;
    const { history, maxDocumentBytes } = this.#limits;
    const { device, name } = shadow;
    return this.#database.transaction(async (query) => {
      const found = await latest(query, shadow, forUpdate);
      if (found === undefined) await this.#checkCount(query, shadow);
      const previous = found ??
        { document: emptyDocument(), version: 0, timestamp: 0 };
      const document = change(previous);
      const version = previous.version + 1;
      const text = JSON.stringify(document);
      if (new TextEncoder().encode(text).length > maxDocumentBytes) {
        throw new Rejection(
          413,
          `the document would have more than ${maxDocumentBytes} bytes`,
        );
      }
      await query(
        `INSERT INTO shadows_shadow (id, device_id, name, version, state, created_at) VALUES (?, ?, ?, ?, ${jsonParameter}, ?)`,
        [crypto.randomUUID(), device, name, version, text, now],
      );
      if (history > 0) {
        await query(`DELETE ${OF_SHADOW} AND version <= ?`, [
          device,
          name,
          version - history,
        ]);
      }
      return { previous, current: { document, version, timestamp: now } };
    });
  }

  async #checkCount(query: Query, { device }: ShadowName): Promise<void> {
    const { rows } = await query(
      "SELECT COUNT(DISTINCT name) AS shadows FROM shadows_shadow WHERE device_id = ?",
      [device],
    );
    const { maxShadows } = this.#limits;
    if (Number(rows[0].shadows) >= maxShadows) {
      throw new Rejection(
        429,
        `the device has ${maxShadows} shadows already, and may have no more`,
      );
    }
  }
}

async function latest(
  query: Query,
  { device, name }: ShadowName,
  forUpdate: string,
): Promise<ShadowVersion | undefined> {
  const { rows: [row] } = await query(
    `SELECT version, state, created_at ${OF_SHADOW} ORDER BY version DESC LIMIT 1${forUpdate}`,
    [device, name],
  );
  return row && {
    document: readDocument(row),
    version: Number(row.version),
    timestamp: Number(row.created_at),
  };
}

/** Some databases give text back, some what it means. */
function readDocument(row: Row): ShadowDocument {
  const text = typeof row.state === "string"
    ? row.state
    : JSON.stringify(row.state);
  const document = parseJson(text);
  const part = (value: Json | undefined, key: string): JsonObject => {
    const found = isObject(value) ? value[key] : undefined;
    return isObject(found) ? found : emptyDocument().state.desired;
  };
  const sections = (key: string): Sections => {
    const value = part(document, key);
    return {
      desired: part(value, "desired"),
      reported: part(value, "reported"),
    };
  };
  return { state: sections("state"), metadata: sections("metadata") };
}
