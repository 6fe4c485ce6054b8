/**
 * Delivers a message later: what is published to `$delayed/<seconds>/<topic>` is
 * published to `<topic>` after so many seconds. Messages that wait are lost when the
 * broker stops.
 *
 * ```yaml
 * plugins:
 *   ./delayed_publish.ts: { maxSeconds: 86400, maxWaiting: 10000 }
 * ```
 *
 * @module
 */

import {
  BaseTopicPlugin,
  type Decision,
  type PublishAnswer,
  type PublishEvent,
  type StandardSchema,
  type TopicFilteringEvent,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** The longest delay in seconds. Default: 86400. */
  maxSeconds: number;
  /** How many messages may wait. Default: 10000. */
  maxWaiting: number;
}

export default class DelayedPublish extends BaseTopicPlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    maxSeconds: v.optional(
      v.pipe(v.number(), v.minValue(0), v.maxValue(2_000_000)),
      86_400,
    ),
    maxWaiting: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1)),
      10_000,
    ),
  });

  /** Clients may publish below it, although it begins with `$`. */
  override readonly topicPrefix: string = "$delayed/";

  #waiting = 0;

  override interceptPublish({ message }: PublishEvent): PublishAnswer {
    if (!message.topic.startsWith(this.topicPrefix)) return;
    const request = /^\$delayed\/(\d{1,7})\/([^$].*)$/s.exec(message.topic);
    const { maxSeconds, maxWaiting } = this.config;
    const seconds = Number(request?.[1]);
    if (request === null || seconds > maxSeconds) {
      // Topic name invalid.
      return {
        allow: false,
        reasonCode: 0x90,
        reasonString: `Expected $delayed/<seconds up to ${maxSeconds}>/<topic>`,
      };
    }
    if (this.#waiting >= maxWaiting) return { allow: false, reasonCode: 0x97 };
    this.#waiting++;
    const [, , topic] = request;
    const { qos, retain, properties } = message;
    // A copy: the message is valid until the answer only.
    const payload = message.payload.slice();
    this.context.setTimeout(() => {
      this.#waiting--;
      this.context.publish(topic, payload, { qos, retain, properties });
    }, seconds * 1000);
    return { drop: true };
  }

  /** Nothing is ever published below it: nobody may listen there. */
  topicFiltering({ action }: TopicFilteringEvent): Decision {
    return action === "publish";
  }
}
