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
  type EnhancedAuthVerdict,
  type Verdict,
} from "./decisions.ts";
import { decidersOf, observersOf } from "./hook_tables.ts";
import { InFlight } from "./in_flight.ts";
import { type Intercepts, interceptsOf } from "./intercepts.ts";
import type {
  DecisionOptions,
  LifeCycleEventName,
  ObserverTable,
  PluginManagerOptions,
} from "./manager_types.ts";
import { PluginChanges } from "./plugin_changes.ts";
import { closeAll } from "./plugin_closing.ts";
import {
  describePlugin,
  type PluginDescription,
} from "./plugin_description.ts";
import {
  checkMethods,
  loadPlugin,
  type Plugin,
  type PluginEntry,
} from "./plugin_loading.ts";
import type {
  AuthenticateEvent,
  BrokerEventName,
  BrokerEvents,
  EnhancedAuthEvent,
  TopicFilteringEvent,
} from "./mod.ts";
import type { Observer } from "./observers.ts";
import { EVENT_NAMES } from "./plugin_class.ts";
import { orderPlugins } from "./plugin_order.ts";
import { TopicDecisions } from "./topic_decisions.ts";

export type { PluginDescription } from "./plugin_description.ts";
export type { PluginEntry } from "./plugin_loading.ts";
export type * from "./manager_types.ts";
export type {
  DecisionPolicy,
  EnhancedAuthVerdict,
  Verdict,
} from "./decisions.ts";

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
  /** Changes the set of plugins. */
  readonly changes: PluginChanges;
  /** Whether any plugin decides about topics; if not, every topic is allowed. */
  filtersTopics = false;
  /**
   * Whether the answers about topics hold for a while: messages of one turn that differ
   * in their payload only may then be asked about once.
   */
  topicAnswersHold = true;
  /** Whether any plugin decides who may connect; if not, nobody may. */
  authenticates = false;
  /** Whether any plugin knows an enhanced authentication method. */
  authenticatesEnhanced = false;

  /**
   * Whether the plugins are being closed: what they have not decided stays undecided.
   */
  isClosing = false;

  /** In the order of the configuration. */
  #plugins: readonly Plugin[];
  /** In the order in which they get events and are asked. */
  #order: readonly Plugin[];
  #decisions: DecisionOptions;
  readonly #lifeCycleTimeout: number;
  readonly #closingTimeout: number;
  #closing: Promise<void> | undefined;
  #telling = false;

  // The tables. #rebuild() makes all of them; nobody else changes one.
  readonly #observers: Record<string, readonly Observer[]> = {};
  #auth!: DecisionMaker<AuthenticateEvent>;
  #topic!: TopicDecisions;
  #enhancedAuth: ReadonlyArray<Decider<EnhancedAuthEvent>> = [];
  /** What waits for plugins of these tables. */
  #inFlight: InFlight = new InFlight();
  /** The same of tables that were replaced. */
  #earlier: InFlight[] = [];

  private constructor(
    plugins: readonly Plugin[],
    options: PluginManagerOptions,
  ) {
    this.#plugins = plugins;
    this.#order = orderPlugins(plugins.map((plugin) => ({
      plugin,
      entry: plugin.entry,
      isChecked: true,
    })));
    this.#decisions = {
      authPolicy: options.authPolicy ?? "all",
      topicPolicy: options.topicPolicy ?? "all",
      decisionTimeout: options.decisionTimeout ?? 5000,
    };
    this.#lifeCycleTimeout = options.lifeCycleTimeout ?? 30_000;
    this.#closingTimeout = options.closingTimeout ?? this.#lifeCycleTimeout;
    this.changes = new PluginChanges(options, this.#lifeCycleTimeout, {
      plugins: () => this.#plugins,
      exchange: (plugins, order) => {
        this.#plugins = plugins;
        this.#order = order;
        this.#rebuild();
        return this.#earlier;
      },
    });
    this.hooks = this.#observers as unknown as ObserverTable;
    this.#rebuild();
  }

  /**
   * Loads plugins, one after the other. That is also the order in which they get
   * events and are asked, unless they or their entries say otherwise.
   *
   * @param entries The plugins.
   * @param options The namespace, and what plugins get from the broker.
   * @returns The manager.
   * @throws {PluginError} If one cannot be loaded, or they cannot be ordered; those that are loaded are closed again.
   */
  static async load(
    entries: Iterable<PluginEntry>,
    options: PluginManagerOptions,
  ): Promise<PluginManager> {
    const plugins: Plugin[] = [];
    const names = new Set<string>();
    try {
      for (const entry of entries) {
        const plugin = await loadPlugin(entry, names, options, true);
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
      const observer = observers[index];
      observer.channel.deliver(observer, event);
    }
  }

  /**
   * Delivers an event that is whole only during the call.
   *
   * @param name Name of the event.
   * @param event The argument.
   * @returns Whether a plugin is not through with it: it waits for its turn, or a promise
   *   was returned.
   */
  emitPassing<Name extends BrokerEventName>(
    name: Name,
    event: BrokerEvents[Name],
  ): boolean {
    let isInUse = false;
    for (const observer of this.hooks[name]) {
      if (observer.channel.deliver(observer, event)) isInUse = true;
    }
    return isInUse;
  }

  /**
   * Delivers a life cycle event and waits for each plugin in turn, within a time
   * limit.
   *
   * @param name Name of the event.
   */
  async emitAndWait(name: LifeCycleEventName): Promise<void> {
    const inFlight = this.#inFlight;
    inFlight.enter();
    const common = name.endsWith("Shutdown")
      ? this.#closingTimeout
      : this.#lifeCycleTimeout;
    for (const observer of this.#observers[name]) {
      const { channel, timeout = common } = observer;
      await channel.deliverAndWait(observer, timeout);
    }
    inFlight.leave();
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
   * Whether any plugin decides about a topic. About what no one does, everybody may.
   *
   * @param topic Topic name.
   * @returns Whether one does.
   */
  decidesAbout(topic: string): boolean {
    return this.#topic.concern(topic);
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
  async enhancedAuthenticate(
    event: EnhancedAuthEvent,
  ): Promise<EnhancedAuthVerdict> {
    const inFlight = this.#inFlight;
    inFlight.enter();
    const { decisionTimeout } = this.#decisions;
    try {
      return await decideEnhanced(
        this.#enhancedAuth,
        event,
        decisionTimeout,
        inFlight,
      );
    } finally {
      inFlight.leave();
    }
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
   * Describes the plugins.
   *
   * @returns One description for each, in their order.
   */
  describe(): PluginDescription[] {
    const { decisionTimeout } = this.#decisions;
    return this.#order.map((plugin) => describePlugin(plugin, decisionTimeout));
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
    this.isClosing = true;
    for (const name of EVENT_NAMES) this.#observers[name] = [];
    // The chains stay: what they would have judged they refuse from now on.
    this.intercepts = { ...this.intercepts, member: undefined };
    for (const one of [this.#inFlight, ...this.#earlier]) one.isOver = true;
    await closeAll(this.#plugins, this.#closingTimeout);
    await this.changes.idle();
  }

  /**
   * Makes every table out of the plugins. Tables are never changed in place: a walk
   * that is under way goes on with the one that it began with.
   */
  #rebuild(): void {
    const plugins = this.#order;
    const { authPolicy, topicPolicy, decisionTimeout } = this.#decisions;
    this.#earlier.push(this.#inFlight);
    this.#earlier = this.#earlier.filter(({ isIdle }) => !isIdle);
    const inFlight = this.#inFlight = new InFlight();
    for (const name of EVENT_NAMES) {
      this.#observers[name] = observersOf(plugins, name);
    }
    const auth = decidersOf<AuthenticateEvent>(
      plugins,
      "authenticate",
      decisionTimeout,
    );
    this.#auth = new DecisionMaker(auth, authPolicy, decisionTimeout, inFlight);
    this.#topic = new TopicDecisions(
      decidersOf(plugins, "topicFiltering", decisionTimeout),
      topicPolicy,
      decisionTimeout,
      inFlight,
    );
    this.#enhancedAuth = decidersOf(
      plugins,
      "enhancedAuthenticate",
      decisionTimeout,
    );
    this.authenticates = auth.length > 0;
    this.authenticatesEnhanced = this.#enhancedAuth.length > 0;
    this.filtersTopics = this.#topic.size > 0;
    this.topicAnswersHold = this.#topic.hold;
    this.intercepts = interceptsOf(plugins, decisionTimeout, inFlight);
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
