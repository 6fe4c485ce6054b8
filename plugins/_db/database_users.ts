/**
 * Users of a database: whether a password is right, and better hashes for old ones.
 *
 * @module
 */

import { OnceLog } from "../_backend/once_log.ts";
import { parseHash, type PasswordHash } from "../_password/hash.ts";
import {
  decoyHash,
  isOutdated,
  type NewHashScheme,
} from "../_password/make.ts";
import { PasswordVerifier } from "../_password/verifier.ts";
import type { Logger } from "../mod.ts";
import { type HashScheme, newHashScheme, schemeOf } from "./schemes.ts";
import { type DatabaseSettings, DatabaseSource } from "./source.ts";
import { type User, UserTable } from "./user_table.ts";

/** Options of {@linkcode DatabaseUsers}. */
export interface DatabaseUsersOptions extends DatabaseSettings {
  /** Kinds of hashes that count. */
  hashSchemes: HashScheme[];
  /** How many threads compute hashes at most. */
  workers: number;
}

/** The users of a database. */
export class DatabaseUsers {
  readonly #logger: Logger;
  readonly #source: DatabaseSource;
  readonly #schemes: ReadonlySet<HashScheme | undefined>;
  readonly #newScheme: NewHashScheme;
  readonly #decoy: PasswordHash;
  readonly #verifier: PasswordVerifier;
  readonly #replacing = new Set<Promise<void>>();
  readonly #onceLog: OnceLog;

  /**
   * Prepares everything. Nothing is connected yet.
   *
   * @param options The options of the plugin.
   * @param logger Where warnings are written.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(options: DatabaseUsersOptions, logger: Logger) {
    const { hashSchemes, workers } = options;
    this.#logger = logger;
    this.#onceLog = new OnceLog(logger);
    this.#source = new DatabaseSource(options);
    this.#schemes = new Set(hashSchemes);
    this.#newScheme = newHashScheme(hashSchemes);
    this.#decoy = decoyHash(this.#newScheme);
    this.#verifier = new PasswordVerifier({ logger, workers });
  }

  /**
   * Looks whether the database is there, and has the table.
   *
   * @throws {Error} If not.
   */
  async check(): Promise<void> {
    const database = await this.#source.get();
    await database.query("SELECT 1 FROM user_auth WHERE 1 = 0");
  }

  /**
   * Checks a password.
   *
   * @param username User name.
   * @param password The password; this object's own.
   * @returns Whether it is right.
   * @throws {Error} If the database cannot be asked.
   */
  async isPassword(username: string, password: Uint8Array): Promise<boolean> {
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

  /** Stops the workers and ends the connections. */
  async close(): Promise<void> {
    await this.#verifier.close();
    await Promise.allSettled(this.#replacing);
    await this.#source.close();
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
      this.#logger.warn(
        `Cannot replace the old password hash of the user "${username}": ${
          (error as Error).message
        }`,
      );
    }
  }
}
