/**
 * The broker: its life from start to shutdown.
 *
 * @module
 */

import { administer } from "./admin/administer.ts";
import type { AdminServer } from "./admin/server.ts";
import type { BrokerContext, Logger } from "../plugins/mod.ts";
import { Changes } from "./changes.ts";
import {
  type BrokerConfig,
  type PluginInput,
  type ResolvedConfig,
  resolvedConfig,
} from "./config/mod.ts";
import { Connections } from "./connections.ts";
import type {
  BrokerOptions,
  BrokerState,
  HandleTransportOptions,
  PluginDescription,
} from "./broker_types.ts";
import { Core } from "./core.ts";
import type { Place } from "./limits/gate.ts";
import { hostBase } from "./host_base.ts";
import { inTurn } from "./in_turn.ts";
import { createLogger } from "./log.ts";
import { OpenListeners } from "./open_listeners.ts";
import { loadPlugins, pluginSources } from "./plugin_sources.ts";
import type { ReloadResult } from "./reload.ts";
import { Services } from "./services/context.ts";
import { Hub } from "./services/hub.ts";
import { createStore } from "./store/create.ts";
import { openStore } from "./store/open.ts";
import type { Listener, Transport } from "./transport/transport.ts";

/**
 * An MQTT broker.
 *
 * @example Start, use and stop a broker
 * ```ts
 * import { Broker } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = new Broker({
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 *   plugins: { auth_anonymous: { allowAnonymous: true } },
 * });
 * await broker.start();
 * broker.context.publish("greeting", "hello", { retain: true });
 * assertEquals(broker.context.retained.size, 1);
 * ```
 */
export class Broker implements AsyncDisposable {
  #config: ResolvedConfig;
  /** The one that the broker was started with. */
  #first: ResolvedConfig;
  readonly #options: BrokerOptions;
  readonly #logger: Logger;
  #life = new AbortController();
  readonly #connections = new Connections();
  readonly #hub = new Hub();
  #admin: AdminServer | undefined;
  #state: BrokerState = "new";
  #core: Core | undefined;
  readonly #listeners = new OpenListeners();
  #starting: Promise<void> | undefined;
  readonly #changes: Changes = new Changes({
    core: (doing) => {
      if (this.#state === "started") return this.#core!;
      throw new Error(`Cannot ${doing}: the broker is ${this.#state}`);
    },
    sources: (config) => pluginSources(config, this.#options),
    reloadParts: (next) => ({
      first: this.#first,
      listeners: this.#listeners.all,
      admin: this.#admin,
      connections: this.#connections.all(),
      swap: () => this.#config = this.#core!.config = next,
    }),
  });

  /** The broker's services, as a plugin has them. Usable while the broker runs. */
  readonly context: BrokerContext;

  /**
   * Creates a broker. Nothing is opened and no plugin is loaded yet.
   *
   * @param config The configuration. Without one the broker listens on 127.0.0.1:1883 and lets everybody in.
   * @param options Plugin namespace, import map, logger.
   * @throws {ConfigError} If the configuration is wrong; the message has the path of the key.
   */
  constructor(
    config?: BrokerConfig | ResolvedConfig,
    options: BrokerOptions = {},
  ) {
    this.#config = resolvedConfig(config);
    this.#first = this.#config;
    this.#options = options;
    this.#logger = options.logger ??
      createLogger({ level: "info", format: "text" });
    this.context = new Services(
      hostBase(this.#logger, () => this.#config.raw, () => this.#life.signal),
      () => this.#running,
      this.#hub,
    );
  }

  /** How far the broker is. */
  get state(): BrokerState {
    return this.#state;
  }

  /** Where the admin listener is, such as `http://127.0.0.1:8080`; absent if there is none. */
  get adminUrl(): string | undefined {
    return this.#admin?.url;
  }

  /** The listeners that are open. */
  get listeners(): readonly Listener[] {
    return this.#listeners.all;
  }

  /**
   * Loads the plugins and opens the listeners.
   *
   * @throws {PluginError} If a plugin cannot be loaded.
   * @throws {ListenError} If a listener cannot be opened; none then is.
   * @throws {Error} If a plugin is not ready in time.
   * @throws {StoreError} If the store cannot be opened.
   * @throws {Error} If the broker was started before and not shut down.
   */
  async start(): Promise<void> {
    if (this.#state !== "new" && this.#state !== "stopped") {
      throw new Error(`Cannot start the broker: it is ${this.#state}`);
    }
    this.#state = "starting";
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#life.signal.aborted) this.#life = new AbortController();
    this.#first = this.#config;
    try {
      const core = this.#core = await this.#load();
      const { plugins } = core;
      const { readConfig } = this.#options;
      this.#admin = administer(this, core, this.#hub, readConfig);
      const goOn = await openStore(
        core,
        this.#options.store ?? createStore(this.#config.store),
      );
      await plugins.emitAndWait("onBrokerPreStart");
      await this.#hub.readiness.wait(this.#config.readyTimeout);
      await this.#listeners.open(
        core,
        (transport, name, place) => this.#serve(transport, name, place),
      );
      core.stats.startedAt = Date.now();
      this.#state = "started";
      goOn?.();
      await plugins.emitAndWait("onBrokerPostStart");
    } catch (error) {
      await inTurn([
        () => Promise.reject(error),
        () => this.#listeners.close(),
        () => this.#connections.drop("the broker could not be started"),
        () => this.#end(),
      ]);
    }
  }

  /**
   * Stops the broker: MQTT 5 clients are told, everything is closed. A start that
   * is under way is waited for. A second call does nothing.
   *
   * @throws {Error} What could not be closed, such as the store; the broker is stopped all the same.
   */
  async shutdown(): Promise<void> {
    // Whoever started the broker hears why it failed.
    if (this.#state === "starting") await this.#starting?.catch(() => {});
    if (this.#state !== "started") return;
    this.#state = "stopping";
    await inTurn([() => this.#disconnect(), () => this.#end()]);
  }

  /** Closes listeners and connections. */
  async #disconnect(): Promise<void> {
    const { plugins } = this.#core!;
    await plugins.emitAndWait("onBrokerPreShutdown");
    const closed = await this.#listeners.close();
    this.#connections.end();
    await this.#connections.ended(this.#config.shutdownTimeout);
    await closed();
    await plugins.emitAndWait("onBrokerPostShutdown");
    await this.#changes.idle(this.#config.shutdownTimeout * 1000);
  }

  /** Ends everything that has no connection. */
  async #end(): Promise<void> {
    const core = this.#core;
    this.#life.abort();
    await inTurn([
      () => this.#admin?.close(),
      () => core?.feedback.finish(),
      () => core?.plugins.close(),
      () => core?.journal?.close(),
      () => {
        core?.end();
        this.#core = this.#admin = undefined;
        this.#state = "stopped";
      },
    ]);
  }

  /**
   * Takes another configuration into use while the broker runs. Everything is loaded
   * first; if anything is wrong, nothing changes. Limits and other plain values,
   * plugins and the options of those that can change them, and the certificates of
   * listeners are exchanged: connections that are open keep their certificates, and
   * get the new rates. What needs a restart is in the answer and in the log.
   *
   * @param config The new configuration.
   * @returns What needs a restart.
   * @throws {ConfigError} If the configuration is wrong.
   * @throws {PluginError} If a plugin cannot be loaded or started, or refuses its options.
   * @throws {Error} If the broker does not run.
   *
   * @example
   * ```ts
   * import { Broker } from "@dinomq/broker";
   * import { assertEquals } from "@std/assert";
   *
   * const config = {
   *   listeners: { default: { bind: "127.0.0.1:0" } },
   *   plugins: { auth_anonymous: { allowAnonymous: true } },
   * };
   * await using broker = new Broker(config);
   * await broker.start();
   * const { restart } = await broker.reload({ ...config, messageRate: 100 });
   * assertEquals(restart, []);
   * ```
   */
  async reload(config?: BrokerConfig | ResolvedConfig): Promise<ReloadResult> {
    return await this.#changes.reload(resolvedConfig(config));
  }

  /**
   * Adds a plugin while the broker runs, in the last place, until a reload that does
   * not name it. It is loaded and started before it takes part in anything.
   *
   * @param setting The plugin.
   * @returns Its name.
   * @throws {ConfigError} If the setting is wrong.
   * @throws {PluginError} If it cannot be loaded or started; nothing changes then.
   * @throws {Error} If the broker does not run.
   *
   * @example
   * ```ts
   * import { Broker } from "@dinomq/broker";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = new Broker({
   *   listeners: { default: { bind: "127.0.0.1:0" } },
   * });
   * await broker.start();
   * const name = await broker.addPlugin({ plugin: "auth_anonymous" });
   * assertEquals(name, "auth_anonymous");
   * await broker.removePlugin(name);
   * assertEquals(broker.describePlugins(), []);
   * ```
   */
  async addPlugin(setting: PluginInput): Promise<string> {
    return await this.#changes.addPlugin(setting);
  }

  /**
   * Removes a plugin while the broker runs: waits for what it is doing, closes it.
   *
   * @param name Its name.
   * @throws {PluginError} If no plugin has this name.
   * @throws {Error} If the broker does not run.
   */
  async removePlugin(name: string): Promise<void> {
    await this.#changes.replacePlugin(name);
  }

  /**
   * Replaces a plugin while the broker runs. The new one is loaded and started, then
   * takes the place of the old one, which ends what it has begun and is closed. Code
   * that has changed needs another specifier, such as `./geo.ts?v=2`.
   *
   * @param name Name of the old one, and of the new one if it does not say another.
   * @param setting The new one.
   * @throws {ConfigError} If the setting is wrong.
   * @throws {PluginError} If the new one cannot be loaded or started: the old one stays. If no plugin has this name.
   * @throws {Error} If the broker does not run.
   */
  async replacePlugin(name: string, setting: PluginInput): Promise<void> {
    await this.#changes.replacePlugin(name, setting);
  }

  /** Shuts the broker down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Serves a client whose connection the host program brings, for example a
   * WebSocket of its own server.
   *
   * @param transport The connection.
   * @param options What plugins are told of it.
   * @returns Resolves when the connection has ended; never rejects. A broker that does not run closes it at once.
   */
  handleTransport(
    transport: Transport,
    options: HandleTransportOptions = {},
  ): Promise<void> {
    const { listener = "external" } = options;
    const core = this.#core;
    const place = core?.gate.admit(
      transport.remoteAddress,
      core.limitsOf(listener),
    );
    if (place === undefined) {
      transport.close();
      return Promise.resolve();
    }
    return new Promise((resolve) =>
      this.#serve(transport, listener, place, resolve)
    );
  }

  /**
   * The plugins in the order in which they are asked, and their hooks.
   *
   * @returns The plugins; none before the start.
   */
  describePlugins(): PluginDescription[] {
    return this.#core?.plugins.describe() ?? [];
  }

  /**
   * Loads the plugins and closes them again; no port is opened.
   *
   * @returns The plugins.
   * @throws {PluginError} If a plugin cannot be loaded.
   * @throws {Error} If the broker runs: its plugins are loaded already.
   */
  async check(): Promise<PluginDescription[]> {
    if (this.#state !== "new" && this.#state !== "stopped") {
      throw new Error(`Cannot check the broker: it is ${this.#state}`);
    }
    const { plugins, clock } = await this.#load();
    await plugins.close();
    clock.clear();
    return plugins.describe();
  }

  /** Serves a client; a listener need not know when its connection ends. */
  #serve(
    transport: Transport,
    listener: string,
    place: Place,
    gone?: () => void,
  ): void {
    const isOpen = this.#state === "started" || this.#state === "starting";
    const core = isOpen ? this.#core : undefined;
    this.#connections.serve(core, transport, listener, place, gone);
  }

  get #running(): Core {
    if (this.#core === undefined) {
      throw new Error(
        `Cannot use the broker: it is ${this.#state}; call start() first`,
      );
    }
    return this.#core;
  }

  async #load(): Promise<Core> {
    const plugins = await loadPlugins(
      this.#config,
      this.#options,
      this.#logger,
      () => this.#running,
      this.#hub,
    );
    return new Core(
      this.#config,
      this.#logger,
      plugins,
      this.#hub.control,
      this.#options.collectGarbage,
    );
  }
}
