/**
 * The directory as the plugins see it: find a user, prove a password.
 *
 * @module
 */

import {
  AndFilter,
  type Entry,
  EqualityFilter,
  type Filter,
  FilterParser,
  InappropriateAuthError,
  InsufficientAccessError,
  InvalidCredentialsError,
  NoSuchObjectError,
  SizeLimitExceededError,
  UnwillingToPerformError,
} from "ldapts";
import { isIP } from "node:net";
import { messageOf } from "../_backend/message.ts";
import { OnceLog } from "../_backend/once_log.ts";
import { Pool } from "../_backend/pool.ts";
import type { Logger } from "../mod.ts";
import { LdapConnection, type LdapTarget } from "./connection.ts";
import type { LdapSettings } from "./settings.ts";

/** A user of the directory. */
export interface LdapUser {
  /** Distinguished name. */
  readonly dn: string;
  /** The values of an attribute that was asked for. */
  values(attribute: string): string[];
}

/** What a server says when it does not believe a password. */
const REFUSALS = [
  InvalidCredentialsError,
  InappropriateAuthError,
  InsufficientAccessError,
  NoSuchObjectError,
  UnwillingToPerformError,
];

/** The users of a directory. */
export class Directory {
  readonly #settings: LdapSettings;
  readonly #onceLog: OnceLog;
  readonly #userFilter: Filter | undefined;
  readonly #searches: Pool<LdapConnection>;
  readonly #binds: Pool<LdapConnection>;

  /**
   * Creates the directory's view. Nothing is connected yet.
   *
   * @param settings The plugin's options.
   * @param logger Where warnings go.
   * @throws {Error} If the filter or the file of the authorities cannot be used.
   */
  constructor(settings: LdapSettings, logger: Logger) {
    const { server, startTls, cafile, bindDn, bindPassword } = settings;
    if (startTls && /^ldaps:/i.test(server)) {
      throw new TypeError(
        'Cannot use "start-tls" with a server of "ldaps://": it is encrypted already',
      );
    }
    this.#settings = settings;
    this.#onceLog = new OnceLog(logger);
    this.#userFilter = parseFilter(settings.userFilter);
    const target: LdapTarget = {
      server,
      startTls,
      ca: cafile === undefined ? undefined : readAuthorities(cafile),
    };
    const account = { dn: bindDn, password: bindPassword };
    this.#searches = this.#pool({ ...target, account });
    this.#binds = this.#pool(target);
    if (!startTls && /^ldap:/i.test(server) && !isLoopback(server)) {
      logger.warn(
        `Passwords travel to ${server} for everybody to read: use "ldaps://" or "start-tls: true"`,
      );
    }
  }

  /**
   * Looks a user up.
   *
   * @param username User name.
   * @param attributes The attributes that are wanted.
   * @returns The user; `undefined` if there is none, or more than one.
   * @throws {Error} If the directory cannot be asked.
   */
  async find(
    username: string,
    attributes: readonly string[],
  ): Promise<LdapUser | undefined> {
    const { baseDn, userAttribute } = this.#settings;
    // The package writes the value as it is: nothing in it can become a filter.
    const byName = new EqualityFilter({
      attribute: userAttribute,
      value: username,
    });
    const filter = this.#userFilter === undefined
      ? byName
      : new AndFilter({ filters: [byName, this.#userFilter] });
    const entries = await this.#use(this.#searches, async (connection) => {
      try {
        return await connection.search(baseDn, {
          scope: "sub",
          filter,
          // "1.1" stands for none.
          attributes: attributes.length === 0 ? ["1.1"] : [...attributes],
          sizeLimit: 2,
        });
      } catch (error) {
        if (error instanceof SizeLimitExceededError) return undefined;
        throw error;
      }
    });
    if (entries === undefined || entries.length > 1) {
      this.#onceLog.warn(
        username,
        `The directory has more than one user "${username}": all of them are denied`,
      );
      return undefined;
    }
    const [entry] = entries;
    // An empty name would bind as nobody, which needs no password.
    return entry === undefined || entry.dn === "" ? undefined : {
      dn: entry.dn,
      values: (attribute) => valuesOf(entry, attribute),
    };
  }

  /**
   * Proves a password.
   *
   * @param dn Distinguished name of the user.
   * @param password The password.
   * @returns Whether the directory takes it; never if it is empty.
   * @throws {Error} If the directory cannot be asked.
   */
  async isPassword(dn: string, password: string): Promise<boolean> {
    if (dn === "" || password === "") return false;
    return await this.#use(this.#binds, async (connection) => {
      try {
        await connection.bind(dn, password);
        return true;
      } catch (error) {
        if (REFUSALS.some((refusal) => error instanceof refusal)) return false;
        throw error;
      }
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#searches.close(), this.#binds.close()]);
  }

  #pool(target: LdapTarget): Pool<LdapConnection> {
    const { connections, timeout } = this.#settings;
    return new Pool<LdapConnection>({
      connections,
      timeout: timeout * 1000,
      create: () => new LdapConnection(target),
      destroy: (connection) => connection.end(),
      isUsable: (connection, error) => connection.isUsable(error),
    });
  }

  async #use<Result>(
    pool: Pool<LdapConnection>,
    work: (connection: LdapConnection) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await pool.use(work);
    } catch (cause) {
      throw new Error(
        `Cannot use the directory ${this.#settings.server}: ${
          messageOf(cause)
        }`,
        { cause },
      );
    }
  }
}

function parseFilter(text: string | undefined): Filter | undefined {
  if (text === undefined) return undefined;
  try {
    return FilterParser.parseString(text);
  } catch (cause) {
    throw new TypeError(
      `Cannot use "user-filter" "${text}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

function readAuthorities(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new Error(`Cannot read "cafile" "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

function isLoopback(server: string): boolean {
  const host = new URL(server).hostname;
  return host === "localhost" || host === "[::1]" ||
    isIP(host) === 4 && host.startsWith("127.");
}

/** Servers write an attribute's name as they like. */
function valuesOf(entry: Entry, attribute: string): string[] {
  return Object.entries(entry)
    .filter(([name]) => name.toLowerCase() === attribute.toLowerCase())
    .flatMap(([, values]) => values)
    .filter((value) => typeof value === "string");
}
