/**
 * PostgreSQL, by the package `postgres`.
 *
 * @module
 */

import postgres from "postgres";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ServerTarget } from "./connection_url.ts";
import type {
  Driver,
  DriverConnection,
  Parameter,
  QueryResult,
  Row,
} from "./database.ts";

const UNDEFINED_TABLE = "42P01";

/**
 * Makes the driver of a server.
 *
 * @param target The server.
 * @param timeout Milliseconds to wait for a connection.
 * @returns The driver.
 */
export function postgresqlDriver(
  target: ServerTarget,
  timeout: number,
): Driver {
  const { host, port, socket, user, password, database } = target;
  const options: postgres.Options<Record<string, never>> = {
    ...(socket === undefined
      ? { host, port }
      : { path: `${socket}/.s.PGSQL.${port}` }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ssl: tlsOption(target),
    "connect_timeout": timeout / 1000,
    // The pool has the connections and ends them.
    max: 1,
    "idle_timeout": 0,
    "max_lifetime": null,
    // Notices are for the person at a terminal.
    onnotice: () => {},
    // A look at the server's types for every connection would be of no use.
    "fetch_types": false,
    connection: { "application_name": "dinomq" },
  };
  return {
    connect: () => new PostgresqlConnection(postgres(options)),
    jsonParameter: "?::text::json",
    begin: "BEGIN",
    forUpdate: " FOR UPDATE",
    isMissingTable: (error) =>
      error instanceof postgres.PostgresError && error.code === UNDEFINED_TABLE,
  };
}

class PostgresqlConnection implements DriverConnection {
  readonly #sql: postgres.Sql;

  constructor(sql: postgres.Sql) {
    this.#sql = sql;
  }

  readonly query = async (
    sql: string,
    parameters: readonly Parameter[] = [],
  ): Promise<QueryResult> => {
    let number = 0;
    const text = sql.replaceAll("?", () => `$${++number}`);
    const rows = await this.#sql.unsafe<Row[]>(text, [...parameters]);
    return { rows, changes: rows.count ?? 0 };
  };

  isUsable(error?: unknown): boolean {
    // What the server answers to a statement leaves the connection as it is; the
    // class 57P is its shutdown.
    return error === undefined ||
      error instanceof postgres.PostgresError && !error.code.startsWith("57P");
  }

  async end(): Promise<void> {
    await this.#sql.end({ timeout: 0 }).catch(() => {});
  }
}

function tlsOption(
  { tls, host, caFile }: ServerTarget,
): postgres.Options<Record<string, never>>["ssl"] {
  if (tls === "disable") return false;
  if (tls !== "verify") return tls;
  return {
    rejectUnauthorized: true,
    ...(caFile !== undefined && { ca: Deno.readTextFileSync(caFile) }),
    // Given a socket, the package would compare an address with "localhost".
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate),
  };
}
