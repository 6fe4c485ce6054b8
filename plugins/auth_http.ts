/**
 * Asks an HTTP server whether a client may connect. Follows aMQTT's
 * `UserAuthHttpPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `host`, `port` | text, number | required | The server |
 * | `user-uri` | path | `/user` | Where the question goes |
 * | `request-method` | `get`, `post`, `put` | `get` | Method of the request |
 * | `params-mode` | `json`, `form` | `json` | How the parameters are sent; as a form with `get` they are the query |
 * | `response-mode` | `json`, `status`, `text` | `json` | What of the response is the answer |
 * | `with-tls` | `true`, `false` | `false` | Whether the server is asked over TLS |
 * | `cafile` | path of a PEM file | the authorities that Deno trusts | Who signed the server's certificate |
 * | `user-agent` | text | `dinomq` | The header `User-Agent` |
 * | `timeout` | seconds, at most 60 | `4` | After it the client is denied; keep it below `plugin-timeout` |
 * | `cache-ttl` | seconds, at most a day | `0` | How long a "yes" is remembered; `0`: never |
 * | `cache-size` | 1 to 1000000 | `10000` | How many answers are remembered at most |
 * | `max-requests` | 1 to 1000 | `50` | How many requests are under way at most; other questions wait |
 * | `superuser-uri` | path | none | For `topic_http`; without effect here |
 *
 * ```yaml
 * plugins:
 *   auth_http:
 *     host: auth.example.org
 *     port: 443
 *     with-tls: true
 *     request-method: post
 * ```
 *
 * The parameters are `username`, `password` and `client_id`. A user name or
 * password that the client did not send is `null`, in a form empty.
 *
 * | `response-mode` | Yes | No | Does not decide |
 * |---|---|---|---|
 * | `status` | 2xx | 4xx | any other, but 502, 503 and 504 |
 * | `json` | 2xx and `{"ok": true}` | `{"ok": false}`, 4xx | 2xx and `{"ok": null}`, or without `ok` |
 * | `text` | 2xx and the body `ok` | any other body, 4xx | never |
 *
 * The case of `ok` does not matter. Every other response, none in time, and a server
 * that cannot be reached deny the client; this is a failure, which the log shows and
 * the counters `requests` and `failedRequests` tell. Redirects are not followed.
 *
 * With `cache-ttl` only answers that let a client in are remembered, for the same
 * client identifier, user name and password. The header `Cache-Control` of the
 * response decides about a single answer: `no-store`, `no-cache` or `max-age=<seconds>`.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import { Replaceable } from "./_backend/replaceable.ts";
import type { Answer } from "./_http/answer.ts";
import { HttpBackend } from "./_http/backend.ts";
import { type HttpOptions, httpSchema } from "./_http/options.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  type BrokerContext,
  type ConfigChange,
  type Session,
  type StandardSchema,
} from "./mod.ts";

/** The options of {@linkcode AuthHttp}. */
export interface AuthHttpOptions extends HttpOptions {
  /** Path of the question who may connect. Default: `/user`. */
  userUri: string;
}

/** Decides as an HTTP server says. */
export default class AuthHttp extends BaseAuthPlugin<AuthHttpOptions> {
  /** Checks the options. */
  static override config: StandardSchema<AuthHttpOptions> = httpSchema({
    uri: "userUri",
    defaultUri: "/user",
    cacheTtl: 0,
  });

  readonly #backend: Replaceable<HttpBackend>;
  // Passwords are not kept in memory, and what is kept is of no use elsewhere.
  readonly #digestKey = randomBytes(32);

  /**
   * Creates the plugin. The server is not asked yet.
   *
   * @param context The broker's services.
   * @throws {Error} If the file of the authority cannot be read.
   */
  constructor(context: BrokerContext<AuthHttpOptions>) {
    super(context);
    this.#backend = new Replaceable(this.#open(context.config));
  }

  /**
   * Prepares for another server; questions that are under way end with the present
   * one, and what it answered is forgotten.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {Error} If the file of the authority cannot be read.
   */
  override onConfigChanged(config: AuthHttpOptions): ConfigChange {
    const backend = this.#open(config);
    return () => this.#backend.replace(backend);
  }

  /**
   * Asks whether a client may connect.
   *
   * @param event The session with user name and password.
   * @returns The server's answer; rejects if there is none.
   */
  authenticate({ session }: AuthenticateEvent): Answer | Promise<Answer> {
    const { clientId, username } = session;
    let password;
    try {
      password = textOf(session.password);
    } catch {
      // The server could not tell it from another one.
      return false;
    }
    const question = {
      uri: this.config.userUri,
      clientId,
      key: this.#digest(session),
      parameters: {
        username: username ?? null,
        password,
        client_id: clientId,
      },
    };
    return this.#backend.use((backend) => backend.ask(question));
  }

  /** Ends what is under way. */
  override close(): Promise<void> {
    return this.#backend.close();
  }

  #open(config: AuthHttpOptions): HttpBackend {
    return new HttpBackend(this.context, config, {
      remembers: (answer) => answer === true,
    });
  }

  #digest({ username, password }: Session): string {
    const hmac = createHmac("sha256", this.#digestKey);
    hmac.update(JSON.stringify([username ?? null, password === undefined]));
    return hmac.update(password ?? "").digest("base64");
  }
}

function textOf(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined) return null;
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    bytes,
  );
}
