/** A broker for the tests of a plugin. @module */

import { EVENT_NAMES } from "../../plugins/plugin_class.ts";
import type { Action, BrokerContext, Logger } from "../../plugins/mod.ts";
import { Broker } from "../broker.ts";
import { type BrokerConfig, resolveConfig } from "../config/mod.ts";
import { createLogger, silentLogger } from "../log.ts";
import { EventRecorder } from "./event_recorder.ts";
import { PipeEnd } from "./pipe.ts";
import { settled } from "./real_timers.ts";
import { TestClient } from "./test_client.ts";
import type { TestClientOptions } from "./test_client_types.ts";

/**
 * What a {@linkcode TestBroker} is made of.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * await using broker = await TestBroker.start({
 *   plugins: [{ topicFiltering: () => false }],
 *   config: { maxPacketSize: "1KB" },
 *   log: (line) => lines.push(line),
 * });
 * const client = await broker.connect({ clientId: "alice" });
 * assertEquals(client.connack.properties?.maximumPacketSize, 1000);
 * assertEquals(await client.publish("a", "b"), 0x87);
 * assert(lines.some((line) => line.includes("alice")));
 * ```
 */
export interface TestBrokerOptions {
  /**
   * The plugins, in their order: classes, objects, aliases, or
   * `{ plugin, options }`.
   */
  plugins?: readonly unknown[];
  /** Other keys of the configuration, as in a file. */
  config?: Omit<BrokerConfig, "plugins" | "listeners">;
  /**
   * Whether everybody may connect. Default: whether none of `plugins` is known to
   * decide that.
   */
  allowAnonymous?: boolean;
  /** Gets every line of the log. Default: the log is thrown away. */
  log?: (line: string) => void;
}

/**
 * A broker without any socket, for the tests of a plugin: clients are connected in
 * memory, every event is recorded, and no file is written.
 *
 * @example Test a plugin
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Greeter extends BasePlugin<{ text: string }> {
 *   override onBrokerClientConnected({ clientId }: ClientEvent): void {
 *     this.context.publish(`greetings/${clientId}`, this.config.text);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Greeter, options: { text: "Hello" } }],
 * });
 * const watcher = await broker.connect();
 * await watcher.subscribe("greetings/#");
 * await broker.connect({ clientId: "alice" });
 * const message = await watcher.receive();
 * assertEquals([message.topic, message.text], ["greetings/alice", "Hello"]);
 * ```
 */
export class TestBroker implements AsyncDisposable {
  /** The broker itself. */
  readonly broker: Broker;
  /** What it told its plugins. */
  readonly events: EventRecorder;
  readonly #clients: Set<TestClient> = new Set();
  #ports = 49152;

  private constructor(broker: Broker, events: EventRecorder) {
    this.broker = broker;
    this.events = events;
  }

  /**
   * Starts a broker.
   *
   * @param options Plugins and configuration.
   * @returns The broker.
   * @throws {PluginError} If a plugin cannot be loaded.
   * @throws {ConfigError} If the configuration is wrong.
   */
  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const { plugins = [], config, log } = options;
    const events = new EventRecorder(EVENT_NAMES);
    const { allowAnonymous = !plugins.some(authenticates) } = options;
    const resolved = resolveConfig({
      ...config,
      plugins: [
        ...plugins,
        ...(allowAnonymous ? ["auth_anonymous"] : []),
        { plugin: events.plugin, name: "recorder" },
      ],
    });
    const broker = new Broker({ ...resolved, listeners: [] }, {
      logger: log === undefined ? silentLogger : loggerTo(log),
    });
    await broker.start();
    return new TestBroker(broker, events);
  }

  /** The broker's services, as a plugin has them. */
  get context(): BrokerContext {
    return this.broker.context;
  }

  /**
   * Connects a client and waits for the broker's answer, whatever it says:
   * {@linkcode TestClient.code} has it.
   *
   * @param options The CONNECT. Default: MQTT 5, a new session, a random client identifier.
   * @returns The client.
   * @throws {Error} If the broker ends the connection without an answer.
   */
  async connect(options: TestClientOptions = {}): Promise<TestClient> {
    const { remoteAddress = "192.0.2.1", listener = "default" } = options;
    const [theirs, ours] = PipeEnd.pair(remoteAddress, this.#ports++);
    this.broker.handleTransport(theirs, { listener });
    const client = await TestClient.connect(ours, options);
    this.#clients.add(client);
    return client;
  }

  /**
   * Whether the plugins let a client do something with a topic. The client really
   * does it: it publishes an empty message of QoS 1, subscribes (and unsubscribes
   * again), or is sent an empty message.
   *
   * @param client The client.
   * @param action What it does: `publish`, `subscribe` or `receive`.
   * @param topic Topic name, or topic filter.
   * @returns Whether it may.
   * @throws {Error} If the broker ended the connection.
   *
   * @example
   * ```ts
   * import { TestBroker } from "@dinomq/broker/testing";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await TestBroker.start({
   *   plugins: [{ plugin: "topic_taboo", options: {} }],
   * });
   * const client = await broker.connect();
   * assertEquals(await broker.allows(client, "publish", "open"), true);
   * ```
   */
  async allows(
    client: TestClient,
    action: Action,
    topic: string,
  ): Promise<boolean> {
    if (action === "publish") {
      const passed = () => this.events.all("onBrokerMessageBroadcast").length;
      const before = passed();
      await client.publish(topic, "");
      return passed() > before;
    }
    if (action === "subscribe") {
      const granted = await client.subscribe(topic) < 0x80;
      if (granted) await client.unsubscribe(topic);
      return granted;
    }
    const { context } = this;
    const denied = (): number => context.stats().dropped.denied ?? 0;
    const before = denied();
    context.addSubscription(client.clientId, topic);
    context.publish(topic, "");
    const verdict = await Promise.race([
      client.receive(topic).then(() => true),
      until(() => denied() > before).then(() => false),
    ]);
    context.removeSubscription(client.clientId, topic);
    return verdict;
  }

  /** Ends the connections of its clients, and stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.drop();
    await this.broker.shutdown();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled();
}

/** Whether a plugin is known to decide who may connect. */
function authenticates(input: unknown): boolean {
  const { plugin = input } = Object(input) as { plugin?: unknown };
  if (typeof plugin === "string") return /(^|\/)auth_/.test(plugin);
  const object = Object(
    typeof plugin === "function" ? plugin.prototype : plugin,
  );
  return "authenticate" in object || "enhancedAuthenticate" in object;
}

function loggerTo(log: (line: string) => void): Logger {
  return createLogger({ level: "debug", format: "text", write: log });
}
