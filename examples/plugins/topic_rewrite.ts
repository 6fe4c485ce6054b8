/**
 * Gives topics other names: clients that cannot be changed find their place in a
 * tidy tree. Whoever publishes, subscribes or unsubscribes is rewritten alike; the
 * rights are those of the new name.
 *
 * ```yaml
 * plugins:
 *   ./topic_rewrite.ts:
 *     rules:
 *       - { from: "^tele/([^/]+)/SENSOR$", to: "home/$1/sensor" }
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type BrokerContext,
  type PublishAnswer,
  type PublishEvent,
  type StandardSchema,
  type SubscribeAnswer,
  type SubscribeEvent,
  type UnsubscribeAnswer,
  type UnsubscribeEvent,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Tried in their order; the first that fits is used. */
  rules: {
    /** Regular expression over the topic name, or the topic filter. */
    from: string;
    /** The new name; `$1` is the first group. */
    to: string;
  }[];
}

export default class TopicRewrite extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    rules: v.array(v.strictObject({
      from: v.pipe(
        v.string(),
        v.check(isRegExp, "is no regular expression"),
      ),
      to: v.string(),
    })),
  });

  readonly #rules: [from: RegExp, to: string][];

  constructor(context: BrokerContext<Options>) {
    super(context);
    this.#rules = this.config.rules.map(({ from, to }) => [
      new RegExp(from),
      to,
    ]);
  }

  override interceptPublish({ message }: PublishEvent): PublishAnswer {
    const topic = this.#rewrite(message.topic);
    if (topic !== undefined) return { topic };
  }

  override interceptSubscribe({ filter }: SubscribeEvent): SubscribeAnswer {
    return this.#rewriteFilter(filter);
  }

  override interceptUnsubscribe(
    { filter }: UnsubscribeEvent,
  ): UnsubscribeAnswer {
    return this.#rewriteFilter(filter);
  }

  #rewriteFilter(filter: string): { filter: string } | undefined {
    const [, share = "", inner = ""] = /^(\$share\/[^/]*\/)?(.*)$/s.exec(
      filter,
    )!;
    const rewritten = this.#rewrite(inner);
    return rewritten === undefined
      ? undefined
      : { filter: `${share}${rewritten}` };
  }

  #rewrite(topic: string): string | undefined {
    for (const [from, to] of this.#rules) {
      if (from.test(topic)) return topic.replace(from, to);
    }
  }
}

function isRegExp(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
