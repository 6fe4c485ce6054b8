/**
 * Asks an HTTP server what clients may publish, subscribe to and receive. Follows
 * aMQTT's `TopicAuthHttpPlugin`.
 *
 * The options are those of `auth_http`, but for these:
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `topic-uri` | path | `/acl` | Where the question goes |
 * | `superuser-uri` | path | none | Where it is asked first whether the user may do everything |
 * | `cache-ttl` | seconds, at most a day | `60` | How long an answer is remembered; `0`: never |
 *
 * ```yaml
 * plugins:
 *   topic_http:
 *     host: auth.example.org
 *     port: 443
 *     with-tls: true
 *     request-method: post
 *     superuser-uri: /superuser
 * ```
 *
 * The parameters are `username`, `client_id`, `topic` and `acc`: 1 to receive a
 * message, 2 to publish, 4 to subscribe. `topic` is a topic name, for a subscription
 * the topic filter. The parameters of `superuser-uri` are `username` and `client_id`;
 * if the answer is not yes, the topic is asked for. A client without a user name is
 * no superuser.
 *
 * Which response means what, and what happens without one, is described in
 * `auth_http`.
 *
 * Without a cache the server is asked for every message and every receiver of it.
 * Answers are remembered for `cache-ttl`, or as long as the header `Cache-Control` of
 * the response says (`no-store`, `no-cache`, `max-age=<seconds>`), and forgotten when
 * the client disconnects. To let a change of rights take effect at once, disconnect
 * the client.
 *
 * @module
 */

import { Replaceable } from "./_backend/replaceable.ts";
import type { Answer } from "./_http/answer.ts";
import { HttpBackend } from "./_http/backend.ts";
import { type HttpOptions, httpSchema } from "./_http/options.ts";
import {
  type Action,
  BaseTopicPlugin,
  type BrokerContext,
  type ClientEvent,
  type ConfigChange,
  type Session,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode TopicHttp}. */
export interface TopicHttpOptions extends HttpOptions {
  /** Path of the question about a topic. Default: `/acl`. */
  topicUri: string;
}

const ACCESS: Readonly<Record<Action, number>> = {
  receive: 1,
  publish: 2,
  subscribe: 4,
};

/** Decides as an HTTP server says. */
export default class TopicHttp extends BaseTopicPlugin<TopicHttpOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicHttpOptions> = httpSchema({
    uri: "topicUri",
    defaultUri: "/acl",
    cacheTtl: 60,
  });

  readonly #backend: Replaceable<HttpBackend>;

  /**
   * Creates the plugin. The server is not asked yet.
   *
   * @param context The broker's services.
   * @throws {Error} If the file of the authority cannot be read.
   */
  constructor(context: BrokerContext<TopicHttpOptions>) {
    super(context);
    this.#backend = new Replaceable(new HttpBackend(context, context.config));
  }

  /**
   * Prepares for another server; questions that are under way end with the present
   * one, and what it answered is forgotten. Subscriptions stay.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {Error} If the file of the authority cannot be read.
   */
  override onConfigChanged(config: TopicHttpOptions): ConfigChange {
    const backend = new HttpBackend(this.context, config);
    return () => this.#backend.replace(backend);
  }

  /**
   * Asks about a topic.
   *
   * @param event Session, topic and action.
   * @returns The server's answer, at once if it is remembered; rejects if there is none.
   */
  topicFiltering(event: TopicFilteringEvent): Answer | Promise<Answer> {
    return this.#backend.use((backend) => this.#decide(backend, event));
  }

  /** Forgets what was asked about a client. */
  override onBrokerClientDisconnected({ clientId }: ClientEvent): void {
    this.#backend.present.forget(clientId);
  }

  /** Ends what is under way. */
  override close(): Promise<void> {
    return this.#backend.close();
  }

  #decide(
    backend: HttpBackend,
    event: TopicFilteringEvent,
  ): Answer | Promise<Answer> {
    const { topicUri } = this.config;
    const answer = this.#askSuperuser(backend, event.session);
    if (answer instanceof Promise) {
      return answer.then((yes) =>
        yes === true || this.#askTopic(backend, topicUri, event)
      );
    }
    return answer === true || this.#askTopic(backend, topicUri, event);
  }

  #askSuperuser(
    backend: HttpBackend,
    { clientId, username }: Session,
  ): Answer | Promise<Answer> {
    const { superuserUri } = this.config;
    if (superuserUri === null || username === undefined) return false;
    return backend.ask({
      uri: superuserUri,
      clientId,
      key: `*${username}`,
      parameters: { username, client_id: clientId },
    });
  }

  #askTopic(
    backend: HttpBackend,
    uri: string,
    { session, topic, action }: TopicFilteringEvent,
  ): Answer | Promise<Answer> {
    const { clientId, username } = session;
    const acc = ACCESS[action];
    // Neither a user name nor a topic can contain NUL.
    const user = username === undefined ? "" : `=${username}`;
    return backend.ask({
      uri,
      clientId,
      key: `${acc}${topic}\0${user}`,
      parameters: {
        username: username ?? null,
        client_id: clientId,
        topic,
        acc,
      },
    });
  }
}
