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
import { Replaceable } from "./_backend/replaceable.ts";
import { DatabaseUsers } from "./_db/database_users.ts";
import { HASH_SCHEMES, type HashScheme } from "./_db/schemes.ts";
import { databaseEntries, type DatabaseSettings } from "./_db/source.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type ConfigChange,
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

  readonly #users: Replaceable<DatabaseUsers>;

  /**
   * Creates the plugin. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(context: BrokerContext<AuthDbOptions>) {
    super(context);
    this.#users = new Replaceable(
      new DatabaseUsers(context.config, context.logger),
    );
  }

  /** Looks whether the database is there, so that the log tells at once. */
  override async onBrokerPreStart(): Promise<void> {
    await this.#users.present.check();
  }

  /**
   * Prepares for another database; logins that are under way end with the present one.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  override onConfigChanged(config: AuthDbOptions): ConfigChange {
    const users = new DatabaseUsers(config, this.context.logger);
    return async () => {
      this.#users.replace(users);
      await users.check();
    };
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
    const copy = new Uint8Array(password);
    return this.#users.use((users) => users.isPassword(username, copy));
  }

  /** Stops the workers and ends the connections. */
  override close(): Promise<void> {
    return this.#users.close();
  }
}
