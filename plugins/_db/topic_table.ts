/**
 * The table `topic_auth`: what each user may publish, subscribe to and receive.
 *
 * @module
 */

import type { TopicLists } from "../_backend/topic_lists.ts";
import type { Action } from "../mod.ts";
import type { Database, Row } from "./database.ts";

/** A user and the topic filters. */
export interface TopicUser {
  /** User name. */
  readonly username: string;
  /** The topic filters. */
  readonly lists: TopicLists;
}

const COLUMNS = "username, publish_acl, subscribe_acl, receive_acl";

/** The topic filters of the users. */
export class TopicTable {
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
   * @returns The lists, if there is a user with exactly this name.
   * @throws {Error} If a list is not one.
   */
  async find(username: string): Promise<TopicLists | undefined> {
    const { rows } = await this.#database.query(
      `SELECT ${COLUMNS} FROM topic_auth WHERE username = ?`,
      [username],
    );
    const row = rows.find((row) => row.username === username);
    return row && readLists(row);
  }

  /**
   * Lists the users.
   *
   * @returns All, in the order of their names.
   */
  async list(): Promise<TopicUser[]> {
    const { rows } = await this.#database.query(
      `SELECT ${COLUMNS} FROM topic_auth ORDER BY username`,
    );
    return rows.map((row) => ({
      username: String(row.username),
      lists: readLists(row),
    }));
  }

  /**
   * Adds a topic filter; a user who has none yet gets a row.
   *
   * @param username User name.
   * @param action What it allows.
   * @param filter Topic filter.
   * @returns Whether it was not there before.
   */
  add(username: string, action: Action, filter: string): Promise<boolean> {
    return this.#change(
      username,
      action,
      true,
      (filters) => filters.includes(filter) ? undefined : [...filters, filter],
    );
  }

  /**
   * Removes a topic filter.
   *
   * @param username User name.
   * @param action What it allowed.
   * @param filter Topic filter.
   * @returns Whether it was there.
   */
  remove(username: string, action: Action, filter: string): Promise<boolean> {
    return this.#change(
      username,
      action,
      false,
      (filters) =>
        filters.includes(filter)
          ? filters.filter((one) => one !== filter)
          : undefined,
    );
  }

  #change(
    username: string,
    action: Action,
    create: boolean,
    change: (filters: readonly string[]) => readonly string[] | undefined,
  ): Promise<boolean> {
    const { forUpdate, jsonParameter } = this.#database;
    const column = `${action}_acl`;
    return this.#database.transaction(async (query) => {
      const { rows: [row] } = await query(
        `SELECT id, ${COLUMNS} FROM topic_auth WHERE username = ?${forUpdate}`,
        [username],
      );
      if (row === undefined && !create) return false;
      const changed = change(row === undefined ? [] : readLists(row)[action]);
      if (changed === undefined) return false;
      const text = JSON.stringify(changed.map((topic) => ({ topic })));
      if (row !== undefined) {
        await query(
          `UPDATE topic_auth SET ${column} = ${jsonParameter} WHERE id = ?`,
          [text, Number(row.id)],
        );
        return true;
      }
      const lists = ["publish", "subscribe", "receive"].map((one) =>
        one === action ? text : "[]"
      );
      await query(
        `INSERT INTO topic_auth (${COLUMNS}) VALUES (?, ${jsonParameter}, ${jsonParameter}, ${jsonParameter})`,
        [username, ...lists],
      );
      return true;
    });
  }
}

function readLists(row: Row): TopicLists {
  return {
    publish: readList(row, "publish_acl"),
    subscribe: readList(row, "subscribe_acl"),
    receive: readList(row, "receive_acl"),
  };
}

/** Reads `[{"topic": "a/b"}]`; plain texts in the list are understood too. */
function readList(row: Row, column: string): string[] {
  let value = row[column];
  if (value === null || value === undefined) return [];
  try {
    // Some databases have no JSON of their own, and give the text back.
    if (typeof value === "string") value = JSON.parse(value);
    if (!Array.isArray(value)) throw new TypeError("it is not a list");
    return value.map((entry) => {
      const topic = typeof entry === "string" ? entry : entry?.topic;
      if (typeof topic === "string") return topic;
      throw new TypeError('an entry is not of the form {"topic": "a/b"}');
    });
  } catch (cause) {
    throw new Error(
      `Cannot read "${column}" of the user "${row.username}" in the table topic_auth: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
}
