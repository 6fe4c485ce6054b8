/**
 * Connection URLs, in SQLAlchemy's spelling as aMQTT has them and in the plain one.
 *
 * @module
 */

import { isIP } from "node:net";

/** A file of SQLite. */
export interface SqliteTarget {
  /** Tells it from a server. */
  readonly kind: "sqlite";
  /** Path of the file, relative to the working directory. */
  readonly file: string;
}

/** A database on a server. */
export interface ServerTarget {
  /** Kind of the server; MariaDB is a `mysql`. */
  readonly kind: "postgresql" | "mysql";
  /** Name or address of the server. */
  readonly host: string;
  /** Port of the server. */
  readonly port: number;
  /** Unix socket: a folder for PostgreSQL, a path for MySQL. It replaces host and port. */
  readonly socket?: string;
  /** User of the database; absent: the driver's default. */
  readonly user?: string;
  /** Password of the user. */
  readonly password?: string;
  /** Name of the database. */
  readonly database?: string;
  /** Whether the connection is encrypted, and whether the server's certificate is checked. */
  readonly tls: TlsMode;
  /** File with the certificates of the authorities that are trusted. */
  readonly caFile?: string;
}

/** Where a database is. */
export type DatabaseTarget = SqliteTarget | ServerTarget;

/** `prefer`: encrypted if the server can; `require`: without a look at the certificate. */
export type TlsMode = "disable" | "prefer" | "require" | "verify";

const EXAMPLES =
  '"sqlite:///auth.db", "postgresql://user:password@host:5432/database" or "mysql://user:password@host:3306/database"';

const SERVER_KINDS: Readonly<Record<string, ServerTarget["kind"]>> = {
  postgresql: "postgresql",
  postgres: "postgresql",
  mysql: "mysql",
  mariadb: "mysql",
};

const TLS_MODES: Readonly<Record<string, TlsMode>> = {
  "disable": "disable",
  "false": "disable",
  "allow": "prefer",
  "prefer": "prefer",
  "preferred": "prefer",
  "require": "require",
  "required": "require",
  "true": "require",
  "verify-ca": "verify",
  "verify-full": "verify",
};

/**
 * Reads a connection URL. Errors never show it, because it holds a password.
 *
 * @param text The URL; a driver behind `+` has no meaning here.
 * @returns Where the database is.
 * @throws {TypeError} If it cannot be understood.
 */
export function parseConnectionUrl(text: string): DatabaseTarget {
  const scheme = /^([a-z0-9]+)(?:\+[a-z0-9_]+)?:/i.exec(text)?.[1]
    .toLowerCase();
  if (scheme === "sqlite") return parseSqlite(text);
  const kind = scheme === undefined || !Object.hasOwn(SERVER_KINDS, scheme)
    ? undefined
    : SERVER_KINDS[scheme];
  if (kind === undefined) {
    throw refusal(
      scheme === undefined
        ? "it has no scheme"
        : `there is no database "${scheme}" here`,
    );
  }
  return parseServer(kind, text);
}

function parseSqlite(text: string): SqliteTarget {
  const path = /^[^:]*:\/\/(?:\/([^?]*))?(?:\?.*)?$/.exec(text);
  if (path === null) {
    throw refusal("a file of SQLite is written with three slashes");
  }
  const file = path[1] ?? "";
  if (file === "" || file === ":memory:") {
    throw refusal("a database in memory would be empty after every start");
  }
  return { kind: "sqlite", file: decode(file) };
}

function parseServer(kind: ServerTarget["kind"], text: string): ServerTarget {
  let url: URL;
  try {
    // As in SQLAlchemy, the host may be left out.
    url = new URL(
      text.replace(/^([^/]*:\/\/[^/?#]*@)(?=[:/?]|$)/, "$1localhost"),
    );
  } catch {
    throw refusal(
      'it is malformed; write the characters "/", "#" and "?" of user and password as %2F, %23 and %3F',
    );
  }
  // Else a password with a "/" would make another server of its first half.
  if (url.hash !== "" || `${url.pathname}${url.search}`.includes("@")) {
    throw refusal(
      'write the characters "/", "#" and "?" of user and password as %2F, %23 and %3F',
    );
  }
  const parameters = new Map(url.searchParams);
  const take = (...names: string[]): string | undefined => {
    const values = names.map((name) => parameters.get(name));
    for (const name of names) parameters.delete(name);
    return values.find((value) => value !== undefined);
  };
  const socket = take("unix_socket", "unix_sock", "host");
  const tls = tlsMode(kind, take("sslmode", "ssl"));
  const caFile = take("sslrootcert", "ssl_ca");
  const port = Number(take("port") ?? url.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw refusal("the port is no number from 1 to 65535");
  }
  take("charset", "application_name");
  const [unknown] = parameters.keys();
  if (unknown !== undefined) {
    throw refusal(
      `there is no parameter "${unknown}"; the parameters are host, port, unix_socket, sslmode or ssl, sslrootcert or ssl_ca`,
    );
  }
  const database = decode(url.pathname.slice(1));
  const isPath = socket?.startsWith("/") ?? false;
  const host = (isPath ? undefined : socket) ||
    decode(url.hostname).replace(/^\[(.*)\]$/, "$1") || "localhost";
  if (
    kind === "mysql" && (tls === "verify" || caFile !== undefined) &&
    isIP(host) !== 0
  ) {
    throw refusal(
      `the certificate of "${host}" cannot be checked; write the server's name, not its address`,
    );
  }
  return {
    kind,
    host,
    port: port || (kind === "mysql" ? 3306 : 5432),
    ...(isPath && { socket }),
    ...(url.username !== "" && { user: decode(url.username) }),
    ...(url.password !== "" && { password: decode(url.password) }),
    ...(database !== "" && { database }),
    tls: caFile === undefined ? tls : "verify",
    ...(caFile !== undefined && { caFile }),
  };
}

/** PostgreSQL's clients prefer encryption if nothing is said, MySQL's do without. */
function tlsMode(
  kind: ServerTarget["kind"],
  written: string | undefined,
): TlsMode {
  if (written === undefined) {
    return kind === "postgresql" ? "prefer" : "disable";
  }
  const mode = Object.hasOwn(TLS_MODES, written)
    ? TLS_MODES[written]
    : undefined;
  if (mode === undefined || (kind === "mysql" && mode === "prefer")) {
    throw refusal(
      `"${written}" is no value of sslmode; use disable, require or verify-full`,
    );
  }
  return mode;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal('it holds a "%" that begins no character; write it as %25');
  }
}

function refusal(why: string): TypeError {
  return new TypeError(
    `Cannot use the connection URL: ${why}. Examples: ${EXAMPLES}`,
  );
}

/**
 * Names a database in messages, without user and password.
 *
 * @param target The database.
 * @returns The name.
 */
export function describeTarget(target: DatabaseTarget): string {
  if (target.kind === "sqlite") return `the SQLite database "${target.file}"`;
  const { host, port, socket, database } = target;
  const product = target.kind === "mysql" ? "MySQL" : "PostgreSQL";
  const name = database === undefined ? "" : ` "${database}"`;
  return `the ${product} database${name} at ${socket ?? `${host}:${port}`}`;
}
