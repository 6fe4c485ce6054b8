/**
 * One way to talk to SQLite, PostgreSQL and MySQL.
 *
 * @module
 */

import { messageOf } from "../_backend/message.ts";
import { Pool, type PoolLimits } from "../_backend/pool.ts";
import { type DatabaseTarget, describeTarget } from "./connection_url.ts";

/** What a parameter of a statement may be. */
export type Parameter = string | number | null;

/** One row of a result, by the names of the columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement did. */
export interface QueryResult {
  /** The rows of a SELECT. */
  readonly rows: readonly Row[];
  /** How many rows were changed. */
  readonly changes: number;
}

/** Runs a statement, in which each `?` stands for a parameter. */
export type Query = (
  sql: string,
  parameters?: readonly Parameter[],
) => Promise<QueryResult>;

/** One connection of a driver. It connects with its first statement. */
export interface DriverConnection {
  /** Runs a statement. */
  readonly query: Query;
  /** Whether the connection can be used again, after `error` or some idle time. */
  isUsable(error?: unknown): boolean;
  /** Ends the connection, whatever it is doing. Does not throw. */
  end(): void | Promise<void>;
}

/** What differs from one kind of database to the other. */
export interface Driver {
  /** Makes a connection. May throw. */
  connect(): DriverConnection;
  /** How a parameter is written that goes into a column of JSON. */
  readonly jsonParameter: string;
  /** Begins a transaction that writes. */
  readonly begin: string;
  /** What follows a SELECT whose rows are about to be changed. */
  readonly forUpdate: string;
  /** Whether an error says that a table is missing. */
  isMissingTable(error: unknown): boolean;
}

/** A kind of database. */
export type DatabaseKind = DatabaseTarget["kind"];

/** Options of {@linkcode openDatabase}. */
export interface DatabaseOptions extends PoolLimits {
  /** Whether a file of SQLite is made if it does not exist. Default: `false`. */
  create?: boolean;
}

/** A database. */
export class Database {
  /** Its kind. */
  readonly kind: DatabaseKind;
  readonly #driver: Driver;
  readonly #pool: Pool<DriverConnection>;
  readonly #name: string;

  /**
   * Creates the database; {@linkcode openDatabase} finds the driver.
   *
   * @param target Where it is.
   * @param driver Its driver.
   * @param limits Limits of the connections.
   */
  constructor(target: DatabaseTarget, driver: Driver, limits: PoolLimits) {
    this.kind = target.kind;
    this.#driver = driver;
    this.#name = describeTarget(target);
    this.#pool = new Pool<DriverConnection>({
      ...limits,
      // A second one could only wait for the lock of the first.
      ...(target.kind === "sqlite" && { connections: 1 }),
      create: () => driver.connect(),
      destroy: (connection) => connection.end(),
      isUsable: (connection, error) => connection.isUsable(error),
    });
  }

  /** How a parameter is written that goes into a column of JSON. */
  get jsonParameter(): string {
    return this.#driver.jsonParameter;
  }

  /** What follows a SELECT whose rows are about to be changed. */
  get forUpdate(): string {
    return this.#driver.forUpdate;
  }

  /**
   * Runs one statement.
   *
   * @param sql The statement; each `?` stands for a parameter.
   * @param parameters The parameters.
   * @returns Its result.
   * @throws {Error} If it failed; the message names the database.
   */
  readonly query: Query = (sql, parameters = []) =>
    this.#use((connection) => connection.query(sql, parameters));

  /**
   * Runs statements that count together or not at all.
   *
   * @param work Runs the statements.
   * @returns What `work` returns.
   * @throws {Error} If one failed or `work` threw; then nothing was changed.
   */
  async transaction<Result>(
    work: (query: Query) => Promise<Result>,
  ): Promise<Result> {
    const outcome = await this.#use(async ({ query }) => {
      let databaseError: unknown;
      const watched: Query = async (sql, parameters) => {
        try {
          return await query(sql, parameters);
        } catch (error) {
          databaseError = error;
          throw error;
        }
      };
      await query(this.#driver.begin);
      try {
        const result = await work(watched);
        await watched("COMMIT");
        return { result };
      } catch (error) {
        await query("ROLLBACK").catch(() => {});
        if (error === databaseError) throw error;
        // The caller's own: it says nothing about the connection.
        return { error };
      }
    });
    if ("error" in outcome) throw outcome.error;
    return outcome.result;
  }

  /** Ends all connections. Statements that run fail. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #use<Result>(
    work: (connection: DriverConnection) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await this.#pool.use(work);
    } catch (cause) {
      const why = this.#driver.isMissingTable(cause)
        ? `${
          messageOf(cause)
        }; make the tables with the option "sync-schema", or with "users sync" on the command line`
        : messageOf(cause);
      throw new Error(`Cannot use ${this.#name}: ${why}`, { cause });
    }
  }
}

/**
 * Prepares the use of a database; nothing is connected yet. The driver of a kind is
 * loaded when it is first needed.
 *
 * @param target Where it is.
 * @param options Limits.
 * @returns The database.
 */
export async function openDatabase(
  target: DatabaseTarget,
  options: DatabaseOptions,
): Promise<Database> {
  const driver = await loadDriver(target, options);
  return new Database(target, driver, options);
}

async function loadDriver(
  target: DatabaseTarget,
  { timeout, create = false }: DatabaseOptions,
): Promise<Driver> {
  if (target.kind === "sqlite") {
    const { sqliteDriver } = await import("./sqlite.ts");
    return sqliteDriver(target, timeout, create);
  }
  if (target.kind === "mysql") {
    const { mysqlDriver } = await import("./mysql.ts");
    return mysqlDriver(target, timeout);
  }
  const { postgresqlDriver } = await import("./postgresql.ts");
  return postgresqlDriver(target, timeout);
}
