/**
 * Checks user names and passwords against a table of SQLite, PostgreSQL, MySQL or
 * MariaDB. Follows aMQTT's `UserAuthDBPlugin`, whose tables it reads and writes.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `connection` | connection URL | required | Where the table is |
 * | `sync-schema` | `true`, `false` | `false` | Make the tables (and the file of SQLite) if they are missing |
 * | `hash-schemes` | list of `argon2`, `bcrypt`, `pbkdf2_sha256`, `scrypt` | `[argon2, bcrypt]` | Kinds of hashes that count; new hashes are of the first that is argon2 or bcrypt |
 * | `connections` | 1 to 100 | `4` | Connections to the database at most |
 * | `timeout` | seconds, 0.01 to 60 | `3` | How long the database may take to answer |
 * | `workers` | 1 to 16 | `1` | How many threads compute hashes at most |
 *
 * ```yaml
 * plugins:
 *   auth_db:
 *     connection: sqlite:///auth.db
 *     sync-schema: true
 * ```
 *
 * Connection URLs:
 *
 * | Database | URL |
 * |---|---|
 * | SQLite | `sqlite:///relative/file.db`, `sqlite:////absolute/file.db` |
 * | PostgreSQL | `postgresql://user:password@host:5432/database` |
 * | MySQL, MariaDB | `mysql://user:password@host:3306/database` |
 *
 * SQLAlchemy's spelling with a driver, such as `sqlite+aiosqlite:///auth.db`,
 * `postgresql+asyncpg://` or `mysql+aiomysql://`, means the same. Write the
 * characters `/`, `#`, `?` and `%` of user and password as `%2F`, `%23`, `%3F` and
 * `%25`. Parameters behind a `?`: `host=/folder` (PostgreSQL) or
 * `unix_socket=/path` (MySQL) for a Unix socket; `sslmode=disable`, `prefer`,
 * `require` (encrypted) or `verify-full` (the certificate is checked too);
 * `sslrootcert=/file` for the authority that signed it.
 *
 * The table is `user_auth` with the columns `id`, `username`, `password_hash`,
 * `publish_acl`, `subscribe_acl` and `receive_acl`; the lists are of no use to this
 * plugin. `users` on the command line adds and removes users.
 *
 * A client without a user name or password is denied, and so is one that is not in
 * the table. When a login finds a hash of another kind than the first, or a weaker
 * one, it is replaced. The time of an answer does not tell whether a user exists.
 *
 * While the database is down, or too slow, nobody gets in. The log says so once in a
 * while; the broker and the clients that are connected go on.
 *
 * @module
 */

import * as v from "valibot";
import { OnceLog } from "./_backend/once_log.ts";
import {
  HASH_SCHEMES,
  type HashScheme,
  newHashScheme,
  schemeOf,
} from "./_db/schemes.ts";
import {
  databaseEntries,
  type DatabaseSettings,
  DatabaseSource,
} from "./_db/source.ts";
import { type User, UserTable } from "./_db/user_table.ts";
import { parseHash, type PasswordHash } from "./_password/hash.ts";
import { decoyHash, isOutdated, type NewHashScheme } from "./_password/make.ts";
import { PasswordVerifier } from "./_password/verifier.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthDb}. */
export interface AuthDbOptions extends DatabaseSettings {
  /** Kinds of hashes that count. Default: `argon2`, `bcrypt`. */
  hashSchemes: HashScheme[];
  /** How many threads compute hashes at most, 1 to 16. Default: 1. */
  workers: number;
}

/** Decides by a table of user names and password hashes. */
export default class AuthDb extends BaseAuthPlugin<AuthDbOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthDbOptions> = v.strictObject({
    ...databaseEntries,
    hashSchemes: v.optional(
      v.pipe(v.array(v.picklist(HASH_SCHEMES)), v.minLength(1)),
      ["argon2", "bcrypt"],
    ),
    workers: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
      1,
    ),
  });

  readonly #source: DatabaseSource;
  readonly #schemes: ReadonlySet<HashScheme | undefined>;
  readonly #newScheme: NewHashScheme;
  readonly #decoy: PasswordHash;
  readonly #verifier: PasswordVerifier;
  readonly #replacing = new Set<Promise<void>>();
  readonly #onceLog: OnceLog;

  /**
   * Creates the plugin. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(context: BrokerContext<AuthDbOptions>) {
    super(context);
    const { logger, config } = context;
    this.#onceLog = new OnceLog(logger);
    this.#source = new DatabaseSource(config);
    this.#schemes = new Set(config.hashSchemes);
    this.#newScheme = newHashScheme(config.hashSchemes);
    this.#decoy = decoyHash(this.#newScheme);
    this.#verifier = new PasswordVerifier({ logger, workers: config.workers });
  }

  /** Looks whether the database is there, so that the log tells at once. */
  override async onBrokerPreStart(): Promise<void> {
    const database = await this.#source.get();
    await database.query("SELECT 1 FROM user_auth WHERE 1 = 0");
  }

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with user name and password.
   * @returns Whether the password is right.
   * @throws {Error} If the database cannot be asked: the client is denied.
   */
  authenticate({ session }: AuthenticateEvent): boolean | Promise<boolean> {
    const { username, password } = session;
    if (!username || password === undefined || password.length === 0) {
      return false;
    }
    return this.#check(username, new Uint8Array(password));
  }

  /** Stops the workers and ends the connections. */
  override async close(): Promise<void> {
    await this.#verifier.close();
    await Promise.allSettled(this.#replacing);
    await this.#source.close();
  }

  async #check(username: string, password: Uint8Array): Promise<boolean> {
    const table = new UserTable(await this.#source.get());
    const user = await table.find(username);
    const hash = user && this.#readHash(user);
    // An unknown user costs what a known one costs, or the time would tell.
    const isRight = await this.#verifier.verify(hash ?? this.#decoy, password);
    if (!isRight || user === undefined || hash === undefined) return false;
    if (isOutdated(hash, this.#newScheme)) {
      const replaced = this.#replace(table, user, password)
        .finally(() => this.#replacing.delete(replaced));
      this.#replacing.add(replaced);
    }
    return true;
  }

  #readHash({ username, passwordHash }: User): PasswordHash | undefined {
    const hash = parseHash(passwordHash);
    const problem = typeof hash === "string"
      ? hash
      : this.#schemes.has(schemeOf(hash))
      ? undefined
      : `"hash-schemes" does not have its kind "${
        schemeOf(hash) ?? hash.kind
      }"`;
    if (problem === undefined) return hash as PasswordHash;
    this.#onceLog.warn(
      username,
      `Cannot use the password hash of the user "${username}": ${problem}; the user is denied`,
    );
    return undefined;
  }

  /** The client does not wait for it. */
  async #replace(
    table: UserTable,
    { username, passwordHash }: User,
    password: Uint8Array,
  ): Promise<void> {
    try {
      const made = await this.#verifier.make(this.#newScheme, password);
      if (made === undefined) return;
      // A password that was changed meanwhile stays as it is.
      await table.update({ username, passwordHash: made }, passwordHash);
    } catch (error) {
      this.context.logger.warn(
        `Cannot replace the old password hash of the user "${username}": ${
          (error as Error).message
        }`,
      );
    }
  }
}
