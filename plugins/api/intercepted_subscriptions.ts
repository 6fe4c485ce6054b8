/**
 * What interceptors of subscriptions get, and what they may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { ApplicationMessage, QoS, Session } from "./messages.ts";

/**
 * The argument of `interceptSubscribe`: one topic filter of a SUBSCRIBE.
 *
 * @example
 * ```ts
 * import { BasePlugin, type SubscribeAnswer, type SubscribeEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Only the archive may ask for everything.
 * class NotEverything extends BasePlugin {
 *   override interceptSubscribe({ session, filter }: SubscribeEvent): SubscribeAnswer {
 *     if (session.username === "archive") return;
 *     if (this.context.covers(filter, "+/+")) return false;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [NotEverything] });
 * const client = await broker.connect();
 * assertEquals(await client.subscribe("news/#"), 2);
 * assertEquals(await client.subscribe("+/#"), 0x87);
 * ```
 */
export interface SubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
  /** QoS that is asked for. */
  readonly qos: QoS;
  /** Whether the client's own messages are left out. */
  readonly noLocal: boolean;
  /** Whether messages keep their retain flag. */
  readonly retainAsPublished: boolean;
  /** Retain handling: 0 sends retained messages, 1 only of a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
  /** User properties of the SUBSCRIBE; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/**
 * What `interceptSubscribe` may change.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type SubscribeChanges,
 *   type SubscribeEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Positions are of use now or never: nothing old, and nothing twice.
 * class Positions extends BasePlugin {
 *   override interceptSubscribe(
 *     { filter }: SubscribeEvent,
 *   ): SubscribeChanges | undefined {
 *     if (filter.startsWith("position/")) return { qos: 0, retainHandling: 2 };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Positions] });
 * broker.context.retained.set("position/7", "52.1, 5.2");
 * const client = await broker.connect();
 * assertEquals(await client.subscribe("position/+", { qos: 1 }), 0);
 * assertEquals(await client.received(), []);
 * ```
 */
export interface SubscribeChanges {
  /** Topic filter; the client goes on to use its own one to unsubscribe, see `interceptUnsubscribe`. */
  filter?: string;
  /** Maximum QoS. */
  qos?: QoS;
  /** Whether the client's own messages are left out. */
  noLocal?: boolean;
  /** Whether messages keep their retain flag. */
  retainAsPublished?: boolean;
  /** Retain handling; 2 grants the subscription, but sends no retained messages. */
  retainHandling?: 0 | 1 | 2;
}

/**
 * What `interceptSubscribe` answers.
 *
 * @example
 * ```ts
 * import { BasePlugin, type SubscribeAnswer, type SubscribeEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class NoGroups extends BasePlugin {
 *   override interceptSubscribe({ filter }: SubscribeEvent): SubscribeAnswer {
 *     if (!filter.startsWith("$share/")) return; // As it is.
 *     return { allow: false, reasonCode: 0x9e, reasonString: "subscribe alone" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [NoGroups] });
 * const client = await broker.connect();
 * assertEquals(await client.subscribe("$share/team/jobs"), 0x9e);
 * ```
 */
export type SubscribeAnswer = SubscribeChanges | Refusal | Unchanged;

/**
 * The argument of `interceptUnsubscribe`: one topic filter of an UNSUBSCRIBE.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type UnsubscribeAnswer,
 *   type UnsubscribeEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Devices go on to hear the fire alarm; only people may switch it off.
 * class FireAlarm extends BasePlugin {
 *   override interceptUnsubscribe(
 *     { session, filter }: UnsubscribeEvent,
 *   ): UnsubscribeAnswer {
 *     if (filter === "alarm/fire" && session.isAnonymous) return false;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [FireAlarm] });
 * const device = await broker.connect();
 * await device.subscribe("alarm/fire");
 * assertEquals(await device.unsubscribe("alarm/fire"), 0x87);
 * await device.publish("alarm/fire", "kitchen");
 * assertEquals((await device.receive()).text, "kitchen");
 * ```
 */
export interface UnsubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
}

/**
 * What `interceptUnsubscribe` may change.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type SubscribeChanges,
 *   type SubscribeEvent,
 *   type UnsubscribeChanges,
 *   type UnsubscribeEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Clients go on to use their own filter: both methods change it in the same way.
 * class Home extends BasePlugin {
 *   override interceptSubscribe(event: SubscribeEvent): SubscribeChanges {
 *     return this.interceptUnsubscribe(event);
 *   }
 *
 *   override interceptUnsubscribe(
 *     { session, filter }: UnsubscribeEvent,
 *   ): UnsubscribeChanges {
 *     return { filter: filter.replace(/^~/, `home/${session.clientId}`) };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Home] });
 * const client = await broker.connect({ clientId: "alice" });
 * await client.subscribe("~/door");
 * const filters = [...broker.context.subscriptions("alice")].map(({ filter }) =>
 *   filter
 * );
 * assertEquals(filters, ["home/alice/door"]);
 * assertEquals(await client.unsubscribe("~/door"), 0);
 * ```
 */
export interface UnsubscribeChanges {
  /** Topic filter. */
  filter?: string;
}

/**
 * What `interceptUnsubscribe` answers; of a refusal the subscription stays.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type UnsubscribeAnswer,
 *   type UnsubscribeEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Somebody has to listen to emergencies: the last one stays.
 * class OnCall extends BasePlugin {
 *   override interceptUnsubscribe({ filter }: UnsubscribeEvent): UnsubscribeAnswer {
 *     if (filter !== "emergency") return; // As the client wants it.
 *     const all = [...this.context.subscriptions()];
 *     const listening = all.filter((subscription) => subscription.filter === filter);
 *     if (listening.length === 1) return { allow: false, reasonCode: 0x83 };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [OnCall] });
 * const [alice, bob] = [await broker.connect(), await broker.connect()];
 * for (const doctor of [alice, bob]) await doctor.subscribe("emergency");
 * assertEquals(await alice.unsubscribe("emergency"), 0);
 * assertEquals(await bob.unsubscribe("emergency"), 0x83);
 * ```
 */
export type UnsubscribeAnswer = UnsubscribeChanges | Refusal | Unchanged;

/**
 * The argument of `selectSharedMember`: who of a shared subscription gets a message.
 *
 * @example
 * ```ts
 * import { BasePlugin, type SelectMemberEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // All messages of a device go to the same worker, in their order.
 * class Sticky extends BasePlugin {
 *   override selectSharedMember({ message, members }: SelectMemberEvent): string {
 *     const device = Number(message.topic.split("/")[1]);
 *     return members[device % members.length].clientId;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Sticky] });
 * const workers = [await broker.connect(), await broker.connect()];
 * for (const worker of workers) await worker.subscribe("$share/workers/device/+");
 * for (let i = 0; i < 4; i++) await workers[0].publish("device/7", "x");
 * const counts = await Promise.all(
 *   workers.map(async (worker) => (await worker.received()).length),
 * );
 * assertEquals(counts.sort(), [0, 4]);
 * ```
 */
export interface SelectMemberEvent {
  /** The shared subscription, as in `$share/group/filter`. */
  readonly filter: string;
  /** The message. */
  readonly message: ApplicationMessage;
  /** The sessions that have it, at least one. */
  readonly members: readonly Session[];
}

/**
 * What `selectSharedMember` answers: the client identifier, or nothing for the
 * broker's choice. The first plugin that answers decides; one that fails has not.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type SelectMemberAnswer,
 *   type SelectMemberEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // The workers by name: `jobs/paint` is for the client `paint`, if it is there.
 * class Specialists extends BasePlugin {
 *   override selectSharedMember(
 *     { members, message }: SelectMemberEvent,
 *   ): SelectMemberAnswer {
 *     return members.find(({ clientId }) => message.topic === `jobs/${clientId}`)
 *       ?.clientId;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Specialists] });
 * const [paint, plumb] = [
 *   await broker.connect({ clientId: "paint" }),
 *   await broker.connect({ clientId: "plumb" }),
 * ];
 * for (const worker of [paint, plumb]) await worker.subscribe("$share/all/jobs/+");
 * for (let i = 0; i < 3; i++) await paint.publish("jobs/plumb", "");
 * assertEquals((await plumb.received()).length, 3);
 * ```
 */
export type SelectMemberAnswer = string | Unchanged;
