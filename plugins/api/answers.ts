/**
 * What interceptors of every kind may answer.
 *
 * @module
 */

import type { Denial } from "./decisions.ts";

/**
 * An answer that refuses.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishEvent, type Refusal } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // For a client of MQTT 5 with the reason, 0x99: payload format invalid.
 * const NO_JSON: Refusal = { allow: false, reasonCode: 0x99, reasonString: "not JSON" };
 *
 * class JsonOnly extends BasePlugin {
 *   override interceptPublish({ message }: PublishEvent): Refusal | undefined {
 *     try {
 *       JSON.parse(new TextDecoder().decode(message.payload));
 *     } catch {
 *       return NO_JSON;
 *     }
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [JsonOnly] });
 * const client = await broker.connect();
 * assertEquals(await client.publish("a", "{"), 0x99);
 * assertEquals(await client.publish("a", "{}"), 0x10); // There are no subscribers.
 * ```
 */
export type Refusal = false | Denial;

/**
 * An answer that changes nothing.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type PublishChanges,
 *   type PublishEvent,
 *   type Unchanged,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Never refuses, and says so in its type.
 * class Lowercase extends BasePlugin {
 *   override interceptPublish({ message }: PublishEvent): PublishChanges | Unchanged {
 *     const topic = message.topic.toLowerCase();
 *     if (topic !== message.topic) return { topic };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Lowercase] });
 * const client = await broker.connect();
 * await client.subscribe("#");
 * await client.publish("Room/Light", "on");
 * assertEquals((await client.receive()).topic, "room/light");
 * ```
 */
export type Unchanged = null | undefined | void;

/**
 * Has something end here without telling who sent it: the sender is answered as if
 * it had passed.
 *
 * @example
 * ```ts
 * import { BasePlugin, type Drop, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const DROP: Drop = { drop: true };
 *
 * class Mute extends BasePlugin<{ usernames: string[] }> {
 *   override interceptPublish(
 *     { session: { username = "" } }: PublishEvent,
 *   ): Drop | undefined {
 *     if (this.config.usernames.includes(username)) return DROP;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Mute, options: { usernames: ["mallory"] } }],
 * });
 * const client = await broker.connect({ username: "mallory" });
 * await client.subscribe("a");
 * assertEquals(await client.publish("a", "spam"), 0); // As if it had passed.
 * assertEquals(await client.received(), []);
 * ```
 */
export interface Drop {
  /** Always `true`; tells it from other answers. */
  readonly drop: true;
}
