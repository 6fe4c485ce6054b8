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
import type { EventHandler } from "./observers.ts";
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
import { EVENT_NAMES, hooksOf, methodOf } from "./plugin_class.ts";
import { type PreparedOptions, prepareOptions } from "./reloading.ts";
import { TIMED_OUT, withTimeLimit } from "./time_limit.ts";
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

interface LifeCycleStep {
  readonly plugin: Plugin;
  readonly handler: EventHandler;
}

/** The plugins of one broker. */
export class PluginManager {
  /**
   * The observers of each event. An empty list means that nobody is interested: the
   * broker looks before it builds the argument.
   */
  readonly hooks: ObserverTable;
  /** Whether any plugin decides about topics; if not, every topic is allowed. */
  readonly filtersTopics: boolean;
  /** Whether any plugin decides who may connect; if not, nobody may. */
  readonly authenticates: boolean;
  /** Whether any plugin knows an enhanced authentication method. */
  readonly authenticatesEnhanced: boolean;

  readonly #plugins: readonly Plugin[];
  readonly #observers: Record<string, Array<(event: unknown) => void>> = {};
  readonly #lifeCycle = new Map<string, LifeCycleStep[]>();
  readonly #auth: DecisionMaker<AuthenticateEvent>;
  readonly #topic: TopicDecisions;
  readonly #enhancedAuth: ReadonlyArray<Decider<EnhancedAuthEvent>>;
  #decisionTimeout: number;
  readonly #lifeCycleTimeout: number;
  #closing: Promise<void> | undefined;

  private constructor(
    plugins: readonly Plugin[],
    options: PluginManagerOptions,
  ) {
    this.#plugins = plugins;
    this.#decisionTimeout = options.decisionTimeout ?? 5000;
    this.#lifeCycleTimeout = options.lifeCycleTimeout ?? 30_000;
    for (const name of EVENT_NAMES) this.#connect(name);
    this.hooks = this.#observers as unknown as ObserverTable;

    const auth = decidersOf<AuthenticateEvent>(plugins, "authenticate");
    this.#topic = new TopicDecisions(
      decidersOf(plugins, "topicFiltering"),
      options.topicPolicy ?? "all",
      this.#decisionTimeout,
    );
    this.#enhancedAuth = decidersOf(plugins, "enhancedAuthenticate");
    this.authenticates = auth.length > 0;
    this.authenticatesEnhanced = this.#enhancedAuth.length > 0;
    this.filtersTopics = this.#topic.size > 0;
    this.#auth = new DecisionMaker(
      auth,
      options.authPolicy ?? "all",
      this.#decisionTimeout,
    );
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
    return decideEnhanced(this.#enhancedAuth, event, this.#decisionTimeout);
  }

  /**
   * Changes how decisions are made.
   *
   * @param options Policies and time limit.
   */
  configure(options: DecisionOptions): void {
    const { decisionTimeout, authPolicy, topicPolicy } = options;
    this.#decisionTimeout = decisionTimeout;
    this.#auth.configure(authPolicy, decisionTimeout);
    this.#topic.configure(topicPolicy, decisionTimeout);
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
    for (const name of EVENT_NAMES) this.#observers[name].length = 0;
    this.#lifeCycle.clear();
    await closeAll(this.#plugins, this.#lifeCycleTimeout);
  }

  #connect(name: BrokerEventName): void {
    const observers: Array<(event: unknown) => void> = [];
    const steps: LifeCycleStep[] = [];
    for (const plugin of this.#plugins) {
      const method = methodOf(plugin.object, name);
      if (method === undefined || !takesPart(plugin, name)) continue;
      const handler: EventHandler = (event) =>
        method.call(plugin.object, event);
      observers.push(plugin.channel.observer(name, handler));
      steps.push({ plugin, handler });
    }
    this.#observers[name] = observers;
    this.#lifeCycle.set(name, steps);
  }
}

function decidersOf<Event>(
  plugins: readonly Plugin[],
  name: string,
): Array<Decider<Event> & { readonly prefix: string }> {
  const deciders: Array<Decider<Event> & { prefix: string }> = [];
  for (const plugin of plugins) {
    const { object, log } = plugin;
    const method = methodOf(object, name);
    if (method === undefined || !takesPart(plugin, name)) continue;
    const ask = (event: Event) => method.call(object, event);
    const { topicPrefix = "" } = object as { topicPrefix?: string };
    deciders.push({ ask, method: name, log, prefix: topicPrefix });
  }
  return deciders;
}

/** Whether the configuration has the plugin take part in what a hook is for. */
function takesPart({ use }: Plugin, hook: string): boolean {
  if (hook === "topicFiltering") return use.topic;
  return hook.startsWith("on") ? use.events : use.auth;
}

async function closeAll(
  plugins: readonly Plugin[],
  limit: number,
): Promise<void> {
  for (const plugin of plugins.toReversed()) await closePlugin(plugin, limit);
}

async function closePlugin(plugin: Plugin, limit: number): Promise<void> {
  const { object, channel, log, controller } = plugin;
  if (await withTimeLimit(channel.idle(), limit) === TIMED_OUT) {
    log.failed("close", new Error(`its events did not end in ${limit} ms`));
  }
  // Before close(), which may wait for what the signal ends.
  controller.abort();
  const close = methodOf(object, "close");
  if (close === undefined) return;
  try {
    const closed = withTimeLimit(Promise.resolve(close.call(object)), limit);
    if (await closed === TIMED_OUT) {
      log.failed("close", new Error(`no end after ${limit} ms`));
    }
  } catch (error) {
    log.failed("close", error);
  }
}
