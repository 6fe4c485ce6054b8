/**
 * Databases for tests: a file of SQLite, a temporary server of PostgreSQL and one of
 * MariaDB.
 *
 * @module
 */

import { makeCertificates } from "../../_certificates.ts";
import { freePort } from "../../_ports.ts";
import {
  findProgram,
  isListening,
  type ProcessUser,
  runProgram,
  ServerProcess,
  temporaryFolder,
  unprivileged,
} from "./_server_process.ts";

/** A server and how to get into it. */
export interface TestServer extends AsyncDisposable {
  /** Connection URL of an empty database. */
  readonly url: string;
  /** The same over the Unix socket. */
  readonly socketUrl: string;
  /** Parameters of a URL that encrypts and checks the server's certificate. */
  readonly verified: string;
  /** The same with an authority that did not sign it. */
  readonly impostor: string;
  /** Ends the server; its data stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
}

// With everything that a careless program would take for something else.
const PASSWORD = "p@ss:w/rd#1?%";

/** Starts a PostgreSQL server with an empty database. */
export function startPostgresql(): Promise<TestServer> {
  const place = {
    places: ["/usr/lib/postgresql/*/bin"],
    package: "postgresql",
  };
  const initdb = findProgram({ name: "initdb", ...place });
  const postgres = findProgram({ name: "postgres", ...place });
  const isReady = findProgram({ name: "pg_isready", ...place });
  return startServer({
    user: unprivileged("postgres"),
    prepare: async (folder, user) => {
      await Deno.writeTextFile(`${folder}/password`, PASSWORD);
      await Deno.chmod(`${folder}/password`, 0o644);
      await runProgram(initdb, [
        ...["-D", `${folder}/data`, "-U", "root", "--no-sync"],
        ...["--auth=scram-sha-256", `--pwfile=${folder}/password`],
      ], user);
    },
    run: (folder, port) => [
      postgres,
      ...["-D", `${folder}/data`, "-k", folder, "-p", `${port}`],
      ...["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
      ...["-c", "ssl=on", "-c", `ssl_cert_file=${folder}/server.pem`],
      ...["-c", `ssl_key_file=${folder}/server.key`],
    ],
    // It listens before it takes anybody in.
    isReady: (port) =>
      runProgram(isReady, ["-h", "127.0.0.1", "-p", `${port}`])
        .then(() => true, () => false),
    // Sessions of clients end too; SIGTERM would wait for them.
    stopSignal: "SIGINT",
    url: (port) =>
      `postgresql+asyncpg://root:${
        encodeURIComponent(PASSWORD)
      }@127.0.0.1:${port}/postgres`,
    socketUrl: (folder, port) =>
      `postgresql://root:${
        encodeURIComponent(PASSWORD)
      }@:${port}/postgres?host=${folder}`,
  });
}

/** Starts a MariaDB server with an empty database. */
export function startMariadb(): Promise<TestServer> {
  const place = { places: ["/usr/sbin"], package: "mariadb-server" };
  const install = findProgram({ name: "mariadb-install-db", ...place });
  const mariadbd = findProgram({ name: "mariadbd", ...place });
  return startServer({
    user: unprivileged("nobody"),
    prepare: async (folder, user) => {
      await runProgram(install, [
        "--no-defaults",
        `--datadir=${folder}/data`,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
      ], user);
      await Deno.writeTextFile(
        `${folder}/init.sql`,
        [
          "CREATE DATABASE IF NOT EXISTS amqtt;",
          `CREATE USER IF NOT EXISTS 'app'@'localhost' IDENTIFIED BY '${PASSWORD}';`,
          "GRANT ALL ON amqtt.* TO 'app'@'localhost';",
          "",
        ].join("\n"),
      );
      await Deno.chmod(`${folder}/init.sql`, 0o644);
    },
    run: (folder, port) => [
      mariadbd,
      "--no-defaults",
      `--datadir=${folder}/data`,
      `--socket=${folder}/mysql.sock`,
      `--pid-file=${folder}/pid`,
      `--port=${port}`,
      `--init-file=${folder}/init.sql`,
      "--bind-address=127.0.0.1",
      "--skip-log-bin",
      `--ssl-cert=${folder}/server.pem`,
      `--ssl-key=${folder}/server.key`,
      "--innodb-flush-log-at-trx-commit=0",
    ],
    isReady: isListening,
    stopSignal: "SIGTERM",
    url: (port) =>
      `mysql+aiomysql://app:${
        encodeURIComponent(PASSWORD)
      }@127.0.0.1:${port}/amqtt`,
    socketUrl: (folder) =>
      `mariadb://app:${
        encodeURIComponent(PASSWORD)
      }@localhost/amqtt?unix_socket=${folder}/mysql.sock`,
  });
}

interface ServerRecipe {
  readonly user: ProcessUser;
  prepare(folder: string, user: ProcessUser): Promise<void>;
  run(folder: string, port: number): [path: string, ...args: string[]];
  isReady(port: number): Promise<boolean>;
  readonly stopSignal: Deno.Signal;
  url(port: number): string;
  socketUrl(folder: string, port: number): string;
}

async function startServer(recipe: ServerRecipe): Promise<TestServer> {
  const { user } = recipe;
  const folder = await temporaryFolder(user);
  const port = freePort();
  const [path, ...args] = recipe.run(folder, port);
  const run = () =>
    ServerProcess.start(path, args, user, () => recipe.isReady(port));
  const remove = () => Deno.remove(folder, { recursive: true });
  let process: ServerProcess;
  try {
    await makeCertificates(folder);
    if (user.uid !== undefined) {
      await Deno.chown(`${folder}/server.key`, user.uid, user.gid!);
    }
    await recipe.prepare(folder, user);
    process = await run();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    url: recipe.url(port),
    socketUrl: recipe.socketUrl(folder, port),
    verified: `sslmode=verify-full&sslrootcert=${folder}/ca.pem`,
    impostor: `sslmode=verify-full&sslrootcert=${folder}/other_ca.pem`,
    stop: () => process.stop(recipe.stopSignal),
    start: async () => {
      process = await run();
    },
    [Symbol.asyncDispose]: async () => {
      await process.stop(recipe.stopSignal);
      await remove();
    },
  };
}
