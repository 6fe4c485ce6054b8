/**
 * One subscriber at a time: of those who subscribe to `$exclusive/<filter>` only the
 * first gets the messages of `<filter>`; others are refused until it has gone.
 *
 * ```yaml
 * plugins:
 *   ./exclusive_subscription.ts:
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type SessionEvent,
  type SubscribeAnswer,
  type SubscribeEvent,
  type UnsubscribeAnswer,
  type UnsubscribeEvent,
} from "@dinomq/broker/plugins";

const PREFIX = "$exclusive/";

export default class ExclusiveSubscription extends BasePlugin {
  /** Client identifiers by topic filter. */
  readonly #owners = new Map<string, string>();

  override interceptSubscribe(
    { session, filter }: SubscribeEvent,
  ): SubscribeAnswer {
    if (!filter.startsWith(PREFIX)) return;
    const inner = filter.slice(PREFIX.length);
    const owner = this.#ownerOf(inner);
    if (owner !== undefined && owner !== session.clientId) {
      return {
        allow: false,
        reasonCode: 0x97,
        reasonString: `Another client has "${inner}"`,
      };
    }
    this.#owners.set(inner, session.clientId);
    return { filter: inner };
  }

  override interceptUnsubscribe(
    { session, filter }: UnsubscribeEvent,
  ): UnsubscribeAnswer {
    if (!filter.startsWith(PREFIX)) return;
    const inner = filter.slice(PREFIX.length);
    if (this.#owners.get(inner) === session.clientId) {
      this.#owners.delete(inner);
    }
    return { filter: inner };
  }

  override onBrokerSessionExpired({ clientId }: SessionEvent): void {
    for (const [filter, owner] of this.#owners) {
      if (owner === clientId) this.#owners.delete(filter);
    }
  }

  /**
   * Who has a filter. A right that was taken away, or a filter that was not granted
   * in the end, frees it: the subscriptions tell.
   */
  #ownerOf(filter: string): string | undefined {
    const owner = this.#owners.get(filter);
    if (owner === undefined) return undefined;
    for (const subscription of this.context.subscriptions(owner)) {
      if (subscription.filter === filter) return owner;
    }
    return undefined;
  }
}
