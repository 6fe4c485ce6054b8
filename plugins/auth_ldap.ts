/**
 * Checks user names and passwords against an LDAP directory. Follows aMQTT's
 * `UserAuthLdapPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `server` | `ldaps://host:636` or `ldap://host:389` | required | The directory |
 * | `base-dn` | distinguished name | required | Where users are searched, at any depth |
 * | `user-attribute` | attribute | required | The attribute that holds the user name |
 * | `user-filter` | LDAP filter | none | What an entry must satisfy too, such as `(memberOf=cn=mqtt,dc=example,dc=org)` |
 * | `bind-dn` | distinguished name | required | The account that searches; it needs to read only |
 * | `bind-password` | text | required | Its password |
 * | `start-tls` | `true`, `false` | `false` | Encrypt a connection of `ldap://` before anything is sent |
 * | `cafile` | path | the system's authorities | PEM file with the authorities that may have signed the server's certificate |
 * | `connections` | 1 to 100 | `4` | Connections at most, to search and to check passwords each |
 * | `timeout` | seconds, 0.01 to 60 | `3` | How long the directory may take to answer |
 *
 * ```yaml
 * plugins:
 *   auth_ldap:
 *     server: ldaps://directory.example.org
 *     base-dn: ou=people,dc=example,dc=org
 *     user-attribute: uid
 *     bind-dn: cn=reader,dc=example,dc=org
 *     bind-password: secret
 * ```
 *
 * The account of `bind-dn` searches the one entry whose attribute is the user name;
 * names are compared as the directory compares them, most often without regard to
 * case. Then the password is tried with that entry. A client without a user name or
 * password is denied, and so is one that is not found or found twice.
 *
 * With `ldaps://` and `start-tls` the server's certificate must be valid for its
 * name. Without both, passwords travel for everybody to read.
 *
 * While the directory is down, or too slow, nobody gets in. The log says so once in
 * a while; the broker and the clients that are connected go on.
 *
 * @module
 */

import * as v from "valibot";
import { Replaceable } from "./_backend/replaceable.ts";
import { Directory } from "./_ldap/directory.ts";
import { ldapEntries, type LdapSettings } from "./_ldap/settings.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type ConfigChange,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthLdap}. */
export type AuthLdapOptions = LdapSettings;

/** Decides by a directory. */
export default class AuthLdap extends BaseAuthPlugin<AuthLdapOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthLdapOptions> = v.strictObject(
    ldapEntries,
  );

  readonly #directory: Replaceable<Directory>;

  /**
   * Creates the plugin. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {Error} If the filter or the file of the authorities cannot be used.
   */
  constructor(context: BrokerContext<AuthLdapOptions>) {
    super(context);
    this.#directory = new Replaceable(
      new Directory(context.config, context.logger),
    );
  }

  /** Looks whether the directory is there, so that the log tells at once. */
  override async onBrokerPreStart(): Promise<void> {
    await this.#directory.present.find("-", []);
  }

  /**
   * Prepares for another directory; logins that are under way end with the present one.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {Error} If the filter or the file of the authorities cannot be used.
   */
  override onConfigChanged(config: AuthLdapOptions): ConfigChange {
    const directory = new Directory(config, this.context.logger);
    return async () => {
      this.#directory.replace(directory);
      await directory.find("-", []);
    };
  }

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with user name and password.
   * @returns Whether the password is right.
   * @throws {Error} If the directory cannot be asked: the client is denied.
   */
  authenticate({ session }: AuthenticateEvent): boolean | Promise<boolean> {
    const { username } = session;
    const password = textOf(session.password);
    if (!username || !password) return false;
    return this.#directory.use(async (directory) => {
      const user = await directory.find(username, []);
      return user !== undefined &&
        await directory.isPassword(user.dn, password);
    });
  }

  /** Ends the connections. */
  override close(): Promise<void> {
    return this.#directory.close();
  }
}

/** Directories know passwords of UTF-8 only. */
function textOf(password: Uint8Array | undefined): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(password);
  } catch {
    return undefined;
  }
}
