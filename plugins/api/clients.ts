/**
 * Finding and disconnecting clients.
 *
 * @module
 */

import type { Session } from "./messages.ts";

/**
 * Which sessions `context.clients()` gives.
 *
 * @example
 * ```ts
 * import type { BrokerContext, ClientQuery } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function devicesOf(context: BrokerContext, username: string): string[] {
 *   const query: ClientQuery = { username, connected: true, limit: 10 };
 *   return context.clients(query).items.map(({ clientId }) => clientId);
 * }
 *
 * await using broker = await TestBroker.start();
 * await broker.connect({ clientId: "phone", username: "alice" });
 * await broker.connect({ clientId: "watch", username: "alice" });
 * await broker.connect({ clientId: "tablet", username: "bob" });
 * assertEquals(devicesOf(broker.context, "alice"), ["phone", "watch"]);
 * ```
 */
export interface ClientQuery {
  /** Only those with a connection, or only those without. Default: both. */
  connected?: boolean;
  /** Only those of a user. Default: all. */
  username?: string;
  /** The `next` of the page before. Default: the first page. */
  after?: string;
  /** Most sessions of the page, 1 to 10000. Default: 100. */
  limit?: number;
}

/**
 * A page of sessions.
 *
 * @example
 * ```ts
 * import type { BrokerContext, ClientPage } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function longestQueue(context: BrokerContext): number {
 *   let longest = 0;
 *   let page: ClientPage | undefined;
 *   do {
 *     page = context.clients({ after: page?.next, limit: 1000 });
 *     for (const { queuedCount } of page.items) {
 *       longest = Math.max(longest, queuedCount);
 *     }
 *   } while (page.next !== undefined);
 *   return longest;
 * }
 *
 * await using broker = await TestBroker.start();
 * broker.context.addSubscription("away", "news", 1);
 * broker.context.publish("news", "rain", { qos: 1 });
 * assertEquals(longestQueue(broker.context), 1);
 * ```
 */
export interface ClientPage {
  /** The sessions. */
  readonly items: readonly Session[];
  /** What the next page is asked for with; absent if this is the last one. */
  readonly next?: string;
}

/**
 * How a client is disconnected by a plugin.
 *
 * @example
 * ```ts
 * import type { DisconnectOptions } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Leaves nothing of the client, and tells nobody.
 * const FORGET: DisconnectOptions = { deleteSession: true, sendWill: false };
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect({ clientId: "alice" });
 * broker.context.disconnect("alice", {
 *   ...FORGET,
 *   reasonString: "the account is closed",
 * });
 * assertEquals(
 *   (await client.closed())?.properties?.reasonString,
 *   "the account is closed",
 * );
 * assertEquals(broker.context.getSession("alice"), undefined);
 * ```
 */
export interface DisconnectOptions {
  /** Reason code for MQTT 5 clients. Default: 0x98, administrative action. */
  reasonCode?: number;
  /** Text for MQTT 5 clients. */
  reasonString?: string;
  /** Whether the session is deleted too. Default: `false`. */
  deleteSession?: boolean;
  /** Whether the will is sent. Default: `true`. */
  sendWill?: boolean;
}
