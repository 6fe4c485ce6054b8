/**
 * What observers get of messages.
 *
 * @module
 */

import type { ApplicationMessage, QoS } from "./messages.ts";

/**
 * `onBrokerMessageReceived`, `onBrokerMessageBroadcast`: a client published.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessageEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class LastSpeaker extends BasePlugin {
 *   override onBrokerMessageBroadcast({ clientId, message }: MessageEvent): void {
 *     const [kind, room] = message.topic.split("/");
 *     if (kind === "room") this.context.retained.set(`speaker/${room}`, clientId);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [LastSpeaker] });
 * const alice = await broker.connect({ clientId: "alice" });
 * await alice.publish("room/kitchen", "hello");
 * await alice.subscribe("speaker/+");
 * assertEquals((await alice.receive("speaker/kitchen")).text, "alice");
 * ```
 */
export interface MessageEvent {
  /** Client that published. */
  readonly clientId: string;
  /** The message. */
  readonly message: ApplicationMessage;
}

/**
 * Messages that one client has sent and that arrived together, in the order in which
 * they came.
 *
 * They become objects only if somebody iterates over the batch, and once for all
 * plugins. A synchronous method that keeps the batch must do so before it returns; the
 * messages themselves may be kept. A batch that an asynchronous method gets stays whole.
 *
 * @example
 * ```ts
 * import type { MessageBatch } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * const mean = ({ bytes, length }: MessageBatch) => bytes / length;
 * assertEquals(mean({ bytes: 30, length: 3, *[Symbol.iterator]() {} }), 10);
 * ```
 */
export interface MessageBatch extends Iterable<ApplicationMessage> {
  /** How many messages there are; at least 1. */
  readonly length: number;
  /** Size of their payloads together, in bytes. */
  readonly bytes: number;
}

/**
 * `onBrokerMessagesReceived`: a client published, once or several times.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessagesEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Meter extends BasePlugin {
 *   readonly bytes = new Map<string, number>();
 *
 *   override onBrokerMessagesReceived({ clientId, messages }: MessagesEvent): void {
 *     const before = this.bytes.get(clientId) ?? 0;
 *     this.bytes.set(clientId, before + messages.bytes);
 *     for (const { topic } of messages) this.context.count(topic);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Meter] });
 * const client = await broker.connect({ clientId: "alice" });
 * await client.publish("hello", "world", { qos: 1 });
 * const { messages } = await broker.events.next("onBrokerMessagesReceived");
 * assertEquals([messages.length, messages.bytes], [1, 5]);
 * ```
 */
export interface MessagesEvent {
  /** Client that published. */
  readonly clientId: string;
  /** The messages. */
  readonly messages: MessageBatch;
}

/**
 * `onBrokerRetainedMessage`: a retained message was set (`clientId` is `null`) or
 * cleared (the payload is empty too), or a message was queued for the offline
 * client `clientId`.
 *
 * @example
 * ```ts
 * import { BasePlugin, type RetainedMessageEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Has a phone woken up when something waits for it.
 * class WakeUp extends BasePlugin {
 *   override onBrokerRetainedMessage(event: RetainedMessageEvent): void {
 *     const { clientId, retainedMessage } = event;
 *     if (clientId === null) return; // A topic's retained message has changed.
 *     this.context.publish(`wake/${clientId}`, retainedMessage.topic);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [WakeUp] });
 * const gateway = await broker.connect();
 * await gateway.subscribe("wake/+");
 * broker.context.addSubscription("phone", "news", 1);
 * await gateway.publish("news", "rain");
 * assertEquals((await gateway.receive("wake/phone")).text, "news");
 * ```
 */
export interface RetainedMessageEvent {
  /** The offline client, or `null` for a topic's retained message. */
  readonly clientId: string | null;
  /** The message. */
  readonly retainedMessage: ApplicationMessage;
}

/**
 * `onBrokerMessageDelivered`, `onBrokerMessageAcknowledged`: a message reached a client.
 *
 * @example
 * ```ts
 * import { BasePlugin, type DeliveryEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Receipts extends BasePlugin {
 *   override onBrokerMessageAcknowledged({ clientId, message }: DeliveryEvent): void {
 *     if (message.publisher === undefined) return; // A receipt, say.
 *     this.context.publishTo(message.publisher, `receipts/${clientId}`, message.topic);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Receipts] });
 * const bob = await broker.connect({ clientId: "bob" });
 * await bob.subscribe("letters");
 * const alice = await broker.connect();
 * await alice.publish("letters", "hello");
 * assertEquals((await alice.receive("receipts/bob")).text, "letters");
 * ```
 */
export interface DeliveryEvent {
  /** Client that gets the message. */
  readonly clientId: string;
  /** The message. */
  readonly message: ApplicationMessage;
  /** QoS with which it was sent. */
  readonly qos: QoS;
}

/**
 * Why a message was dropped: a name in `BrokerStats.dropped`, such as
 * `queue_full`, or `no_subscribers`.
 *
 * @example
 * ```ts
 * import { BasePlugin, type DropReason, type MessageDroppedEvent } from "@dinomq/broker/plugins";
 *
 * // What an operator can do something about.
 * const OVERLOAD: ReadonlySet<DropReason> = new Set(["queue_full", "output_full"]);
 *
 * class Overload extends BasePlugin {
 *   override onBrokerMessageDropped({ clientId, reason }: MessageDroppedEvent): void {
 *     if (OVERLOAD.has(reason)) this.context.logger.warn(reason, { clientId });
 *   }
 * }
 * ```
 */
export type DropReason = string;

/**
 * `onBrokerMessageDropped`: a client does not get a message, or nobody does.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessageDroppedEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class DeadLetters extends BasePlugin {
 *   override onBrokerMessageDropped({ message, reason }: MessageDroppedEvent): void {
 *     if (reason !== "no_subscribers") return;
 *     this.context.retained.set(`dead/${message.topic}`, message.payload);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [DeadLetters] });
 * const client = await broker.connect();
 * await client.publish("orders", "5 pumps");
 * await client.subscribe("dead/#");
 * assertEquals((await client.receive("dead/orders")).text, "5 pumps");
 * ```
 */
export interface MessageDroppedEvent {
  /** Client that does not get it; `null`: nobody does. */
  readonly clientId: string | null;
  /** The message. */
  readonly message: ApplicationMessage;
  /** Why. */
  readonly reason: DropReason;
}

/**
 * `onBrokerMessageExpired`: a message was too old.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessageExpiredEvent } from "@dinomq/broker/plugins";
 * import { FakeTime, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Missed extends BasePlugin {
 *   override onBrokerMessageExpired({ clientId, message }: MessageExpiredEvent): void {
 *     if (clientId === null) return; // It was retained, and nobody waited for it.
 *     this.context.publish(`missed/${clientId}`, message.topic);
 *   }
 * }
 *
 * using time = new FakeTime();
 * await using broker = await TestBroker.start({ plugins: [Missed] });
 * broker.context.addSubscription("driver", "rides", 1);
 * const office = await broker.connect();
 * await office.subscribe("missed/+");
 * await office.publish("rides", "4 pm", { properties: { messageExpiryInterval: 30 } });
 * await time.tick(60_000);
 * await broker.connect({ clientId: "driver", clean: false });
 * assertEquals((await office.receive()).topic, "missed/driver");
 * ```
 */
export interface MessageExpiredEvent {
  /** Client in whose queue it was; `null`: it was retained. */
  readonly clientId: string | null;
  /** The message. */
  readonly message: ApplicationMessage;
}
