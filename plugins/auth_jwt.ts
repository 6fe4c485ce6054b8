/**
 * Takes the password for a JSON Web Token and lets in who has a valid one. Follows
 * aMQTT's `UserAuthJwtPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `secret-key` | text | none | The key of HS algorithms |
 * | `public-key-file` | path of a PEM file | none | A public key, or a certificate |
 * | `jwks-file` | path | none | A JSON Web Key Set |
 * | `jwks-url` | `https:` or `http:` address | none | A JSON Web Key Set |
 * | `algorithms` | list | `[HS256]` with `secret-key`, else required | The algorithms that are accepted |
 * | `algorithm` | text | none | aMQTT's option for a single one |
 * | `user-claim` | text | `sub` | The claim that must equal the user name |
 * | `issuer` | text or list | anybody | Who must have issued the token (`iss`) |
 * | `audience` | text or list | anybody | Whom the token must be meant for (`aud`) |
 * | `clock-tolerance` | seconds, at most 300 | `0` | How far clocks may differ |
 * | `jwks-max-age` | seconds, 1 to 86400 | `600` | How long a key set is used without being read again |
 * | `jwks-min-interval` | seconds, 1 to 3600 | `30` | How often a key set is read at most because a token names an unknown key |
 * | `timeout` | seconds, at most 60 | `4` | How long reading a key set may take |
 *
 * Exactly one of the first four says where the keys come from. The algorithms are
 * `HS256`, `HS384`, `HS512` with a secret key; with public keys `RS256`, `RS384`,
 * `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `ES512`, `EdDSA` and its newer
 * name `Ed25519`. A token without a signature (`none`) is never accepted.
 *
 * ```yaml
 * plugins:
 *   auth_jwt:
 *     jwks-url: https://login.example.org/.well-known/jwks.json
 *     algorithms: [RS256, ES256]
 *     user-claim: preferred_username
 *     issuer: https://login.example.org/
 *     audience: mqtt
 *   topic_jwt:
 *     publish-claim: mqtt_publish
 *     subscribe-claim: mqtt_subscribe
 * ```
 *
 * `exp` and `nbf` are checked if the token has them. When the token ends, so does the
 * connection: clients of MQTT 5 are told 0xA0, maximum connect time. A client without
 * user name or password is left to other plugins.
 *
 * The token is checked once, when the client connects. `topic_jwt` decides by its
 * claims.
 *
 * A key set that is older than `jwks-max-age` and cannot be read again lets nobody in.
 * This is a failure, which the log shows. Who can change what an `http:` address
 * answers can sign tokens.
 *
 * @module
 */

import { Deadlines } from "./_jwt/deadlines.ts";
import { type AuthJwtOptions, authJwtSchema } from "./_jwt/options.ts";
import {
  setToken,
  tokenOf,
  type VerifiedToken,
} from "./_jwt/verified_token.ts";
import { TokenVerifier } from "./_jwt/verifier.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type ClientEvent,
  type ConfigChange,
  type Session,
  type StandardSchema,
} from "./mod.ts";

export type { AuthJwtOptions };

const MAXIMUM_CONNECT_TIME = 0xa0;

/** Decides by the token that a client has for a password. */
export default class AuthJwt extends BaseAuthPlugin<AuthJwtOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthJwtOptions> = authJwtSchema;

  #verifier: TokenVerifier;
  readonly #deadlines = new Deadlines((session) => this.#end(session));
  /** Tokens of clients that are not connected yet. */
  readonly #arriving = new WeakSet<VerifiedToken>();

  /**
   * Creates the plugin and reads the key. A key set is not read yet.
   *
   * @param context The broker's services.
   * @throws {Error} If a file cannot be read or holds no key that fits.
   */
  constructor(context: BrokerContext<AuthJwtOptions>) {
    super(context);
    this.#verifier = new TokenVerifier(context.config, context.logger);
  }

  /** Reads the key set, so that a wrong address is noticed now. */
  override async onBrokerPreStart(): Promise<void> {
    await this.#verifier.warmUp();
  }

  /**
   * Prepares other keys, and reads files of keys again. Clients that are connected
   * stay until their token ends.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {Error} If a file cannot be read or holds no key that fits.
   */
  override onConfigChanged(config: AuthJwtOptions): ConfigChange {
    const verifier = new TokenVerifier(config, this.context.logger);
    return async () => {
      this.#verifier = verifier;
      await verifier.warmUp();
    };
  }

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with user name and token.
   * @returns Whether the token is valid and belongs to the user; nothing if there is
   * no user name or no password. Rejects if the keys cannot be had.
   */
  authenticate(
    { session }: AuthenticateEvent,
  ): undefined | Promise<boolean> {
    const { username, password } = session;
    if (!username || !password?.length) return undefined;
    return this.#check(session, username, new TextDecoder().decode(password));
  }

  /** Ends the connection when the token ends. */
  override onBrokerClientConnected({ clientSession }: ClientEvent): void {
    const token = tokenOf(clientSession);
    if (token === undefined) return;
    if (this.#arriving.delete(token)) {
      this.#deadlines.set(clientSession, token.expiresAt);
    } else {
      // That of an earlier connection; now another plugin has let the client in.
      setToken(clientSession, undefined);
    }
  }

  /** Forgets when the connection would have ended. */
  override onBrokerClientDisconnected({ clientSession }: ClientEvent): void {
    this.#deadlines.delete(clientSession);
  }

  /** Ends what waits. */
  override close(): void {
    this.#deadlines.clear();
  }

  async #check(
    session: Session,
    username: string,
    text: string,
  ): Promise<boolean> {
    const { userClaim } = this.config;
    const token = await this.#verifier.verify(text);
    const problem = typeof token === "string"
      ? token
      : token.claims[userClaim] !== username
      ? `"${userClaim}" is not the user name`
      : undefined;
    if (problem !== undefined) {
      this.context.logger.debug("Token refused", {
        clientId: session.clientId,
        username,
        why: problem,
      });
      return false;
    }
    setToken(session, token as VerifiedToken);
    this.#arriving.add(token as VerifiedToken);
    return true;
  }

  #end(session: Session): void {
    this.context.count("expired");
    this.context.logger.info("Client disconnected: its token has expired", {
      clientId: session.clientId,
      username: session.username,
    });
    this.context.disconnect(session.clientId, {
      reasonCode: MAXIMUM_CONNECT_TIME,
      reasonString: "the token has expired",
    });
  }
}
