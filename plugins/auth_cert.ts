/**
 * Lets clients in by their TLS certificate. Follows aMQTT's `UserAuthCertPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `uri-domain` | text | required with `spiffe` | The trust domain of the devices |
 * | `identity` | `spiffe`, `common-name` | `spiffe` | What of the certificate is the client's identity |
 * | `use-as` | `client-id`, `username` | `client-id` | What the identity is used as |
 *
 * ```yaml
 * listeners:
 *   default:
 *     bind: 0.0.0.0:8883
 *     ssl: true
 *     certfile: server.crt
 *     keyfile: server.key
 *     cafile: ca.crt
 *     client-certificate: required
 * plugins:
 *   auth_cert:
 *     uri-domain: example.org
 * ```
 *
 * The listener checks the certificate: it must be signed by an authority of `cafile`.
 * A client that shows none, or comes over another listener, is refused.
 *
 * | `identity` | Where it is |
 * |---|---|
 * | `spiffe` | The first URI of the subject alternative name is `spiffe://<uri-domain>/device/<identity>` |
 * | `common-name` | The common name of the subject |
 *
 * | `use-as` | What it means |
 * |---|---|
 * | `client-id` | The client identifier must be the identity |
 * | `username` | The identity becomes the user name, for the other plugins too; a client that sends another one is refused |
 *
 * @module
 */

import * as v from "valibot";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type ConfigChange,
  type PeerCertificate,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthCert}. */
export interface AuthCertOptions {
  /** The trust domain of the devices. */
  uriDomain?: string;
  /** What of the certificate is the client's identity. Default: `spiffe`. */
  identity: "spiffe" | "common-name";
  /** What the identity is used as. Default: `client-id`. */
  useAs: "client-id" | "username";
}

/** Decides by the certificate that a client has shown. */
export default class AuthCert extends BaseAuthPlugin<AuthCertOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthCertOptions> = v.pipe(
    v.strictObject({
      uriDomain: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^[^/\s]+$/, "it must be a domain such as example.org"),
        ),
      ),
      identity: v.optional(v.picklist(["spiffe", "common-name"]), "spiffe"),
      useAs: v.optional(v.picklist(["client-id", "username"]), "client-id"),
    }),
    v.check(
      ({ identity, uriDomain }) =>
        (identity === "spiffe") === (uriDomain !== undefined),
      '"uri-domain" must be set with "identity: spiffe", and only then',
    ),
  );

  #hasWarned = false;

  /**
   * Takes other options, for clients that connect from now on.
   *
   * @returns What takes them into use.
   */
  override onConfigChanged(): ConfigChange {
    return () => {};
  }

  /**
   * Decides whether a client may connect.
   *
   * @param event The session with the certificate.
   * @returns Whether the certificate says that it is this client.
   */
  authenticate({ session }: AuthenticateEvent): boolean {
    const { peerCertificate, clientId, username } = session;
    if (peerCertificate === undefined) {
      this.#warn(session.listener);
      return false;
    }
    const identity = this.#identityOf(peerCertificate);
    if (!identity) return false;
    if (this.config.useAs === "client-id") return identity === clientId;
    if (username !== undefined && username !== identity) return false;
    session.username = identity;
    return true;
  }

  #identityOf({ commonName, uris }: PeerCertificate): string | undefined {
    const { identity, uriDomain } = this.config;
    if (identity === "common-name") return commonName;
    const prefix = `spiffe://${uriDomain}/device/`;
    const [uri] = uris;
    if (uri === undefined || !uri.startsWith(prefix)) return undefined;
    const device = uri.slice(prefix.length);
    return device.includes("/") ? undefined : device;
  }

  #warn(listener: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.context.logger.warn(
      `A client of the listener "${listener}" was refused: it has shown no certificate that is trusted. ` +
        'A listener asks for one if it has "cafile" and "client-certificate"',
    );
  }
}
