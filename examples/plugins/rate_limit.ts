/**
 * Lets each user publish so many messages a second, over all the user's clients.
 *
 * ```yaml
 * plugins:
 *   - plugin: ./rate_limit.ts
 *     options: { messagesPerSecond: 10, burst: 50 }
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type PublishAnswer,
  type PublishEvent,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Messages that a user may publish each second. */
  messagesPerSecond: number;
  /** Messages that a user who was quiet may publish at once. Default: 10. */
  burst: number;
}

/** What a user has left. */
interface Bucket {
  tokens: number;
  at: number;
}

export default class RateLimit extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    messagesPerSecond: v.pipe(v.number(), v.minValue(0.001)),
    burst: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 10),
  });

  readonly #buckets = new Map<string, Bucket>();

  override onBrokerPostStart(): void {
    this.context.setInterval(() => this.#forget(), 60_000);
  }

  override interceptPublish({ session }: PublishEvent): PublishAnswer {
    const user = session.username ?? `client ${session.clientId}`;
    const { messagesPerSecond, burst } = this.config;
    const now = Date.now();
    const bucket = this.#buckets.get(user) ?? { tokens: burst, at: now };
    const gained = (now - bucket.at) / 1000 * messagesPerSecond;
    bucket.tokens = Math.min(burst, bucket.tokens + gained);
    bucket.at = now;
    this.#buckets.set(user, bucket);
    if (bucket.tokens < 1) {
      this.context.count("refused");
      // Quota exceeded.
      return {
        allow: false,
        reasonCode: 0x97,
        reasonString: `At most ${messagesPerSecond} messages a second`,
      };
    }
    bucket.tokens--;
  }

  /** Who has been quiet until the bucket is full needs none. */
  #forget(): void {
    const { messagesPerSecond, burst } = this.config;
    const full = Date.now() - burst / messagesPerSecond * 1000;
    for (const [user, { at }] of this.#buckets) {
      if (at < full) this.#buckets.delete(user);
    }
  }
}
