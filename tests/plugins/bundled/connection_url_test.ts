import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type DatabaseTarget,
  describeTarget,
  parseConnectionUrl,
} from "../../../plugins/_db/connection_url.ts";

const POSTGRESQL = {
  kind: "postgresql",
  host: "localhost",
  port: 5432,
  tls: "prefer",
} as const;
const MYSQL = {
  kind: "mysql",
  host: "localhost",
  port: 3306,
  tls: "disable",
} as const;

const TARGETS: Readonly<Record<string, DatabaseTarget>> = {
  "sqlite:///auth.db": { kind: "sqlite", file: "auth.db" },
  "sqlite+aiosqlite:///auth.db": { kind: "sqlite", file: "auth.db" },
  "sqlite:////var/lib/a%20b.db": { kind: "sqlite", file: "/var/lib/a b.db" },
  "sqlite:///auth.db?check_same_thread=false": {
    kind: "sqlite",
    file: "auth.db",
  },
  "postgresql://localhost": POSTGRESQL,
  "postgres://localhost": POSTGRESQL,
  "postgresql+asyncpg://user:p%40ss@db.example.org:5433/auth": {
    ...POSTGRESQL,
    host: "db.example.org",
    port: 5433,
    user: "user",
    password: "p@ss",
    database: "auth",
  },
  "postgresql://user:p@ss:word@[::1]/auth": {
    ...POSTGRESQL,
    host: "::1",
    user: "user",
    password: "p@ss:word",
    database: "auth",
  },
  "postgresql://user@/auth?host=/run/postgresql&port=5433": {
    ...POSTGRESQL,
    port: 5433,
    socket: "/run/postgresql",
    user: "user",
    database: "auth",
  },
  "postgresql+psycopg://user@:5433/auth?host=db": {
    ...POSTGRESQL,
    host: "db",
    port: 5433,
    user: "user",
    database: "auth",
  },
  "postgresql://localhost?sslmode=disable": { ...POSTGRESQL, tls: "disable" },
  "postgresql+asyncpg://localhost?ssl=require": {
    ...POSTGRESQL,
    tls: "require",
  },
  "postgresql://localhost?sslmode=require&sslrootcert=/ca.pem": {
    ...POSTGRESQL,
    tls: "verify",
    caFile: "/ca.pem",
  },
  "postgresql://localhost?sslmode=verify-full": {
    ...POSTGRESQL,
    tls: "verify",
  },
  "mysql+aiomysql://user:pw@db/auth?charset=utf8mb4": {
    ...MYSQL,
    host: "db",
    user: "user",
    password: "pw",
    database: "auth",
  },
  "mariadb://user@localhost/auth?unix_socket=/run/mysqld.sock&ssl=true": {
    ...MYSQL,
    socket: "/run/mysqld.sock",
    user: "user",
    database: "auth",
    tls: "require",
  },
};

for (const [url, target] of Object.entries(TARGETS)) {
  Deno.test(`parseConnectionUrl() reads ${url}`, () => {
    assertEquals(parseConnectionUrl(url), target);
  });
}

/** Each row: a URL with the password "secret", and a part of the reason. */
const REFUSED: ReadonlyArray<[string, string]> = [
  ["auth.db", "it has no scheme"],
  ["oracle://user:secret@host/db", 'no database "oracle"'],
  ["sqlite:auth.db", "three slashes"],
  ["sqlite://auth.db", "three slashes"],
  ["sqlite://", "in memory"],
  ["sqlite:///:memory:", "in memory"],
  ["postgresql://user:se/secret@host/db", "%2F"],
  ["postgresql://user:1/secret@host/db", "%2F"],
  ["postgresql://user:secret#1@host/db", "%23"],
  ["postgresql://user:secret?@host/db", "%3F"],
  ["postgresql://user:secret%@host/db", "%25"],
  ["postgresql://user:secret@host:99999/db", "malformed"],
  ["postgresql://user:secret@host/db?port=x", "the port"],
  ["postgresql://user:secret@host/db?sslmode=maybe", '"maybe"'],
  ["mysql://user:secret@host/db?ssl=prefer", '"prefer"'],
  ["mysql://user:secret@host/db?pool=3", 'no parameter "pool"'],
  ["mysql://user:secret@10.0.0.1/db?sslmode=verify-full", "the server's name"],
  ["mysql://user:secret@[::1]/db?ssl_ca=/ca.pem", "the server's name"],
];

for (const [url, reason] of REFUSED) {
  Deno.test(`parseConnectionUrl() refuses ${url}`, () => {
    const { message } = assertThrows(
      () => parseConnectionUrl(url),
      TypeError,
      reason,
    );
    assertEquals(message.includes("secret"), false, message);
  });
}

Deno.test("describeTarget() shows neither user nor password", () => {
  for (const url of Object.keys(TARGETS)) {
    const text = describeTarget(parseConnectionUrl(url));
    assert(!/user|p@ss|pw/.test(text), text);
  }
  assertEquals(
    describeTarget(parseConnectionUrl("mysql://user:pw@db/auth")),
    'the MySQL database "auth" at db:3306',
  );
});
