/**
 * Checks user names and passwords against a file. Follows aMQTT's `FileAuthPlugin`,
 * whose files it reads, as well as those of `mosquitto_passwd` and `htpasswd -B`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `password-file` | path, relative to the working directory | none | The file; without it every user is denied |
 * | `workers` | 1 to 16 | `1` | How many threads compute hashes at most |
 * | `max-waiting` | 0 or more | `1000` | How many logins may wait for them |
 *
 * ```yaml
 * plugins:
 *   auth_file:
 *     password-file: /etc/dinomq/passwords
 *     workers: 2
 * ```
 *
 * Each line of the file is `username:hash`; empty lines and lines that begin with
 * `#` are skipped. It is read when the broker starts and when its configuration is
 * reloaded. Kinds of hashes:
 *
 * | Begins with | Kind | Made by |
 * |---|---|---|
 * | `$argon2id$`, `$argon2i$`, `$argon2d$` | Argon2 1.3 up to 256 MiB; recommended | the command `passwd`, aMQTT |
 * | `$2a$`, `$2b$`, `$2y$` | bcrypt up to cost 16 | `htpasswd -B` |
 * | `$7$` | PBKDF2 with SHA-512 | `mosquitto_passwd` |
 * | `$pbkdf2-sha256$`, `$scrypt$` | PBKDF2 with SHA-256, scrypt up to 256 MiB | passlib |
 * | `$5$`, `$6$` | sha256-crypt, sha512-crypt, or Mosquitto's single SHA-512; deprecated | `openssl passwd -6` |
 *
 * The threads and the logins that wait for them are limited. What cannot be checked
 * in time is answered with "server busy" (0x89), and not counted as a failed login.
 *
 * A client without a user name is left to other plugins. Empty passwords and those
 * longer than 1024 bytes are never right. The time of an answer does not tell
 * whether a user exists.
 *
 * Hashes that take long are computed in workers, so that the broker goes on
 * meanwhile; each needs the memory of one Argon2 hash. Starting a worker takes the
 * permission to read the plugin's own files (`--allow-read`).
 *
 * @module
 */

import * as v from "valibot";
import type { PasswordHash } from "./_password/hash.ts";
import {
  type PasswordTable,
  readPasswordFile,
} from "./_password/password_file.ts";
import { PasswordVerifier } from "./_password/verifier.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type ConfigChange,
  type Decision,
  type Denial,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthFile}. */
export interface AuthFileOptions {
  /** Path of the password file. Default: none, every user is denied. */
  passwordFile?: string | null;
  /** How many threads compute hashes at most, 1 to 16. Default: 1. */
  workers: number;
  /** How many logins may wait for them. Default: 1000. */
  maxWaiting?: number;
}

const BUSY: Denial = { allow: false, reasonCode: 0x89 };

/** Decides by a file of user names and password hashes. */
export default class AuthFile extends BaseAuthPlugin<AuthFileOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthFileOptions> = v.strictObject({
    passwordFile: v.optional(v.nullable(v.pipe(v.string(), v.nonEmpty()))),
    workers: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
      1,
    ),
    maxWaiting: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(0)),
      1000,
    ),
  });

  #users: PasswordTable;
  #hashes: readonly PasswordHash[];
  #verifier: PasswordVerifier;
  /** Those of earlier options; they finish what they have begun. */
  readonly #retired: PasswordVerifier[] = [];

  /**
   * Creates the plugin and reads the file.
   *
   * @param context The broker's services.
   * @throws {Error} If the file cannot be read.
   */
  constructor(context: BrokerContext<AuthFileOptions>) {
    super(context);
    this.#users = this.#readUsers(context.config);
    this.#hashes = [...this.#users.values()];
    this.#verifier = this.#makeVerifier(context.config);
  }

  /**
   * Reads the file again.
   *
   * @param config The new options.
   * @returns What takes its content into use.
   * @throws {Error} If the file cannot be read.
   */
  override onConfigChanged(config: AuthFileOptions): ConfigChange {
    const users = this.#readUsers(config);
    const { workers, maxWaiting } = this.config;
    const isSame = config.workers === workers &&
      config.maxWaiting === maxWaiting;
    return () => {
      this.#users = users;
      this.#hashes = [...users.values()];
      if (isSame) return;
      this.#retired.push(this.#verifier);
      this.#verifier = this.#makeVerifier(config);
    };
  }

  #readUsers({ passwordFile }: AuthFileOptions): PasswordTable {
    const { logger } = this.context;
    if (passwordFile) return readPasswordFile(passwordFile, logger);
    logger.warn('"password-file" is not set: every user is denied');
    return new Map();
  }

  #makeVerifier({ workers, maxWaiting }: AuthFileOptions): PasswordVerifier {
    return new PasswordVerifier({
      logger: this.context.logger,
      workers,
      queueLimit: maxWaiting,
      // Whoever waited longer was refused already.
      patience: pluginTimeout(this.context) * 1000,
    });
  }

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with user name and password.
   * @returns Whether the password is right; nothing if there is no user name; a
   * denial with the reason "server busy" if it cannot be checked now.
   */
  authenticate(
    { session }: AuthenticateEvent,
  ): Decision | Promise<Decision> {
    const { username, password } = session;
    if (!username) return undefined;
    if (password === undefined || this.#hashes.length === 0) return false;
    return this.#check(username, password);
  }

  /** Stops the workers. */
  override async close(): Promise<void> {
    const verifiers = [...this.#retired, this.#verifier];
    await Promise.all(verifiers.map((verifier) => verifier.close()));
  }

  async #check(username: string, password: Uint8Array): Promise<Decision> {
    const hash = this.#users.get(username);
    // An unknown user costs what a known one costs, or the time would tell.
    const isRight = await this.#verifier.verify(
      hash ?? this.#decoy(username),
      password,
    );
    return isRight === undefined ? BUSY : isRight && hash !== undefined;
  }

  /** One of the hashes in use, always the same for the same name. */
  #decoy(username: string): PasswordHash {
    let sum = 0;
    for (let i = 0; i < username.length; i++) {
      sum = (Math.imul(sum, 31) + username.charCodeAt(i)) >>> 0;
    }
    return this.#hashes[sum % this.#hashes.length];
  }
}

/** Seconds after which the broker takes the missing answer for a no. */
function pluginTimeout({ brokerConfig }: BrokerContext<unknown>): number {
  const { pluginTimeout } = brokerConfig ?? {};
  return typeof pluginTimeout === "number" ? pluginTimeout : 5;
}
