/**
 * Lets clients in that send no user name, or keeps exactly those out. Follows
 * aMQTT's `AnonymousAuthPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `allow-anonymous` | boolean | `true` | Whether a client needs no user name |
 *
 * With `true` every client is welcome as far as this plugin is concerned. With
 * `false` a client must send a user name; its password is **not** looked at, which
 * is the business of another plugin such as `auth_file`.
 *
 * ```yaml
 * plugins:
 *   auth_anonymous:
 *     allow-anonymous: false
 *   auth_file:
 *     password-file: ./passwords
 * ```
 *
 * @module
 */

import * as v from "valibot";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type ConfigChange,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthAnonymous}. */
export interface AuthAnonymousOptions {
  /** Whether a client needs no user name. Default: `true`. */
  allowAnonymous: boolean;
}

/** Decides by whether the client sent a user name. Never changes the session. */
export default class AuthAnonymous
  extends BaseAuthPlugin<AuthAnonymousOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthAnonymousOptions> = v.strictObject(
    { allowAnonymous: v.optional(v.boolean(), true) },
  );

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with the user name.
   * @returns `true` if anonymous clients are allowed or there is a user name, else `false`.
   */
  authenticate({ session }: AuthenticateEvent): boolean {
    return this.config.allowAnonymous || Boolean(session.username);
  }

  /**
   * Takes new options.
   *
   * @returns What takes them into use: nothing more than that they are there.
   */
  override onConfigChanged(): ConfigChange {
    return () => {};
  }
}
