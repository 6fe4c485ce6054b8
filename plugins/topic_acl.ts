/**
 * Decides by lists of topic filters, one list for each user, what clients may
 * publish, subscribe to and receive. Follows aMQTT's
 * `TopicAccessControlListPlugin`, without its holes.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `subscribe-acl` | map: user → list of filters | none: everything | What a user may subscribe to |
 * | `publish-acl` | map: user → list of filters | none: everything | What a user may publish to |
 * | `receive-acl` | map: user → list of filters | none: everything | Which messages are delivered to a user |
 * | `acl` | map: user → list of filters | none | Deprecated name of `subscribe-acl`; only one of the two may be set |
 *
 * An option that is not set allows everything. As soon as it is set, what no filter
 * allows is denied: to users without a list, to users with an empty list, and to
 * everybody if the map is empty (`{}`).
 *
 * The key is the user name. Clients without a user name have the key `anonymous`.
 * The list of the key `"*"` holds for every client, beside the client's own list.
 *
 * A filter allows a topic as a subscription would: `a/#` includes `a`, and a
 * wildcard at the beginning includes no topic that begins with `$`. A filter
 * allows a subscription if everything that is subscribed to is included: `a/+`
 * allows `a/b` and `a/+`, but not `a/#`.
 *
 * In a filter `%u` stands for the user name and `%c` for the client identifier. A
 * filter with `%u` holds for nobody without a user name. A name with `+`, `#` or
 * `/`, or one with a leading `$` at the beginning of the filter, is not put in: the
 * filter does not hold for that client.
 *
 * ```yaml
 * plugins:
 *   topic_acl:
 *     subscribe-acl:
 *       alice: ["sensors/#"]
 *       anonymous: [public/news]
 *       "*": ["users/%u/#", "clients/%c/inbox"]
 *     publish-acl:
 *       alice: [commands/alice]
 * ```
 *
 * @module
 */

import * as v from "valibot";
import {
  type Action,
  BaseTopicPlugin,
  type BrokerContext,
  type ConfigChange,
  type Decision,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";
import { AccessList, type FilterTest } from "./_acl/access_list.ts";

/** The filters of each user. */
export type AclMap = Record<string, string[]>;

/** The options of {@linkcode TopicAcl}. */
export interface TopicAclOptions {
  /** Deprecated name of `subscribeAcl`. */
  acl?: AclMap;
  /** What users may subscribe to. Default: everything. */
  subscribeAcl?: AclMap;
  /** What users may publish to. Default: everything. */
  publishAcl?: AclMap;
  /** Which messages are delivered to users. Default: all. */
  receiveAcl?: AclMap;
}

/** The list of each action; none allows everything. */
type AccessLists = Readonly<Record<Action, AccessList | undefined>>;

const AclSchema = v.optional(v.pipe(
  v.unknown(),
  v.check(
    // To valibot, a list is a map too.
    (value) => !Array.isArray(value),
    'it must be a map of user names to lists of topic filters, such as { alice: ["a/#"] }, not a list',
  ),
  v.record(v.string(), v.array(v.string())),
));

/** Answers `true` for what a list allows or what has no list, else `false`. */
export default class TopicAcl extends BaseTopicPlugin<TopicAclOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicAclOptions> = v.pipe(
    v.strictObject({
      acl: AclSchema,
      subscribeAcl: AclSchema,
      publishAcl: AclSchema,
      receiveAcl: AclSchema,
    }),
    v.check(
      ({ acl, subscribeAcl }) =>
        acl === undefined || subscribeAcl === undefined,
      'both "acl" and "subscribe-acl" are set; "acl" is the deprecated name: remove it',
    ),
  );

  #lists: AccessLists;

  /**
   * Creates the plugin and prepares the lists.
   *
   * @param context The broker's services.
   * @throws {TypeError} If a list holds something that is not a topic filter.
   */
  constructor(context: BrokerContext<TopicAclOptions>) {
    super(context);
    this.#lists = this.#prepare(context.config);
  }

  /**
   * Prepares other lists.
   *
   * @param config The new options.
   * @returns What takes them into use; subscriptions that they do not allow are removed.
   * @throws {TypeError} If a list holds something that is not a topic filter.
   */
  override onConfigChanged(config: TopicAclOptions): ConfigChange {
    const lists = this.#prepare(config);
    return async () => {
      this.#lists = lists;
      await this.context.recheckSubscriptions();
    };
  }

  #prepare(config: TopicAclOptions): AccessLists {
    const { context } = this;
    const { acl, subscribeAcl, publishAcl, receiveAcl } = config;
    if (acl !== undefined) {
      context.logger.warn(
        'The option "acl" is deprecated: call it "subscribe-acl"',
      );
    }
    const matches: FilterTest = (rule, topic) => context.matches(rule, topic);
    const covers: FilterTest = (rule, topic) => context.covers(rule, topic);
    const list = (option: string, map: AclMap | undefined, test: FilterTest) =>
      map && new AccessList(option, map, test, covers);
    return {
      subscribe: list("subscribe-acl", subscribeAcl ?? acl, covers),
      publish: list("publish-acl", publishAcl, matches),
      receive: list("receive-acl", receiveAcl, matches),
    };
  }

  /**
   * Decides about a topic.
   *
   * @param event Session, topic and action.
   * @returns Whether the lists allow it; nothing of commands without a list.
   */
  topicFiltering({ session, topic, action }: TopicFilteringEvent): Decision {
    const list = this.#lists[action];
    if (list !== undefined) return list.allows(session, topic);
    // To command the broker is nobody's right unless somebody gives it.
    const isCommand = action === "publish" && topic.startsWith("$CONTROL/");
    return isCommand ? undefined : true;
  }
}
