/**
 * A plugin's way to its database: opened and synced when it is first needed, tried
 * again as long as that fails.
 *
 * @module
 */

import * as v from "valibot";
import type { PoolLimits } from "../_backend/pool.ts";
import { type DatabaseTarget, parseConnectionUrl } from "./connection_url.ts";
import { type Database, openDatabase } from "./database.ts";
import { syncSchema } from "./schema.ts";

/** The options that every plugin with a database has. */
export interface DatabaseSettings {
  /** Connection URL. */
  connection: string;
  /** Whether missing tables are made. Default: `false`. */
  syncSchema: boolean;
  /** How many connections there are at most, 1 to 100. Default: 4. */
  connections: number;
  /** Seconds that the database may take to answer, 0.01 to 60. Default: 3. */
  timeout: number;
}

/** The schema of {@linkcode DatabaseSettings}, as entries of an object's schema. */
export const databaseEntries: {
  connection: v.GenericSchema<string>;
  syncSchema: v.GenericSchema<boolean | undefined, boolean>;
  connections: v.GenericSchema<number | undefined, number>;
  timeout: v.GenericSchema<number | undefined, number>;
} = {
  connection: v.pipe(v.string(), v.nonEmpty()),
  syncSchema: v.optional(v.boolean(), false),
  connections: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
    4,
  ),
  timeout: v.optional(
    v.pipe(v.number(), v.minValue(0.01), v.maxValue(60)),
    3,
  ),
};

/** The database of one plugin. */
export class DatabaseSource {
  readonly #settings: DatabaseSettings;
  readonly #sync: (database: Database) => Promise<void>;
  readonly #target: DatabaseTarget;
  #opening: Promise<Database> | undefined;
  #ready: Promise<Database> | undefined;

  /**
   * Creates the source. Nothing is connected yet.
   *
   * @param settings The plugin's options.
   * @param sync Makes the tables. Default: those of users and topics.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(
    settings: DatabaseSettings,
    sync: (database: Database) => Promise<void> = syncSchema,
  ) {
    this.#target = parseConnectionUrl(settings.connection);
    this.#settings = settings;
    this.#sync = sync;
  }

  /**
   * Opens the database, and makes the tables if that was asked for.
   *
   * @returns The database.
   * @throws {Error} If the tables could not be made; the next call tries again.
   */
  get(): Promise<Database> {
    if (this.#ready !== undefined) return this.#ready;
    const ready = this.#prepare();
    this.#ready = ready;
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = undefined;
    });
    return ready;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const database = await this.#opening?.catch(() => undefined);
    await database?.close();
  }

  async #prepare(): Promise<Database> {
    const { connections, timeout, syncSchema: create } = this.#settings;
    const limits: PoolLimits = { connections, timeout: timeout * 1000 };
    this.#opening ??= openDatabase(this.#target, { ...limits, create });
    const database = await this.#opening;
    if (create) await this.#sync(database);
    return database;
  }
}
