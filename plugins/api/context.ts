/**
 * What the broker offers to plugins.
 *
 * @module
 */

import type { ClientPage, ClientQuery, DisconnectOptions } from "./clients.ts";
import type { ControlHandler } from "./control.ts";
import type { HttpService } from "./http.ts";
import type { Logger } from "./logging.ts";
import type {
  ApplicationMessage,
  QoS,
  Session,
  SubscriptionInfo,
} from "./messages.ts";
import type { MetricsService } from "./metrics.ts";
import type { PublishOptions, RetainedService } from "./publishing.ts";
import type { StandardSchema } from "./schema.ts";
import type { BrokerStats } from "./stats.ts";
import type { PluginStorage } from "./storage.ts";
import type { MessagesOptions, MessageStream } from "./subscribing.ts";

/**
 * What every plugin gets, whatever it is plugged into.
 *
 * @example
 * ```ts
 * import {
 *   type AuthenticateEvent,
 *   BaseAuthPlugin,
 *   type BaseContext,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // What several plugins may share: it asks for no more than it needs.
 * function refuse(context: BaseContext, clientId: string): false {
 *   context.logger.warn("refused", { clientId });
 *   context.count("refused");
 *   return false;
 * }
 *
 * class Closed extends BaseAuthPlugin {
 *   authenticate({ session }: AuthenticateEvent): boolean {
 *     return refuse(this.context, session.clientId);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Closed] });
 * await broker.connect();
 * assertEquals(broker.broker.describePlugins()[0].counters, { refused: 1 });
 * ```
 */
export interface BaseContext<Config = unknown> {
  /** Name of the plugin: its alias or class name. */
  readonly name: string;
  /** Logger with the plugin's name. */
  readonly logger: Logger;
  /** The plugin's own options, checked by its schema. */
  readonly config: Config;
  /** The whole configuration of the broker. Frozen. */
  readonly brokerConfig: Readonly<Record<string, unknown>>;
  /** Aborts when the plugin is closed. */
  readonly signal: AbortSignal;
  /**
   * Adds to one of the plugin's own counters; `Broker.describePlugins()` shows
   * them.
   *
   * @param counter Name of the counter, in camel case.
   * @param by How much to add. Default: 1.
   */
  count(counter: string, by?: number): void;
}

/**
 * The context of a broker's plugin: everything that the broker offers it.
 *
 * @example
 * ```ts
 * import { BasePlugin, type BrokerContext } from "@dinomq/broker/plugins";
 * import { FakeTime, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Heartbeat extends BasePlugin<{ seconds: number }> {
 *   constructor(context: BrokerContext<{ seconds: number }>) {
 *     super(context);
 *     const beat = () =>
 *       context.publish("heartbeat", `${context.stats().clientsConnected}`);
 *     context.setInterval(beat, context.config.seconds * 1000);
 *   }
 * }
 *
 * using time = new FakeTime();
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Heartbeat, options: { seconds: 30 } }],
 * });
 * const client = await broker.connect();
 * await client.subscribe("heartbeat");
 * await time.tick(30_000);
 * assertEquals((await client.receive()).text, "1");
 * ```
 */
export interface BrokerContext<Config = unknown> extends BaseContext<Config> {
  /** The sessions, connected or not. */
  readonly sessions: Iterable<Session>;
  /** The retained messages. */
  readonly retained: RetainedService;
  /** The plugin's own values, which it finds again after a restart. */
  readonly storage: PluginStorage;
  /** The plugin's own metrics. */
  readonly metrics: MetricsService;
  /** The plugin's routes on the admin listener. */
  readonly http: HttpService;
  /**
   * The sessions, a page at a time, for many of them. What is there all the while is
   * found exactly once, whatever comes and goes.
   *
   * @param query Which ones. Default: the first 100.
   * @returns A page, in the order in which the sessions were made.
   * @throws {RangeError} If `limit` is not from 1 to 10000, or `after` is no `next`.
   */
  clients(query?: ClientQuery): ClientPage;
  /** The session of a client. */
  getSession(clientId: string): Session | undefined;
  /**
   * Publishes to all subscribers, without asking the plugins for the right to
   * publish. aMQTT's `broadcast_message`. Of what one message causes, a hundred are
   * published at once; more wait their turn, and those beyond 100,000 are dropped
   * (`feedback`).
   *
   * @throws {TypeError} If the topic name is not valid.
   *
   * @example
   * ```ts
   * import { TestBroker } from "@dinomq/broker/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await TestBroker.start();
   * const client = await broker.connect();
   * await client.subscribe("news/+");
   * broker.context.publish("news/today", "rain", { qos: 1, retain: true });
   * assertEquals((await client.receive()).text, "rain");
   * ```
   */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions,
  ): void;
  /**
   * Sends to one client, whatever it has subscribed to. A message of QoS 1 or 2
   * is queued if the session exists and its client is away.
   *
   * @returns Whether the message was sent or queued.
   * @throws {TypeError} If the topic name is not valid.
   */
  publishTo(
    clientId: string,
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions,
  ): boolean;
  /**
   * Calls `handler` with every message whose topic `filter` selects, whoever
   * published it: a client that may, a will, or a plugin. It is called before
   * subscribers get the message, and must not take long. Possible from
   * `onBrokerPreStart` on.
   *
   * @returns Ends it; so does the end of the plugin.
   * @throws {TypeError} If the topic filter is not valid.
   *
   * @example
   * ```ts
   * import { TestBroker } from "@dinomq/broker/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await TestBroker.start();
   * const heard: string[] = [];
   * const end = broker.context.subscribe("a/#", ({ topic }) => void heard.push(topic));
   * const client = await broker.connect();
   * await client.publish("a/b", "x");
   * end();
   * await client.publish("a/c", "x");
   * assertEquals(heard, ["a/b"]);
   * ```
   */
  subscribe(
    filter: string,
    handler: (message: ApplicationMessage) => void,
  ): () => void;
  /**
   * The same messages as of `subscribe()`, for a loop that may take its time. Messages
   * that come meanwhile wait; of too many the oldest are left out and counted. The
   * loop ends with the plugin, or when it is left.
   *
   * @returns The messages, from now on.
   * @throws {TypeError} If the topic filter is not valid.
   * @throws {RangeError} If `limit` is not 1 or more.
   *
   * @example
   * ```ts
   * import { BasePlugin } from "@dinomq/broker/plugins";
   *
   * class Archive extends BasePlugin {
   *   override onBrokerPostStart(): void {
   *     this.#keep();
   *   }
   *
   *   async #keep(): Promise<void> {
   *     for await (const { topic, payload } of this.context.messages("log/#")) {
   *       await this.context.storage.set(topic, payload);
   *     }
   *   }
   * }
   * ```
   */
  messages(filter: string, options?: MessagesOptions): MessageStream;
  /**
   * Subscribes a client, without asking the plugins for the right; a session is made
   * if it has none.
   *
   * @throws {TypeError} If the topic filter is not valid.
   *
   * @example
   * ```ts
   * import { TestBroker } from "@dinomq/broker/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await TestBroker.start();
   * const client = await broker.connect({ clientId: "alice" });
   * broker.context.addSubscription("alice", "inbox/alice", 1);
   * await client.publish("inbox/alice", "hello");
   * assertEquals((await client.receive()).text, "hello");
   * ```
   */
  addSubscription(clientId: string, filter: string, qos?: QoS): void;
  /** Removes a subscription; says whether there was one. */
  removeSubscription(clientId: string, filter: string): boolean;
  /** The subscriptions of one client, or of all. */
  subscriptions(clientId?: string): Iterable<SubscriptionInfo>;
  /**
   * Asks the plugins about every subscription again, and removes what they do not
   * grant any more. To be called when rights have changed; of a session that a
   * client takes up again it happens by itself. What a plugin subscribed to stays.
   * The client is not told, which MQTT has no way to do.
   *
   * @returns How many subscriptions were removed.
   */
  recheckSubscriptions(): Promise<number>;
  /**
   * Disconnects a client; says whether there was anything to do.
   *
   * @throws {RangeError} If a DISCONNECT cannot carry the reason code.
   *
   * @example
   * ```ts
   * import { TestBroker } from "@dinomq/broker/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await TestBroker.start();
   * const client = await broker.connect({ clientId: "alice" });
   * broker.context.disconnect("alice", { reasonCode: 0x98, reasonString: "sold" });
   * assertEquals((await client.closed())?.reasonCode, 0x98);
   * ```
   */
  disconnect(clientId: string, options?: DisconnectOptions): boolean;
  /** Whether a topic filter selects a topic name. */
  matches(filter: string, topic: string): boolean;
  /** Whether everything that `requested` selects is selected by `granted` too. */
  covers(granted: string, requested: string): boolean;
  /**
   * Does what clients ask for by publishing JSON to `$CONTROL/<plugin>/v1/<name>`.
   * Only those may that a topic plugin allows to publish there; without one that
   * decides about the topic nobody may. The client that asked, and nobody else, gets
   * `{"result": …}` or `{"error": "…"}`: at the response topic of its message with the
   * correlation data, else at `$CONTROL/<plugin>/v1/<name>/response`.
   *
   * A command that takes longer than 10 seconds has failed, and of what a plugin
   * throws the client hears only a {@linkcode ControlError}.
   *
   * @param name Name of the command, such as `listDevices`.
   * @param schema Checks the parameters. Default: they are given as they came.
   * @param handler Does it.
   * @returns Removes the command; so does the end of the plugin.
   * @throws {TypeError} If the name is not valid, or the plugin has the command already.
   *
   * @example
   * ```ts
   * import { BasePlugin, type BrokerContext, ControlError } from "@dinomq/broker/plugins";
   * import * as v from "valibot";
   *
   * class Alarms extends BasePlugin {
   *   constructor(context: BrokerContext) {
   *     super(context);
   *     const schema = v.strictObject({ room: v.string() });
   *     context.control("silence", schema, ({ parameters: { room } }) => {
   *       if (!context.retained.clear(`alarms/${room}`)) {
   *         throw new ControlError(`there is no alarm in ${room}`);
   *       }
   *       return { silenced: room };
   *     });
   *   }
   * }
   * ```
   */
  control<Parameters>(
    name: string,
    schema: StandardSchema<Parameters>,
    handler: ControlHandler<Parameters>,
  ): () => void;
  /** Does the same without a schema. */
  control(name: string, handler: ControlHandler): () => void;
  /**
   * Says that the plugin cannot work now. While the broker starts, it does not listen
   * before all plugins are ready; if `until` is rejected, or `ready-timeout` is over,
   * the start fails. Later the admin listener says so at `/readyz`.
   *
   * @param reason What it waits for, for people.
   * @param until Ready when it is fulfilled. Default: when `ready()` is called.
   *
   * @example Do not listen without the back-end
   * ```ts
   * import { BasePlugin, type BrokerContext } from "@dinomq/broker/plugins";
   *
   * class Asks extends BasePlugin<{ url: string }> {
   *   constructor(context: BrokerContext<{ url: string }>) {
   *     super(context);
   *     context.notReady("waits for its server", fetch(context.config.url));
   *   }
   * }
   * ```
   */
  notReady(reason: string, until?: PromiseLike<unknown>): void;
  /** Says that the plugin can work. One that says nothing is ready. */
  ready(): void;
  /** Counters and state. */
  stats(): BrokerStats;
  /** Calls `callback` every `milliseconds`, until the plugin is closed. */
  setInterval(callback: () => unknown, milliseconds: number): void;
  /** Calls `callback` once after `milliseconds`, unless the plugin is closed before. */
  setTimeout(callback: () => unknown, milliseconds: number): void;
}
