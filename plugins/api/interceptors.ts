/**
 * The methods of a plugin that intercept.
 *
 * An interceptor answers with what is to be different: an object with only the
 * fields that change. Nothing means that everything stays. `false` or a
 * {@linkcode Denial} refuses, and where it makes sense {@linkcode Drop} has the
 * thing pass unnoticed. Interceptors run in their order, and each sees what those
 * before it have made. Rights are asked for afterwards, on the result.
 *
 * @module
 */

import type {
  AcceptAnswer,
  AcceptEvent,
  DisconnectAnswer,
  DisconnectEvent,
} from "./intercepted_connections.ts";
import type {
  ConnackAnswer,
  ConnackEvent,
  ConnectAnswer,
  ConnectEvent,
} from "./intercepted_connects.ts";
import type {
  DeliverAnswer,
  DeliverEvent,
  PublishAnswer,
  PublishEvent,
  RetainAnswer,
  RetainEvent,
  WillAnswer,
  WillEvent,
} from "./intercepted_messages.ts";
import type {
  SelectMemberAnswer,
  SelectMemberEvent,
  SubscribeAnswer,
  SubscribeEvent,
  UnsubscribeAnswer,
  UnsubscribeEvent,
} from "./intercepted_subscriptions.ts";

/**
 * The interceptors that a plugin may implement.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishAnswer, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Prefix extends BasePlugin {
 *   override interceptPublish({ session, message }: PublishEvent): PublishAnswer {
 *     if (message.payload.length > 100) return false;
 *     return { topic: `${session.clientId}/${message.topic}` };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Prefix] });
 * const client = await broker.connect({ clientId: "alice" });
 * await client.subscribe("alice/#");
 * assertEquals(await client.publish("a", "x"), 0);
 * assertEquals((await client.receive()).topic, "alice/a");
 * ```
 */
export interface BrokerInterceptors {
  /** A connection was accepted; nothing is read before the answer. */
  interceptAccept?(event: AcceptEvent): AcceptAnswer | Promise<AcceptAnswer>;
  /** A CONNECT arrived; nobody was asked who it is. */
  interceptConnect?(
    event: ConnectEvent,
  ): ConnectAnswer | Promise<ConnectAnswer>;
  /** A client is authenticated, and about to be accepted. */
  interceptConnack?(
    event: ConnackEvent,
  ): ConnackAnswer | Promise<ConnackAnswer>;
  /** A connection is about to end by a DISCONNECT of either side. Must answer at once. */
  interceptDisconnect?(event: DisconnectEvent): DisconnectAnswer;
  /** A client subscribes; called once for each topic filter. */
  interceptSubscribe?(
    event: SubscribeEvent,
  ): SubscribeAnswer | Promise<SubscribeAnswer>;
  /** A client unsubscribes; called once for each topic filter. */
  interceptUnsubscribe?(
    event: UnsubscribeEvent,
  ): UnsubscribeAnswer | Promise<UnsubscribeAnswer>;
  /** A client publishes. */
  interceptPublish?(
    event: PublishEvent,
  ): PublishAnswer | Promise<PublishAnswer>;
  /** A message is about to be delivered to one client. */
  interceptDeliver?(
    event: DeliverEvent,
  ): DeliverAnswer | Promise<DeliverAnswer>;
  /** A will is left, or about to be sent. */
  interceptWill?(event: WillEvent): WillAnswer | Promise<WillAnswer>;
  /** A message is about to be retained. Must answer at once. */
  interceptRetain?(event: RetainEvent): RetainAnswer;
  /** One member of a shared subscription is to be chosen. Must answer at once. */
  selectSharedMember?(event: SelectMemberEvent): SelectMemberAnswer;
}

/**
 * Name of a method that intercepts.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type InterceptorName,
 *   type PluginFailedEvent,
 * } from "@dinomq/broker/plugins";
 *
 * // What clients are refused if it fails.
 * const REFUSED: Partial<Record<InterceptorName, string>> = {
 *   interceptConnect: "connections",
 *   interceptPublish: "messages",
 * };
 *
 * class Outages extends BasePlugin {
 *   override onBrokerPluginFailed({ plugin, method }: PluginFailedEvent): void {
 *     const what = REFUSED[method as InterceptorName];
 *     if (what !== undefined) this.context.logger.error(`${plugin} refuses ${what}`);
 *   }
 * }
 * ```
 */
export type InterceptorName = keyof BrokerInterceptors;
