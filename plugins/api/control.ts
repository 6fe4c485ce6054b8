/**
 * Commands that clients give by publishing.
 *
 * @module
 */

import type { Session } from "./messages.ts";

/**
 * A command that a client has given.
 *
 * @example
 * ```ts
 * import { BasePlugin, type BrokerContext, type ControlRequest } from "@dinomq/broker/plugins";
 *
 * // A command may ask who gives it.
 * class Notes extends BasePlugin {
 *   constructor(context: BrokerContext) {
 *     super(context);
 *     context.control("keep", (request) => this.#keep(request));
 *   }
 *
 *   async #keep({ session, parameters }: ControlRequest): Promise<{ bytes: number }> {
 *     const note = JSON.stringify(parameters);
 *     await this.context.storage.set(session.username ?? "nobody", note);
 *     return { bytes: note.length };
 *   }
 * }
 * ```
 */
export interface ControlRequest<Parameters = unknown> {
  /** Who gives it. */
  readonly session: Session;
  /** The payload of the message, read as JSON; `{}` if it was empty. */
  readonly parameters: Parameters;
}

/**
 * Does what a command asks for. What it returns is the result, as JSON.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   BaseTopicPlugin,
 *   type BrokerContext,
 *   type ControlHandler,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Clock extends BasePlugin {
 *   readonly #start: ControlHandler = () => ({
 *     startedAt: this.context.stats().startedAt,
 *   });
 *
 *   constructor(context: BrokerContext) {
 *     super(context);
 *     context.control("start", this.#start);
 *   }
 * }
 *
 * // Without one that allows it, nobody may give commands.
 * class Everybody extends BaseTopicPlugin {
 *   topicFiltering = () => true;
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Clock, Everybody] });
 * const client = await broker.connect();
 * await client.publish("$CONTROL/Clock/v1/start", "");
 * const { result } = JSON.parse((await client.receive()).text);
 * assertEquals(result, { startedAt: broker.context.stats().startedAt });
 * ```
 */
export type ControlHandler<Parameters = unknown> = (
  request: ControlRequest<Parameters>,
) => unknown;

/**
 * Why a command was not done, for the client that gave it. Of other errors the client
 * hears only that the plugin failed.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   BaseTopicPlugin,
 *   type BrokerContext,
 *   ControlError,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Valves extends BasePlugin {
 *   constructor(context: BrokerContext) {
 *     super(context);
 *     context.control("open", () => {
 *       throw new ControlError("there is no water");
 *     });
 *   }
 * }
 *
 * class Everybody extends BaseTopicPlugin {
 *   topicFiltering = () => true;
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Valves, Everybody] });
 * const client = await broker.connect();
 * await client.publish("$CONTROL/Valves/v1/open", "{}");
 * assertEquals((await client.receive()).text, '{"error":"there is no water"}');
 * ```
 */
export class ControlError extends Error {
  /** Name of the error class. */
  override readonly name: string = "ControlError";
}
