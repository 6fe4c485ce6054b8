/**
 * Decides by the claims of a client's token what it may publish, subscribe to and
 * receive. Follows aMQTT's `TopicAuthJwtPlugin`. The token is the one that `auth_jwt`
 * has checked when the client connected.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `publish-claim` | text | required | Claim with what the client may publish to |
 * | `subscribe-claim` | text | required | Claim with what it may subscribe to |
 * | `receive-claim` | text | none: everything | Claim with the messages that are delivered to it |
 * | `secret-key`, `algorithm` | text | none | aMQTT's; without effect, since `auth_jwt` checks the token |
 *
 * ```yaml
 * plugins:
 *   auth_jwt:
 *     secret-key: at least 32 bytes, best at random
 *     user-claim: username
 *   topic_jwt:
 *     publish-claim: publish_acl
 *     subscribe-claim: subscribe_acl
 *     receive-claim: receive_acl
 * ```
 *
 * A claim is a list of topic filters:
 *
 * ```json
 * { "username": "alice", "publish_acl": ["rooms/+/light", "users/alice/#"] }
 * ```
 *
 * A filter allows a topic as a subscription would. It allows a subscription if it
 * covers everything that is subscribed to: `a/+` does not allow `a/#`. What no filter
 * allows is denied, and so is everything if the token does not have the claim.
 *
 * A client that `auth_jwt` has not let in is left to other plugins. While a client
 * with a lasting session is away, its last token decides what is kept for it; tokens
 * are not stored, so that with a `receive-claim` nothing is kept after a restart of
 * the broker until the client is back.
 *
 * @module
 */

import * as v from "valibot";
import { tokenOf } from "./_jwt/verified_token.ts";
import {
  type Action,
  BaseTopicPlugin,
  type ConfigChange,
  type Session,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode TopicJwt}. */
export interface TopicJwtOptions {
  /** Claim with what a client may publish to. */
  publishClaim: string;
  /** Claim with what it may subscribe to. */
  subscribeClaim: string;
  /** Claim with the messages that are delivered to it. Default: all. */
  receiveClaim?: string;
  /** aMQTT's; without effect. */
  secretKey?: string;
  /** aMQTT's; without effect. */
  algorithm?: string;
}

const ClaimSchema = v.pipe(v.string(), v.nonEmpty());

/** Answers `true` for what the token allows, else `false`; nothing without a token. */
export default class TopicJwt extends BaseTopicPlugin<TopicJwtOptions> {
  /** Checks the options. */
  static override config: StandardSchema<TopicJwtOptions> = v.strictObject({
    publishClaim: ClaimSchema,
    subscribeClaim: ClaimSchema,
    receiveClaim: v.optional(ClaimSchema),
    secretKey: v.optional(v.string()),
    algorithm: v.optional(v.string()),
  });

  #hasWarned = false;

  /**
   * Takes other names of claims; subscriptions that they do not allow end.
   *
   * @returns What takes them into use.
   */
  override onConfigChanged(): ConfigChange {
    return async () => void await this.context.recheckSubscriptions();
  }

  /**
   * Decides about a topic.
   *
   * @param event Session, topic and action.
   * @returns Whether the token allows it; nothing if there is no token.
   */
  topicFiltering(
    { session, topic, action }: TopicFilteringEvent,
  ): boolean | undefined {
    const name = this.#claim(action);
    if (name === undefined) return true;
    const token = tokenOf(session);
    if (token === undefined) {
      this.#warn(session);
      return undefined;
    }
    const filters = token.claims[name];
    if (!Array.isArray(filters)) return false;
    const { context } = this;
    return filters.some((filter) =>
      typeof filter === "string" &&
      (action === "subscribe"
        ? context.covers(filter, topic)
        : context.matches(filter, topic))
    );
  }

  #claim(action: Action): string | undefined {
    const { publishClaim, subscribeClaim, receiveClaim } = this.config;
    if (action === "receive") return receiveClaim;
    return action === "publish" ? publishClaim : subscribeClaim;
  }

  #warn({ clientId }: Session): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.context.logger.warn(
      "A client has no token: topic_jwt decides only about clients that auth_jwt has let in",
      { clientId },
    );
  }
}
