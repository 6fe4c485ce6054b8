/**
 * The tables, laid out as aMQTT has them.
 *
 * @module
 */

import type { Database, DatabaseKind } from "./database.ts";

const ID: Readonly<Record<DatabaseKind, string>> = {
  sqlite: "INTEGER NOT NULL PRIMARY KEY",
  postgresql: "SERIAL NOT NULL PRIMARY KEY",
  mysql: "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY",
};

const USERNAME: Readonly<Record<DatabaseKind, string>> = {
  sqlite: "VARCHAR NOT NULL UNIQUE",
  postgresql: "VARCHAR NOT NULL UNIQUE",
  // By default MySQL takes "alice" and "Alice" for one user.
  mysql:
    "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE",
};

const LISTS =
  "publish_acl JSON NOT NULL, subscribe_acl JSON NOT NULL, receive_acl JSON NOT NULL";

/**
 * Makes the tables that do not exist. Those that do stay as they are.
 *
 * @param database The database.
 */
export async function syncSchema(database: Database): Promise<void> {
  const { kind } = database;
  await database.query(
    `CREATE TABLE IF NOT EXISTS user_auth (id ${ID[kind]}, username ${
      USERNAME[kind]
    }, password_hash VARCHAR(128) NOT NULL, ${LISTS})`,
  );
  await database.query(
    `CREATE TABLE IF NOT EXISTS topic_auth (id ${ID[kind]}, username ${
      USERNAME[kind]
    }, ${LISTS})`,
  );
}
