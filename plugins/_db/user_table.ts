/**
 * The table `user_auth`: users and their password hashes.
 *
 * @module
 */

import type { Database } from "./database.ts";

/** A user. */
export interface User {
  /** User name. */
  readonly username: string;
  /** Hash of the password. */
  readonly passwordHash: string;
}

/** The users. */
export class UserTable {
  readonly #database: Database;

  /**
   * Creates the table's view; the table must exist.
   *
   * @param database The database.
   */
  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Looks a user up.
   *
   * @param username User name.
   * @returns The user, if there is one with exactly this name.
   */
  async find(username: string): Promise<User | undefined> {
    const { rows } = await this.#database.query(
      "SELECT username, password_hash FROM user_auth WHERE username = ?",
      [username],
    );
    // A table that others made may take "alice" and "Alice" for one name.
    return rows.map(readUser).find((user) => user.username === username);
  }

  /**
   * Lists the users.
   *
   * @returns All, in the order of their names.
   */
  async list(): Promise<User[]> {
    const { rows } = await this.#database.query(
      "SELECT username, password_hash FROM user_auth ORDER BY username",
    );
    return rows.map(readUser);
  }

  /**
   * Adds a user.
   *
   * @param user The user.
   * @returns Whether there was none of this name.
   */
  add({ username, passwordHash }: User): Promise<boolean> {
    return this.#database.transaction(async (query) => {
      const known = await query("SELECT id FROM user_auth WHERE username = ?", [
        username,
      ]);
      if (known.rows.length > 0) return false;
      const json = this.#database.jsonParameter;
      await query(
        `INSERT INTO user_auth (username, password_hash, publish_acl, subscribe_acl, receive_acl) VALUES (?, ?, ${json}, ${json}, ${json})`,
        [username, passwordHash, "[]", "[]", "[]"],
      );
      return true;
    });
  }

  /**
   * Removes a user.
   *
   * @param username User name.
   * @returns Whether there was one.
   */
  async remove(username: string): Promise<boolean> {
    const { changes } = await this.#database.query(
      "DELETE FROM user_auth WHERE username = ?",
      [username],
    );
    return changes > 0;
  }

  /**
   * Changes a user's password hash.
   *
   * @param user The user with the new hash.
   * @param expected The hash that is replaced; another one stays. Default: any.
   * @returns Whether it was changed.
   */
  async update(
    { username, passwordHash }: User,
    expected?: string,
  ): Promise<boolean> {
    const { changes } = await this.#database.query(
      "UPDATE user_auth SET password_hash = ? WHERE username = ?" +
        (expected === undefined ? "" : " AND password_hash = ?"),
      [passwordHash, username, ...expected === undefined ? [] : [expected]],
    );
    return changes > 0;
  }
}

function readUser(row: Readonly<Record<string, unknown>>): User {
  return {
    username: String(row.username),
    passwordHash: String(row.password_hash),
  };
}
