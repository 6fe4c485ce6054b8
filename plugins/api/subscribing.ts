/**
 * Hearing messages without being a client.
 *
 * @module
 */

import type { ApplicationMessage } from "./messages.ts";

/**
 * Options of `context.messages()`.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessagesOptions } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Only the last word counts; what came before it may be left out.
 * const LATEST: MessagesOptions = { limit: 1 };
 *
 * await using broker = await TestBroker.start();
 * await using positions = broker.context.messages("position", LATEST);
 * for (const place of ["gate", "yard", "hall"]) {
 *   broker.context.publish("position", place);
 * }
 * const { value } = await positions.next();
 * assertEquals(new TextDecoder().decode(value?.payload), "hall");
 * ```
 */
export interface MessagesOptions {
  /** Most messages that may wait for the loop, 1 or more. Default: 1000. */
  limit?: number;
}

/**
 * The messages of a topic filter, to be iterated once.
 *
 * @example
 * ```ts
 * import type { MessageStream } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Takes so many messages; leaving the loop ends the stream.
 * async function take(messages: MessageStream, count: number): Promise<string[]> {
 *   const topics: string[] = [];
 *   for await (const { topic } of messages) {
 *     if (topics.push(topic) === count) break;
 *   }
 *   if (messages.dropped > 0) throw new Error(`${messages.dropped} were left out`);
 *   return topics;
 * }
 *
 * await using broker = await TestBroker.start();
 * const messages = broker.context.messages("jobs/+");
 * for (const job of ["dig", "sow", "reap"]) broker.context.publish(`jobs/${job}`, "");
 * assertEquals(await take(messages, 2), ["jobs/dig", "jobs/sow"]);
 * ```
 */
export interface MessageStream
  extends
    AsyncIterableIterator<ApplicationMessage, undefined>,
    AsyncDisposable {
  /** How many messages were left out, because too many waited. */
  readonly dropped: number;
}
