/**
 * The plugins of one broker: loads them, walks them at every event, and contains
 * their failures.
 *
 * @module
 */

import {
  decideEnhanced,
  type Decider,
  DecisionMaker,
  type DecisionPolicy,
  type EnhancedAuthVerdict,
  type Verdict,
} from "./decisions.ts";
import { decidersOf, type Step, stepsOf, takesPart } from "./hook_tables.ts";
import { type Intercepts, interceptsOf } from "./interceptors.ts";
import { closeAll } from "./plugin_closing.ts";
import {
  checkMethods,
  loadPlugin,
  type Plugin,
  type PluginEntry,
  type PluginHost,
} from "./plugin_loading.ts";
import type {
  AuthenticateEvent,
  BrokerEventName,
  BrokerEvents,
  EnhancedAuthEvent,
  TopicFilteringEvent,
} from "./mod.ts";
import { EVENT_NAMES, hooksOf } from "./plugin_class.ts";
import { type PreparedOptions, prepareOptions } from "./reloading.ts";
import { TopicDecisions } from "./topic_decisions.ts";

export type { PluginEntry } from "./plugin_loading.ts";
export type { DecisionPolicy, EnhancedAuthVerdict, Verdict };

/** Options of {@linkcode PluginManager.load}. */
export interface PluginManagerOptions extends PluginHost {
  /** How the answers to `authenticate` are combined. Default: `all`. */
  authPolicy?: DecisionPolicy;
  /** How the answers to `topicFiltering` are combined. Default: `all`. */
  topicPolicy?: DecisionPolicy;
  /** Milliseconds that a plugin may take for a decision. Default: 5000. */
  decisionTimeout?: number;
  /**
   * Milliseconds that a plugin may take for a life cycle event, for its last events
   * and for `close()`. Default: 30000.
   */
  lifeCycleTimeout?: number;
}

/** How decisions are made. */
export type DecisionOptions = Required<
  Pick<PluginManagerOptions, "authPolicy" | "topicPolicy" | "decisionTimeout">
>;

/** The events that the broker waits for. */
export type LifeCycleEventName =
  | "onBrokerPreStart"
  | "onBrokerPostStart"
  | "onBrokerPreShutdown"
  | "onBrokerPostShutdown";

/** Delivers one event to one plugin. Never throws. */
export type Observer<Name extends BrokerEventName> = (
  event: BrokerEvents[Name],
) => void;

/** The observers of each event, in the order of the plugins. */
export type ObserverTable = {
  readonly [Name in BrokerEventName]: ReadonlyArray<Observer<Name>>;
};

/** One plugin, for a person who looks at the configuration. */
export interface PluginDescription {
  /** Its name in the log. */
  readonly name: string;
  /** What was imported; the name of the class if nothing was. */
  readonly specifier: string;
  /** The import map with its alias. */
  readonly importMap?: string;
  /** The methods that the broker calls. */
  readonly hooks: readonly string[];
  /** How often it failed. */
  readonly failures: number;
  /** How many events it did not get, because it was too slow. */
  readonly dropped: number;
  /** What it counts itself. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * The plugins of one broker. The tables that say who is called may be exchanged
 * between two calls: whoever uses one takes it from here each time.
 */
export class PluginManager {
  /**
   * The observers of each event. An empty list means that nobody is interested: the
   * broker looks before it builds the argument.
   */
  readonly hooks: ObserverTable;
  /** Who may change or refuse what; a hook that nobody implements is absent. */
  intercepts: Intercepts = {};
  /** Whether any plugin decides about topics; if not, every topic is allowed. */
  filtersTopics = false;
  /** Whether any plugin decides who may connect; if not, nobody may. */
  authenticates = false;
  /** Whether any plugin knows an enhanced authentication method. */
  authenticatesEnhanced = false;

  /** In the order in which they get events and are asked. */
  readonly #plugins: readonly Plugin[];
  #decisions: DecisionOptions;
  readonly #lifeCycleTimeout: number;
  #closing: Promise<void> | undefined;
  #telling = false;

  // The tables. #rebuild() makes all of them; nobody else changes one.
  readonly #observers: Record<string, Array<(event: unknown) => void>> = {};
  readonly #lifeCycle = new Map<string, Step[]>();
  #auth!: DecisionMaker<AuthenticateEvent>;
  #topic!: TopicDecisions;
  #enhancedAuth: ReadonlyArray<Decider<EnhancedAuthEvent>> = [];

  private constructor(
    plugins: readonly Plugin[],
    options: PluginManagerOptions,
  ) {
    this.#plugins = plugins;
    this.#decisions = {
      authPolicy: options.authPolicy ?? "all",
      topicPolicy: options.topicPolicy ?? "all",
      decisionTimeout: options.decisionTimeout ?? 5000,
    };
    this.#lifeCycleTimeout = options.lifeCycleTimeout ?? 30_000;
    this.hooks = this.#observers as unknown as ObserverTable;
    this.#rebuild();
  }

  /**
   * Loads plugins, one after the other. The order is the order in which they get
   * events and are asked.
   *
   * @param entries The plugins.
   * @param options The namespace, and what plugins get from the broker.
   * @returns The manager.
   * @throws {PluginError} If one cannot be loaded; those before it are closed again.
   */
  static async load(
    entries: Iterable<PluginEntry>,
    options: PluginManagerOptions,
  ): Promise<PluginManager> {
    const plugins: Plugin[] = [];
    const names = new Set<string>();
    try {
      for (const entry of entries) {
        const plugin = await loadPlugin(entry, names, options);
        plugins.push(plugin);
        checkMethods(plugin, entry.path);
      }
      return new PluginManager(plugins, options);
    } catch (error) {
      await closeAll(plugins, options.lifeCycleTimeout ?? 30_000);
      throw error;
    }
  }

  /**
   * Whether any plugin observes an event.
   *
   * @param name Name of the event.
   * @returns Whether one does.
   */
  observes(name: BrokerEventName): boolean {
    return this.hooks[name].length > 0;
  }

  /**
   * Delivers an event to the plugins that observe it. Nothing that they do comes
   * back: they cannot throw, and nobody waits for their promises.
   *
   * @param name Name of the event.
   * @param event The argument.
   */
  emit<Name extends BrokerEventName>(
    name: Name,
    event: BrokerEvents[Name],
  ): void {
    const observers = this.hooks[name];
    for (let index = 0; index < observers.length; index++) {
      observers[index](event);
    }
  }

  /**
   * Delivers a life cycle event and waits for each plugin in turn, within a time
   * limit.
   *
   * @param name Name of the event.
   */
  async emitAndWait(name: LifeCycleEventName): Promise<void> {
    for (const { plugin, handler } of this.#lifeCycle.get(name) ?? []) {
      await plugin.channel.deliverAndWait(
        name,
        handler,
        undefined,
        this.#lifeCycleTimeout,
      );
    }
  }

  /**
   * Asks whether a client may connect. Without a plugin that says so, it may not.
   *
   * @param event The session.
   * @returns The verdict; a promise only if a plugin answered with one.
   */
  authenticate(event: AuthenticateEvent): Verdict | Promise<Verdict> {
    return this.#auth.decide(event);
  }

  /**
   * Asks whether a client may do something with a topic. If no plugin decides about
   * topics, it may.
   *
   * @param event Session, topic and action.
   * @returns The verdict; a promise only if a plugin answered with one.
   */
  topicFiltering(event: TopicFilteringEvent): Verdict | Promise<Verdict> {
    return this.filtersTopics ? this.#topic.decide(event) : true;
  }

  /**
   * Whether a topic is one that a plugin has for its own: clients may publish to it
   * although it begins with `$`.
   *
   * @param topic Topic name.
   * @returns Whether it is.
   */
  ownsTopic(topic: string): boolean {
    return this.#topic.owns(topic);
  }

  /**
   * Asks for one step of enhanced authentication.
   *
   * @param event The step.
   * @returns The answer, or `undefined` if no plugin knows the method.
   */
  enhancedAuthenticate(event: EnhancedAuthEvent): Promise<EnhancedAuthVerdict> {
    return decideEnhanced(
      this.#enhancedAuth,
      event,
      this.#decisions.decisionTimeout,
    );
  }

  /**
   * Changes how decisions are made.
   *
   * @param options Policies and time limit.
   */
  configure(options: DecisionOptions): void {
    this.#decisions = options;
    this.#rebuild();
  }

  /**
   * Offers the plugins the options of another configuration. Nothing changes before
   * they are committed.
   *
   * @param entries The plugins of the other configuration.
   * @param brokerConfig The whole other configuration, frozen.
   * @returns What to commit.
   * @throws {PluginError} If options are refused.
   */
  prepareOptions(
    entries: readonly PluginEntry[],
    brokerConfig: Readonly<Record<string, unknown>>,
  ): Promise<PreparedOptions> {
    return prepareOptions(
      this.#plugins,
      entries,
      brokerConfig,
      this.#lifeCycleTimeout,
    );
  }

  /**
   * Describes the plugins.
   *
   * @returns One description for each, in their order.
   */
  describe(): PluginDescription[] {
    return this.#plugins.map((plugin) => this.#describe(plugin));
  }

  #describe(plugin: Plugin): PluginDescription {
    const { name, specifier, importMap, object, log, counters } = plugin;
    return {
      name,
      specifier,
      ...(importMap !== undefined && { importMap }),
      hooks: hooksOf(object).filter((hook) => takesPart(plugin, hook)),
      failures: log.failures,
      dropped: log.dropped,
      counters: { ...counters },
    };
  }

  /**
   * Closes the plugins, the last one first: waits for their last events, aborts
   * their signals, calls their `close()`. From now on no plugin gets events. A
   * second call waits for the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const name of EVENT_NAMES) this.#observers[name] = [];
    this.#lifeCycle.clear();
    this.intercepts = {};
    await closeAll(this.#plugins, this.#lifeCycleTimeout);
  }

  /**
   * Makes every table out of the plugins. Tables are never changed in place: a walk
   * that is under way goes on with the one that it began with.
   */
  #rebuild(): void {
    const plugins = this.#plugins;
    for (const name of EVENT_NAMES) {
      const steps = stepsOf(plugins, name);
      this.#lifeCycle.set(name, steps);
      this.#observers[name] = steps.map(({ plugin, handler }) =>
        plugin.channel.observer(name, handler)
      );
    }
    const { authPolicy, topicPolicy, decisionTimeout } = this.#decisions;
    const auth = decidersOf<AuthenticateEvent>(plugins, "authenticate");
    this.#auth = new DecisionMaker(auth, authPolicy, decisionTimeout);
    this.#topic = new TopicDecisions(
      decidersOf(plugins, "topicFiltering"),
      topicPolicy,
      decisionTimeout,
    );
    this.#enhancedAuth = decidersOf(plugins, "enhancedAuthenticate");
    this.authenticates = auth.length > 0;
    this.authenticatesEnhanced = this.#enhancedAuth.length > 0;
    this.filtersTopics = this.#topic.size > 0;
    this.intercepts = interceptsOf(plugins, decisionTimeout);
    for (const { log } of plugins) log.observer = this.#failed;
  }

  /** Tells the plugins of a failure, unless they cause it by what they do about one. */
  readonly #failed = (plugin: string, method: string, error: unknown): void => {
    const name = "onBrokerPluginFailed";
    if (this.hooks[name].length === 0) return;
    if (method === name || this.#telling) return;
    this.#telling = true;
    this.emit(name, { plugin, method, error });
    this.#telling = false;
  };
}
