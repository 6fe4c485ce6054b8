/**
 * Decides by a table of SQLite, PostgreSQL, MySQL or MariaDB what clients may
 * publish, subscribe to and receive. Follows aMQTT's `TopicAuthDBPlugin`, whose
 * tables it reads.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `connection` | connection URL, as in `auth_db` | required | Where the table is |
 * | `sync-schema` | `true`, `false` | `false` | Make the tables (and the file of SQLite) if they are missing |
 * | `connections` | 1 to 100 | `4` | Connections to the database at most |
 * | `timeout` | seconds, 0.01 to 60 | `3` | How long the database may take to answer |
 * | `cache-ttl` | seconds, 0 to 86400 | `10` | How long a user's lists are kept; a change in the table counts after that time |
 *
 * ```yaml
 * plugins:
 *   topic_db:
 *     connection: sqlite:///auth.db
 *     cache-ttl: 30
 * ```
 *
 * The table is `topic_auth` with the columns `id`, `username`, `publish_acl`,
 * `subscribe_acl` and `receive_acl`. A list is JSON such as
 * `[{"topic": "sensors/#"}]`. `topics` on the command line adds and removes entries.
 *
 * An entry allows a topic as a subscription would: `a/#` includes `a`, and a
 * wildcard at the beginning includes no topic that begins with `$`. It allows a
 * subscription if everything that is subscribed to is included: `a/+` allows `a/b`
 * and `a/+`, but not `a/#`. What no entry allows is denied, also to a user who is
 * not in the table. A client without a user name is left to other plugins.
 *
 * While the database is down, or too slow, what is not in the cache is denied. The
 * log says so once in a while.
 *
 * @module
 */

import * as v from "valibot";
import { Replaceable } from "./_backend/replaceable.ts";
import {
  type TopicListBackend,
  TopicListRights,
} from "./_backend/topic_lists.ts";
import {
  databaseEntries,
  type DatabaseSettings,
  DatabaseSource,
} from "./_db/source.ts";
import { TopicTable } from "./_db/topic_table.ts";
import {
  BaseTopicPlugin,
  type BrokerContext,
  type ConfigChange,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode TopicDb}. */
export interface TopicDbOptions extends DatabaseSettings {
  /** Seconds that a user's lists are kept, 0 to 86400. Default: 10. */
  cacheTtl: number;
}

/** Decides by a table of topic filters. */
export default class TopicDb extends BaseTopicPlugin<TopicDbOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicDbOptions> = v.strictObject({
    ...databaseEntries,
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
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(context: BrokerContext<TopicDbOptions>) {
    super(context);
    this.#backend = new Replaceable(this.#open(context.config));
  }

  /** Looks whether the database is there, so that the log tells at once. */
  override async onBrokerPreStart(): Promise<void> {
    await this.#backend.present.check();
  }

  /**
   * Prepares for another database; questions that are under way end with the present
   * one, and the lists that it gave are forgotten. Subscriptions stay.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  override onConfigChanged(config: TopicDbOptions): ConfigChange {
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
   * @returns Whether an entry of the user allows it; nothing without a user name.
   * @throws {Error} If the database cannot be asked: it is denied.
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

  #open(config: TopicDbOptions): TopicListBackend {
    const { context } = this;
    const source = new DatabaseSource(config);
    return {
      rights: new TopicListRights({
        context,
        cacheTtl: config.cacheTtl,
        load: async (username) =>
          await new TopicTable(await source.get()).find(username),
      }),
      check: async () => {
        const database = await source.get();
        await database.query("SELECT 1 FROM topic_auth WHERE 1 = 0");
      },
      close: () => source.close(),
    };
  }
}
