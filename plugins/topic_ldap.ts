/**
 * Decides by an LDAP directory what clients may publish, subscribe to and receive.
 * Follows aMQTT's `TopicAuthLdapPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `publish-attribute` | attribute | required | Its values are the topic filters that a user may publish to |
 * | `subscribe-attribute` | attribute | required | The same for subscriptions |
 * | `receive-attribute` | attribute | required | The same for messages that are delivered |
 * | `cache-ttl` | seconds, 0 to 86400 | `10` | How long a user's filters are kept; a change in the directory counts after that time |
 *
 * and `server`, `base-dn`, `user-attribute`, `user-filter`, `bind-dn`,
 * `bind-password`, `start-tls`, `cafile`, `connections` and `timeout` as in
 * `auth_ldap`.
 *
 * ```yaml
 * plugins:
 *   topic_ldap:
 *     server: ldaps://directory.example.org
 *     base-dn: ou=people,dc=example,dc=org
 *     user-attribute: uid
 *     bind-dn: cn=reader,dc=example,dc=org
 *     bind-password: secret
 *     publish-attribute: publishACL
 *     subscribe-attribute: subscribeACL
 *     receive-attribute: receiveACL
 * ```
 *
 * A filter allows a topic as a subscription would: `a/#` includes `a`, and a
 * wildcard at the beginning includes no topic that begins with `$`. It allows a
 * subscription if everything that is subscribed to is included: `a/+` allows `a/b`
 * and `a/+`, but not `a/#`. What no filter allows is denied, also to a user who is
 * not in the directory or there twice. A client without a user name is left to other
 * plugins.
 *
 * While the directory is down, or too slow, what is not in the cache is denied. The
 * log says so once in a while.
 *
 * @module
 */

import * as v from "valibot";
import { Replaceable } from "./_backend/replaceable.ts";
import {
  type TopicListBackend,
  TopicListRights,
  type TopicLists,
} from "./_backend/topic_lists.ts";
import { Directory } from "./_ldap/directory.ts";
import {
  AttributeOption,
  ldapEntries,
  type LdapSettings,
} from "./_ldap/settings.ts";
import {
  BaseTopicPlugin,
  type BrokerContext,
  type ConfigChange,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode TopicLdap}. */
export interface TopicLdapOptions extends LdapSettings {
  /** Attribute with the topic filters that a user may publish to. */
  publishAttribute: string;
  /** Attribute with those that a user may subscribe to. */
  subscribeAttribute: string;
  /** Attribute with those whose messages a user gets. */
  receiveAttribute: string;
  /** Seconds that a user's filters are kept, 0 to 86400. Default: 10. */
  cacheTtl: number;
}

/** Decides by attributes of a directory. */
export default class TopicLdap extends BaseTopicPlugin<TopicLdapOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicLdapOptions> = v.strictObject({
    ...ldapEntries,
    publishAttribute: AttributeOption,
    subscribeAttribute: AttributeOption,
    receiveAttribute: AttributeOption,
    cacheTtl: v.optional(
      v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)),
      10,
    ),
  });

  readonly #backend: Replaceable<TopicListBackend>;

  /**
   * Creates the plugin. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {Error} If the filter or the file of the authorities cannot be used.
   */
  constructor(context: BrokerContext<TopicLdapOptions>) {
    super(context);
    this.#backend = new Replaceable(this.#open(context.config));
  }

  /** Looks whether the directory is there, so that the log tells at once. */
  override async onBrokerPreStart(): Promise<void> {
    await this.#backend.present.check();
  }

  /**
   * Prepares for another directory; questions that are under way end with the present
   * one, and the lists that it gave are forgotten. Subscriptions stay.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {Error} If the filter or the file of the authorities cannot be used.
   */
  override onConfigChanged(config: TopicLdapOptions): ConfigChange {
    const backend = this.#open(config);
    return async () => {
      this.#backend.replace(backend);
      await backend.check();
    };
  }

  /**
   * Decides about a topic.
   *
   * @param event Session, topic and action.
   * @returns Whether a filter of the user allows it; nothing without a user name.
   * @throws {Error} If the directory cannot be asked: it is denied.
   */
  topicFiltering(
    event: TopicFilteringEvent,
  ): boolean | undefined | Promise<boolean> {
    return this.#backend.use(({ rights }) => rights.decide(event));
  }

  /** Ends the connections. */
  override close(): Promise<void> {
    return this.#backend.close();
  }

  #open(config: TopicLdapOptions): TopicListBackend {
    const { context } = this;
    const directory = new Directory(config, context.logger);
    return {
      rights: new TopicListRights({
        context,
        cacheTtl: config.cacheTtl,
        load: (username) => loadLists(directory, config, username),
      }),
      check: async () => void await directory.find("-", []),
      close: () => directory.close(),
    };
  }
}

async function loadLists(
  directory: Directory,
  config: TopicLdapOptions,
  username: string,
): Promise<TopicLists | undefined> {
  const { publishAttribute, subscribeAttribute, receiveAttribute } = config;
  const user = await directory.find(username, [
    publishAttribute,
    subscribeAttribute,
    receiveAttribute,
  ]);
  return user && {
    publish: user.values(publishAttribute),
    subscribe: user.values(subscribeAttribute),
    receive: user.values(receiveAttribute),
  };
}
