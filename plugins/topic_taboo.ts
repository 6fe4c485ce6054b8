/**
 * Forbids a few topics to everybody but some users. Follows aMQTT's
 * `TopicTabooPlugin`, whose built-in lists are the defaults here.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `topics` | list of topic filters | `[prohibited, top-secret, data/classified]` | What is forbidden |
 * | `exempt` | list of user names | `[admin]` | Who may use them all the same |
 * | `actions` | list of `publish`, `subscribe`, `receive` | all three | What is forbidden to do |
 * | `reason-code` | 128 to 162 | 135 | What MQTT 5 clients are told |
 *
 * A topic without a wildcard is forbidden if it is written exactly so: a client
 * that subscribes to `#` is let in, and the action `receive` keeps the messages of
 * forbidden topics from it. Keep `receive` in the list for that reason.
 *
 * ```yaml
 * plugins:
 *   topic_taboo:
 *     topics: [prohibited, "internal/#"]
 *     exempt: [admin, auditor]
 *     actions: [publish, subscribe, receive]
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
  type Denial,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode TopicTaboo}. */
export interface TopicTabooOptions {
  /** Topic filters that are forbidden. Default: `prohibited`, `top-secret`, `data/classified`. */
  topics: string[];
  /** User names for which nothing is forbidden. Default: `admin`. */
  exempt: string[];
  /** What is forbidden to do with the topics. Default: everything. */
  actions: Action[];
  /** Reason code of the refusal for MQTT 5 clients, 128 to 162. Default: 135, not authorized. */
  reasonCode: number;
}

/** The options, prepared. */
interface TabooRules {
  readonly exact: ReadonlySet<string>;
  readonly wildcards: readonly string[];
  readonly exempt: ReadonlySet<string>;
  readonly actions: ReadonlySet<Action>;
  readonly denial: false | Denial;
}

const ACTIONS = ["publish", "subscribe", "receive"] as const;

/** Answers `false` for the forbidden topics and `true` for all others. */
export default class TopicTaboo extends BaseTopicPlugin<TopicTabooOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicTabooOptions> = v.strictObject({
    topics: v.optional(v.array(v.string()), [
      "prohibited",
      "top-secret",
      "data/classified",
    ]),
    exempt: v.optional(v.array(v.string()), ["admin"]),
    actions: v.optional(v.array(v.picklist(ACTIONS)), [...ACTIONS]),
    reasonCode: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(128), v.maxValue(162)),
      135,
    ),
  });

  #rules: TabooRules;

  /**
   * Creates the plugin.
   *
   * @param context The broker's services.
   * @throws {TypeError} If a forbidden topic is not a valid topic filter.
   */
  constructor(context: BrokerContext<TopicTabooOptions>) {
    super(context);
    this.#rules = this.#prepare(context.config);
  }

  /**
   * Prepares other rules.
   *
   * @param config The new options.
   * @returns What takes them into use; subscriptions that they forbid are removed.
   * @throws {TypeError} If a forbidden topic is not a valid topic filter.
   */
  override onConfigChanged(config: TopicTabooOptions): ConfigChange {
    const rules = this.#prepare(config);
    return async () => {
      this.#rules = rules;
      await this.context.recheckSubscriptions();
    };
  }

  #prepare(config: TopicTabooOptions): TabooRules {
    const { context } = this;
    const { topics, exempt, actions, reasonCode } = config;
    for (const topic of topics) {
      // Only a malformed filter does not cover itself.
      if (!context.covers(topic, topic)) {
        throw new TypeError(
          `Cannot use the topic "${topic}" of the option "topics": it is not a valid topic filter`,
        );
      }
    }
    const wildcard = (topic: string) => /[+#]/.test(topic);
    return {
      exact: new Set(topics.filter((topic) => !wildcard(topic))),
      wildcards: topics.filter(wildcard),
      exempt: new Set(exempt),
      actions: new Set(actions),
      denial: reasonCode === 135 ? false : { allow: false, reasonCode },
    };
  }

  /**
   * Decides about a topic.
   *
   * @param event Session, topic and action.
   * @returns A denial if the topic is forbidden, else `true`, and nothing of commands.
   */
  topicFiltering(
    { session, topic, action }: TopicFilteringEvent,
  ): Decision {
    const { actions, exempt, denial } = this.#rules;
    if (!actions.has(action) || !this.#isTaboo(topic)) {
      // To command the broker is nobody's right unless another plugin gives it.
      return action === "publish" && topic.startsWith("$CONTROL/")
        ? undefined
        : true;
    }
    const { username } = session;
    const isExempt = username !== undefined && exempt.has(username);
    return isExempt ? true : denial;
  }

  #isTaboo(topic: string): boolean {
    const { exact, wildcards } = this.#rules;
    return exact.has(topic) ||
      wildcards.some((filter) => this.context.matches(filter, topic));
  }
}
