/**
 * The interceptors of a broker's plugins, hook by hook.
 *
 * @module
 */

import { stepsOf } from "./hook_tables.ts";
import type { InFlight } from "./in_flight.ts";
import { ANSWERS } from "./interceptor_answers.ts";
import { InterceptorChain } from "./interceptor_chain.ts";
import { MemberSelector } from "./member_selector.ts";
import type {
  AcceptEvent,
  ConnackChanges,
  ConnackEvent,
  ConnectChanges,
  ConnectEvent,
  DeliverEvent,
  DisconnectChanges,
  DisconnectEvent,
  MessageChanges,
  PublishChanges,
  PublishEvent,
  RetainEvent,
  SubscribeChanges,
  SubscribeEvent,
  UnsubscribeChanges,
  UnsubscribeEvent,
  WillEvent,
} from "./mod.ts";
import type { Plugin } from "./plugin_loading.ts";

/** The interceptors of a broker's plugins; a hook that nobody implements is absent. */
export interface Intercepts {
  /** Connections. */
  readonly accept?: InterceptorChain<AcceptEvent, never>;
  /** CONNECT. */
  readonly connect?: InterceptorChain<ConnectEvent, ConnectChanges>;
  /** CONNACK. */
  readonly connack?: InterceptorChain<ConnackEvent, ConnackChanges>;
  /** DISCONNECT of either side. */
  readonly disconnect?: InterceptorChain<DisconnectEvent, DisconnectChanges>;
  /** SUBSCRIBE, filter by filter. */
  readonly subscribe?: InterceptorChain<SubscribeEvent, SubscribeChanges>;
  /** UNSUBSCRIBE, filter by filter. */
  readonly unsubscribe?: InterceptorChain<UnsubscribeEvent, UnsubscribeChanges>;
  /** PUBLISH of a client. */
  readonly publish?: InterceptorChain<PublishEvent, PublishChanges>;
  /** Messages to a client. */
  readonly deliver?: InterceptorChain<DeliverEvent, MessageChanges>;
  /** Wills. */
  readonly will?: InterceptorChain<WillEvent, PublishChanges>;
  /** Messages that are to be retained. */
  readonly retain?: InterceptorChain<RetainEvent, MessageChanges>;
  /** The members of shared subscriptions. */
  readonly member?: MemberSelector;
}

/**
 * Collects the interceptors of plugins.
 *
 * @param plugins The plugins in their order.
 * @param timeout How long one may take, in milliseconds.
 * @param inFlight Where chains are counted that wait for a plugin.
 * @returns The chains.
 */
export function interceptsOf(
  plugins: readonly Plugin[],
  timeout: number,
  inFlight: InFlight,
): Intercepts {
  const chain = <Event extends object, Changes>(
    hook: keyof typeof ANSWERS,
  ): InterceptorChain<Event, Changes> | undefined => {
    const steps = stepsOf(plugins, hook, timeout);
    if (steps.length === 0) return undefined;
    return new InterceptorChain(
      steps,
      hook,
      ANSWERS[hook],
      timeout,
      inFlight,
    );
  };
  const selectors = stepsOf(plugins, "selectSharedMember", timeout);
  return {
    accept: chain("interceptAccept"),
    connect: chain("interceptConnect"),
    connack: chain("interceptConnack"),
    disconnect: chain("interceptDisconnect"),
    subscribe: chain("interceptSubscribe"),
    unsubscribe: chain("interceptUnsubscribe"),
    publish: chain("interceptPublish"),
    deliver: chain("interceptDeliver"),
    will: chain("interceptWill"),
    retain: chain("interceptRetain"),
    member: selectors.length === 0 ? undefined : new MemberSelector(selectors),
  };
}
