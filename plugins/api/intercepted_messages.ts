/**
 * What interceptors of messages get, and what they may change.
 *
 * @module
 */

import type { Drop, Refusal, Unchanged } from "./answers.ts";
import type {
  ApplicationMessage,
  MessageProperties,
  QoS,
  Session,
} from "./messages.ts";

/**
 * What an interceptor may change of a message.
 *
 * @example
 * ```ts
 * import {
 *   type ApplicationMessage,
 *   BasePlugin,
 *   type MessageChanges,
 *   type PublishEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Adds a property to those that the message has.
 * function signed({ properties }: ApplicationMessage, by: string): MessageChanges {
 *   const { userProperties = [] } = properties ?? {};
 *   return {
 *     properties: { ...properties, userProperties: [...userProperties, ["by", by]] },
 *   };
 * }
 *
 * class Signed extends BasePlugin {
 *   override interceptPublish({ session, message }: PublishEvent): MessageChanges {
 *     return signed(message, session.username ?? "nobody");
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Signed] });
 * const client = await broker.connect({ username: "alice" });
 * await client.subscribe("a");
 * await client.publish("a", "x");
 * assertEquals((await client.receive()).properties?.userProperties?.by, "alice");
 * ```
 */
export interface MessageChanges {
  /** Topic name. */
  topic?: string;
  /** The payload. */
  payload?: Uint8Array | string;
  /** MQTT 5 properties; they replace all that the message has. */
  properties?: MessageProperties;
}

/**
 * The argument of `interceptPublish`: a client's PUBLISH, before rights are asked for.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishAnswer, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class SizeLimit extends BasePlugin<{ bytes: number }> {
 *   override interceptPublish({ session, message }: PublishEvent): PublishAnswer {
 *     if (message.payload.length <= this.config.bytes) return;
 *     this.context.logger.warn("too large", {
 *       clientId: session.clientId,
 *       topic: message.topic,
 *     });
 *     return { allow: false, reasonCode: 0x97 };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: SizeLimit, options: { bytes: 3 } }],
 * });
 * const client = await broker.connect();
 * assertEquals(await client.publish("a", "four"), 0x97);
 * ```
 */
export interface PublishEvent {
  /** The client's session. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
}

/**
 * What `interceptPublish` may change.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishChanges, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Whatever sensors say: the last value is retained, and none is worth QoS 2.
 * class Sensors extends BasePlugin {
 *   override interceptPublish({ message }: PublishEvent): PublishChanges | undefined {
 *     if (message.topic.startsWith("sensors/")) return { retain: true, qos: 1 };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Sensors] });
 * const sensor = await broker.connect();
 * await sensor.publish("sensors/1", "21.5", { qos: 2 });
 * await sensor.subscribe("sensors/+");
 * const { text, retain, qos } = await sensor.receive();
 * assertEquals([text, retain, qos], ["21.5", true, 1]);
 * ```
 */
export interface PublishChanges extends MessageChanges {
  /** QoS with which subscribers get it at most; the client is acknowledged as it asked. */
  qos?: QoS;
  /** Whether the message is retained. */
  retain?: boolean;
}

/**
 * What `interceptPublish` answers; a promise delays the message and those behind it.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishAnswer, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A value that is the same as before does not travel again.
 * class OnlyNews extends BasePlugin {
 *   readonly #last = new Map<string, string>();
 *
 *   override interceptPublish(
 *     { message: { topic, payload } }: PublishEvent,
 *   ): PublishAnswer {
 *     const text = new TextDecoder().decode(payload);
 *     if (this.#last.get(topic) === text) return { drop: true };
 *     this.#last.set(topic, text);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [OnlyNews] });
 * const client = await broker.connect();
 * await client.subscribe("door");
 * for (const state of ["open", "open", "shut"]) await client.publish("door", state);
 * assertEquals((await client.received()).map(({ text }) => text), ["open", "shut"]);
 * ```
 */
export type PublishAnswer = PublishChanges | Drop | Refusal | Unchanged;

/**
 * The argument of `interceptDeliver`: a message about to be delivered to one client.
 * It is asked once for each message and client, before the message is sent or queued,
 * whether the client is connected or not; a retained message that answers a
 * subscription is no exception. What waits for the client is what was answered.
 *
 * @example
 * ```ts
 * import { BasePlugin, type DeliverAnswer, type DeliverEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Guests learn that somebody is there, but not where.
 * class Privacy extends BasePlugin {
 *   override interceptDeliver({ session, message }: DeliverEvent): DeliverAnswer {
 *     if (!session.isAnonymous || !message.topic.startsWith("where/")) return;
 *     return { payload: "somewhere" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Privacy] });
 * const guest = await broker.connect();
 * const friend = await broker.connect({ username: "bob" });
 * for (const client of [guest, friend]) await client.subscribe("where/alice");
 * broker.context.publish("where/alice", "kitchen");
 * assertEquals((await guest.receive()).text, "somewhere");
 * assertEquals((await friend.receive()).text, "kitchen");
 * ```
 */
export interface DeliverEvent {
  /** The session that gets it. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
  /** QoS with which the client gets it. */
  readonly qos: QoS;
  /** The retain flag that the client sees. */
  readonly retain: boolean;
}

/**
 * What `interceptDeliver` answers: what this client gets, or that it gets nothing.
 *
 * @example
 * ```ts
 * import { BasePlugin, type DeliverAnswer, type DeliverEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // What the clients of MQTT 3 cannot ask for: not to hear themselves.
 * class NoEcho extends BasePlugin {
 *   override interceptDeliver({ session, message }: DeliverEvent): DeliverAnswer {
 *     if (session.protocolVersion === 5) return;
 *     if (message.publisher === session.clientId) return { drop: true };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [NoEcho] });
 * const client = await broker.connect({ version: 4 });
 * await client.subscribe("chat");
 * await client.publish("chat", "hello");
 * assertEquals(await client.received(), []);
 * ```
 */
export type DeliverAnswer = MessageChanges | Drop | Refusal | Unchanged;

/**
 * The argument of `interceptWill`: a will is left, or is about to be sent.
 *
 * @example
 * ```ts
 * import { BasePlugin, type WillAnswer, type WillEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A will may only speak of its own client; else the client is refused.
 * class OwnWill extends BasePlugin {
 *   override interceptWill({ session, will, phase }: WillEvent): WillAnswer {
 *     if (phase === "fire") return;
 *     if (will.topic !== `status/${session.clientId}`) return false;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [OwnWill] });
 * const will = { topic: "status/alice", payload: "gone" };
 * assertEquals((await broker.connect({ clientId: "alice", will })).code, 0);
 * assertEquals((await broker.connect({ clientId: "bob", will })).code, 0x87);
 * ```
 */
export interface WillEvent {
  /** The session. */
  readonly session: Session;
  /** The will. */
  readonly will: ApplicationMessage;
  /** `register`: the client connects. `fire`: the will is about to be sent. */
  readonly phase: "register" | "fire";
}

/**
 * What `interceptWill` answers. When the client connects, a refusal refuses it and
 * `drop` lets it in without a will; later both keep the will from being sent.
 *
 * @example
 * ```ts
 * import { BasePlugin, type WillAnswer, type WillEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Says in each will who it was, and has it kept for those who look later.
 * class Obituaries extends BasePlugin {
 *   override interceptWill({ session, phase }: WillEvent): WillAnswer {
 *     if (phase === "fire") {
 *       return { payload: `${session.clientId} is gone`, retain: true };
 *     }
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Obituaries] });
 * const will = { topic: "gone", payload: "bye" };
 * (await broker.connect({ clientId: "alice", will })).drop();
 * await broker.events.next("onBrokerWillSent");
 * const late = await broker.connect();
 * await late.subscribe("gone");
 * assertEquals((await late.receive()).text, "alice is gone");
 * ```
 */
export type WillAnswer = PublishChanges | Drop | Refusal | Unchanged;

/**
 * The argument of `interceptRetain`: a message is about to become its topic's retained one.
 *
 * @example
 * ```ts
 * import { BasePlugin, type RetainAnswer, type RetainEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Only states are kept; an event is of no use to who comes later.
 * class StatesOnly extends BasePlugin {
 *   override interceptRetain(
 *     { message: { topic, payload } }: RetainEvent,
 *   ): RetainAnswer {
 *     if (payload.length > 0 && !topic.startsWith("state/")) return { drop: true };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [StatesOnly] });
 * const client = await broker.connect();
 * await client.publish("state/door", "open", { retain: true });
 * await client.publish("event/bell", "ding", { retain: true });
 * assertEquals(broker.context.retained.size, 1);
 * ```
 */
export interface RetainEvent {
  /** The message; an empty payload removes the retained one. */
  readonly message: ApplicationMessage;
}

/**
 * What `interceptRetain` answers: what is retained, or that nothing changes (`drop`
 * or a refusal; subscribers get the message all the same). A promise is a mistake,
 * and nothing is retained then.
 *
 * @example
 * ```ts
 * import { BasePlugin, type RetainAnswer, type RetainEvent } from "@dinomq/broker/plugins";
 * import { FakeTime, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // What is retained is forgotten after a day, unless somebody says it again.
 * class OneDay extends BasePlugin {
 *   override interceptRetain({ message: { properties } }: RetainEvent): RetainAnswer {
 *     return { properties: { messageExpiryInterval: 86_400, ...properties } };
 *   }
 * }
 *
 * using time = new FakeTime();
 * await using broker = await TestBroker.start({ plugins: [OneDay] });
 * const client = await broker.connect();
 * await client.publish("offer", "apples", { retain: true });
 * await time.tick(86_400_000);
 * assertEquals(broker.context.retained.get("offer"), undefined);
 * ```
 */
export type RetainAnswer =
  | Omit<MessageChanges, "topic">
  | Drop
  | Refusal
  | Unchanged;
