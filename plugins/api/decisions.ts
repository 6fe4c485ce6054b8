/**
 * What plugins are asked, and what they answer.
 *
 * @module
 */

import type { QoS, Session } from "./messages.ts";

/**
 * A refusal with the reason that MQTT 5 clients are told.
 *
 * @example
 * ```ts
 * import { BaseAuthPlugin, type Denial } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Maintenance extends BaseAuthPlugin {
 *   authenticate(): Denial {
 *     return { allow: false, reasonCode: 0x88, reasonString: "back at noon" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Maintenance] });
 * const { code, connack } = await broker.connect();
 * assertEquals(code, 0x88); // Server unavailable.
 * assertEquals(connack.properties?.reasonString, "back at noon");
 * ```
 */
export interface Denial {
  /** Always `false`; tells a denial from other objects. */
  readonly allow: false;
  /**
   * Reason code of MQTT 5, 0x80 or above; one that the answer cannot carry becomes
   * the default. Default: 0x87, not authorized.
   */
  readonly reasonCode?: number;
  /** Text for the client; of a long one the first 1024 characters. */
  readonly reasonString?: string;
}

/**
 * What a plugin answers to a question: `true` (yes), `false` or a
 * {@linkcode Denial} (no), nothing (it does not decide).
 *
 * @example
 * ```ts
 * import type { Decision } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * function mayUse(topic: string, username: string | undefined): Decision {
 *   if (topic.startsWith("public/")) return true;
 *   if (username === undefined) return { allow: false, reasonString: "log in" };
 *   if (topic.startsWith(`users/${username}/`)) return true;
 *   // Nothing: other plugins decide.
 * }
 *
 * assertEquals(mayUse("public/news", undefined), true);
 * assertEquals(mayUse("users/bob/inbox", "alice"), undefined);
 * ```
 */
export type Decision = boolean | Denial | null | undefined | void;

/**
 * What a client wants with a topic. `receive`: a message is about to be delivered to it.
 *
 * @example
 * ```ts
 * import {
 *   type Action,
 *   BaseTopicPlugin,
 *   type TopicFilteringEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * type Options = Record<Action, string[]>;
 *
 * class Lists extends BaseTopicPlugin<Options> {
 *   topicFiltering({ action, topic }: TopicFilteringEvent): boolean {
 *     return this.config[action].some((filter) => this.context.covers(filter, topic));
 *   }
 * }
 *
 * const options: Options = { publish: ["up/#"], subscribe: ["down/#"], receive: ["#"] };
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Lists, options }],
 * });
 * const client = await broker.connect();
 * assertEquals(await broker.allows(client, "publish", "up/1"), true);
 * assertEquals(await broker.allows(client, "subscribe", "up/1"), false);
 * ```
 */
export type Action = "publish" | "subscribe" | "receive";

/**
 * The argument of `authenticate`.
 *
 * @example
 * ```ts
 * import { type AuthenticateEvent, BaseAuthPlugin, type Decision } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Who comes by the listener of the factory is a machine.
 * class Machines extends BaseAuthPlugin {
 *   authenticate({ session }: AuthenticateEvent): Decision {
 *     if (session.listener !== "factory") return;
 *     session.username = `machine:${session.clientId}`;
 *     return true;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Machines] });
 * await broker.connect({ clientId: "lathe", listener: "factory" });
 * assertEquals(broker.context.getSession("lathe")?.username, "machine:lathe");
 * assertEquals((await broker.connect({ listener: "office" })).code, 0x87);
 * ```
 */
export interface AuthenticateEvent {
  /**
   * The session that the client would get; its `password` is set. A plugin that knows
   * the user by other means, such as a certificate, may set `username`.
   */
  readonly session: Session & { username: string | undefined };
}

/**
 * The argument of `topicFiltering`.
 *
 * @example
 * ```ts
 * import { BaseTopicPlugin, type TopicFilteringEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Everybody reads everything, and writes below the own name.
 * class OwnBranch extends BaseTopicPlugin {
 *   topicFiltering({ session, topic, action }: TopicFilteringEvent): boolean {
 *     return action !== "publish" || topic.startsWith(`${session.clientId}/`);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [OwnBranch] });
 * const alice = await broker.connect({ clientId: "alice" });
 * assertEquals(await broker.allows(alice, "publish", "alice/light"), true);
 * assertEquals(await broker.allows(alice, "publish", "bob/light"), false);
 * assertEquals(await broker.allows(alice, "subscribe", "bob/#"), true);
 * ```
 */
export interface TopicFilteringEvent {
  /** The client's session. */
  readonly session: Session;
  /**
   * Topic name (`publish`, `receive`) or topic filter (`subscribe`; of a shared
   * subscription the inner filter).
   */
  readonly topic: string;
  /** What the client wants with it. */
  readonly action: Action;
  /** QoS of the message or of the subscription asked for. */
  readonly qos: QoS;
  /** Whether the message is to be retained, or is a retained one (`receive`). */
  readonly retain: boolean;
}

/**
 * The argument of `enhancedAuthenticate`: one step of an MQTT 5 AUTH exchange.
 *
 * @example
 * ```ts
 * import {
 *   BaseAuthPlugin,
 *   type EnhancedAuthEvent,
 *   type EnhancedAuthResult,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A token that comes as authentication data, in a single step.
 * class Tokens extends BaseAuthPlugin<{ token: string }> {
 *   authenticate(): void {}
 *
 *   override enhancedAuthenticate(
 *     { method, data }: EnhancedAuthEvent,
 *   ): EnhancedAuthResult {
 *     if (method !== "TOKEN") return;
 *     return new TextDecoder().decode(data) === this.config.token &&
 *       { result: "success" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Tokens, options: { token: "secret" } }],
 * });
 * const connect = (token: string) =>
 *   broker.connect({
 *     properties: {
 *       authenticationMethod: "TOKEN",
 *       authenticationData: Buffer.from(token),
 *     },
 *   });
 * assertEquals((await connect("secret")).code, 0);
 * assertEquals((await connect("guess")).code, 0x87);
 * ```
 */
export interface EnhancedAuthEvent {
  /** The session; of a first authentication the one that the client would get. */
  readonly session: Session;
  /** Authentication method. */
  readonly method: string;
  /** Authentication data of this step. */
  readonly data: Uint8Array | undefined;
  /** Whether a connected client authenticates itself again. */
  readonly reauthentication: boolean;
  /** Which step of this exchange: 1 is the CONNECT or the re-authenticating AUTH. */
  readonly step: number;
}

/**
 * What `enhancedAuthenticate` answers; nothing: the method is not this plugin's.
 *
 * @example
 * ```ts
 * import type { EnhancedAuthEvent, EnhancedAuthResult } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 *
 * // Asks a question, and looks at the answer in the second step.
 * function quiz(
 *   { step, data }: Pick<EnhancedAuthEvent, "step" | "data">,
 * ): EnhancedAuthResult {
 *   if (step === 1) return { result: "continue", data: bytes("6 * 7") };
 *   if (new TextDecoder().decode(data) === "42") return { result: "success" };
 *   return { allow: false, reasonString: "that is wrong" };
 * }
 *
 * assertEquals(quiz({ step: 1, data: undefined }), {
 *   result: "continue",
 *   data: bytes("6 * 7"),
 * });
 * assertEquals(quiz({ step: 2, data: bytes("42") }), { result: "success" });
 * ```
 */
export type EnhancedAuthResult =
  | { readonly result: "success"; readonly data?: Uint8Array }
  | { readonly result: "continue"; readonly data?: Uint8Array }
  | Denial
  | false
  | null
  | undefined
  | void;
