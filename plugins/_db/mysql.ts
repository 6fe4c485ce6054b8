/**
 * MySQL and MariaDB, by the package `mysql2`.
 *
 * @module
 */

import {
  type Connection,
  type ConnectionOptions,
  createConnection,
  type QueryError,
} from "mysql2";
import type { ServerTarget } from "./connection_url.ts";
import type {
  Driver,
  DriverConnection,
  Parameter,
  QueryResult,
  Row,
} from "./database.ts";

const ER_NO_SUCH_TABLE = 1146;

/**
 * Makes the driver of a server.
 *
 * @param target The server.
 * @param timeout Milliseconds to wait for a connection.
 * @returns The driver.
 */
export function mysqlDriver(target: ServerTarget, timeout: number): Driver {
  const { host, port, socket, user, password, database, tls } = target;
  const options: ConnectionOptions = {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    connectTimeout: timeout,
    charset: "utf8mb4",
    ...(tls !== "disable" && {
      ssl: {
        rejectUnauthorized: tls === "verify",
        verifyIdentity: tls === "verify",
        ...(target.caFile !== undefined && {
          ca: Deno.readTextFileSync(target.caFile),
        }),
      },
    }),
  };
  return {
    connect: () => new MysqlConnection(createConnection(options)),
    jsonParameter: "?",
    begin: "START TRANSACTION",
    forUpdate: " FOR UPDATE",
    isMissingTable: (error) => errnoOf(error) === ER_NO_SUCH_TABLE,
  };
}

class MysqlConnection implements DriverConnection {
  readonly #connection: Connection;
  #broken = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    // The error of a connection that nobody is using; the next one gets another.
    connection.on("error", () => this.#broken = true);
    connection.on("end", () => this.#broken = true);
  }

  readonly query = (
    sql: string,
    parameters: readonly Parameter[] = [],
  ): Promise<QueryResult> =>
    new Promise((resolve, reject) => {
      const done = (error: QueryError | null, result: unknown) => {
        if (error === null) resolve(readResult(result));
        else reject(error);
      };
      // Some statements, such as START TRANSACTION, cannot be prepared everywhere.
      if (parameters.length === 0) this.#connection.query(sql, done);
      else this.#connection.execute(sql, [...parameters], done);
    });

  isUsable(error?: unknown): boolean {
    // What the server answers to a statement has a number, and is fatal or not.
    return !this.#broken && (error === undefined ||
      errnoOf(error) !== undefined &&
        (error as Partial<QueryError>).fatal !== true);
  }

  end(): void {
    this.#connection.destroy();
  }
}

function readResult(result: unknown): QueryResult {
  return Array.isArray(result) ? { rows: result as Row[], changes: 0 } : {
    rows: [],
    changes: (result as { affectedRows: number }).affectedRows,
  };
}

function errnoOf(error: unknown): number | undefined {
  const { errno } = error as { errno?: unknown };
  // Those of the system are negative.
  return typeof errno === "number" && errno > 0 ? errno : undefined;
}
