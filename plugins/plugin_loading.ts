/**
 * From an entry of the configuration to a running plugin.
 *
 * @module
 */

import {
  messageOf,
  PluginError,
  PluginInitError,
  PluginLoadError,
} from "./errors.ts";
import { FailureLog } from "./failure_log.ts";
import {
  BaseAuthPlugin,
  type BaseContext,
  BaseTopicPlugin,
  type BrokerContext,
  type Logger,
  type PluginManifest,
} from "./mod.ts";
import { readManifest } from "./manifest.ts";
import type { LoadedPlugin, PluginNamespace } from "./namespace.ts";
import { nearest } from "./nearest.ts";
import { EventChannel } from "./observers.ts";
import { readOptions } from "./options.ts";
import {
  hasHook,
  isPluginClass,
  METHOD_NAMES,
  methodOf,
  type PluginClass,
  unknownHooks,
} from "./plugin_class.ts";
import { PluginGuard } from "./plugin_guard.ts";
import type { PluginPolicy } from "./policy.ts";
import {
  loadSandboxed,
  type SandboxedPlugin,
  type SandboxOptions,
} from "./sandbox/mod.ts";

/** What a plugin takes part in. What is left out is `true`. */
export interface PluginUse {
  /** Whether it gets events. */
  events?: boolean;
  /** Whether it is asked who may connect. */
  auth?: boolean;
  /** Whether it is asked about topics. */
  topic?: boolean;
}

/** One plugin of a configuration. */
export interface PluginEntry extends PluginPolicy {
  /** An alias or specifier, a class, or a plugin that the host program made itself. */
  plugin: string | PluginClass | object;
  /** The plugin's options. */
  options?: unknown;
  /** Its name in the log. Default: the alias or the name of the class. */
  name?: string;
  /** Where the entry is in the configuration, for messages: `plugins.auth_file`. */
  path: string;
  /** What it takes part in. Default: everything that it has methods for. */
  use?: PluginUse;
  /** What the bytes of its module must have: hashes such as `sha256-…`. Default: anything. */
  integrity?: string;
  /** Has it run in a process of its own, with these rights. Default: none, it runs here. */
  sandbox?: SandboxOptions;
}

/** What plugins get from the broker. */
export interface PluginHost {
  /** Where aliases are looked up. */
  namespace: PluginNamespace;
  /** The log; each plugin gets a child of it. */
  logger: Logger;
  /** Completes a context by the broker's services. */
  createContext: <Config>(base: ContextBase<Config>) => BrokerContext<Config>;
  /** The whole configuration, frozen. */
  brokerConfig: Readonly<Record<string, unknown>>;
  /**
   * How many events may wait for a plugin that handles them asynchronously; at
   * least 1. Default: 1000.
   */
  observerQueue?: number;
  /** Is told that an alarm is raised, and why, or by `undefined` that it is cleared. */
  onAlarm?: (alarm: string, message: string | undefined) => void;
}

/** A running plugin. */
export interface Plugin {
  /** Its name, which no other plugin of the broker has. */
  readonly name: string;
  /** The name that it has if nobody gives it another: its alias or class. */
  readonly ownName: string;
  /** What was imported, or the name of the class. */
  readonly specifier: string;
  /** The import map with its alias. */
  readonly importMap?: string;
  /** The plugin itself. */
  readonly object: object;
  /** Its logger. */
  readonly logger: Logger;
  /** What it takes part in. */
  readonly use: Readonly<Required<PluginUse>>;
  /** Its events. */
  readonly channel: EventChannel;
  /** Its failures. */
  readonly log: FailureLog;
  /** Stands before its hooks. */
  readonly guard: PluginGuard;
  /** What it says about itself. */
  readonly manifest?: PluginManifest;
  /** What it counts itself. */
  readonly counters: Readonly<Record<string, number>>;
  /** Ends its timers and whatever else it bound to its signal. */
  readonly controller: AbortController;
  /** What the configuration says of it; a reload exchanges it. */
  entry: PluginEntry;
  /** Its class, if the broker made it. */
  readonly pluginClass?: PluginClass;
  /** What its context is made of, if the broker made it; a reload changes it. */
  readonly base?: ChangingBase;
}

/** A context's own part, whose options may change. */
export type ChangingBase =
  & Pick<BaseContext, "name" | "logger" | "signal" | "count">
  & {
    config: unknown;
    brokerConfig: Readonly<Record<string, unknown>>;
    /**
     * Whether the plugin has its part in what happens. One that is to replace
     * another is loaded and started before that.
     */
    live: boolean;
  };

/** What a context is made of. */
export type ContextBase<Config> = BaseContext<Config> & {
  /** Whether the plugin gets the messages that it listens to. */
  readonly live: boolean;
};

/**
 * Loads one plugin.
 *
 * @param entry The plugin.
 * @param names The names that are taken; the new one is added.
 * @param host What it gets from the broker.
 * @param live Whether it has its part in what happens from the beginning.
 * @returns The plugin.
 * @throws {PluginError} If it cannot be loaded.
 */
export async function loadPlugin(
  entry: PluginEntry,
  names: Set<string>,
  host: PluginHost,
  live: boolean,
): Promise<Plugin> {
  const { sandbox } = entry;
  if (sandbox === undefined) {
    const source = await findSource(entry, host.namespace);
    return await loadFrom(source, entry, names, host, live);
  }
  const { namespace, logger } = host;
  const source = await loadSandboxed({ ...entry, sandbox }, namespace, logger);
  try {
    return await loadFrom(source, entry, names, host, live, source);
  } catch (error) {
    await source.discard();
    throw error;
  }
}

async function loadFrom(
  source: PluginSource,
  entry: PluginEntry,
  names: Set<string>,
  host: PluginHost,
  live: boolean,
  sandboxed?: SandboxedPlugin,
): Promise<Plugin> {
  const name = uniqueName(entry.name ?? source.name, names);
  const manifest = await readManifest(name, entry.path, source);
  const logger = host.logger.child(name);
  const controller = new AbortController();
  const counters: Record<string, number> = {};
  const count = (counter: string, by = 1): void => {
    counters[counter] = (counters[counter] ?? 0) + by;
  };
  const log = new FailureLog(logger, name);
  const onAlarm = (alarm: string, message: string | undefined): void =>
    host.onAlarm?.(alarm, message);
  const own = { name, logger, count, live };
  const made = source.object !== undefined
    ? { object: source.object }
    : await construct(source, entry, own, controller, host, (object) =>
      sandboxed?.start(
        object,
        log,
        (message) =>
          onAlarm(`plugin:${name}`, message),
      ));
  names.add(name);
  return {
    name,
    ownName: source.name,
    specifier: source.specifier,
    ...(source.importMap !== undefined && { importMap: source.importMap }),
    ...made,
    entry,
    logger,
    use: { events: true, auth: true, topic: true, ...entry.use },
    channel: new EventChannel(log, host.observerQueue ?? 1000),
    log,
    guard: new PluginGuard({ name, log, logger, onAlarm }, entry),
    ...(manifest !== undefined && { manifest }),
    counters,
    controller,
  };
}

/** A class to be constructed, or an object that exists already. */
type PluginSource =
  & Omit<LoadedPlugin, "pluginClass">
  & (
    | { readonly pluginClass: PluginClass; readonly object?: undefined }
    | { readonly object: object }
  );

async function findSource(
  entry: PluginEntry,
  namespace: PluginNamespace,
): Promise<PluginSource> {
  const { plugin } = entry;
  if (typeof plugin === "string") {
    return await namespace.load(plugin, entry.path, entry.integrity);
  }
  if (entry.integrity !== undefined) {
    throw new PluginLoadError(
      entry.name ?? nameOf(plugin),
      "integrity",
      `Cannot load the plugin of ${entry.path}: only a module has an integrity, and this is a class or an object`,
    );
  }
  if (isPluginClass(plugin)) {
    const name = plugin.name || "plugin";
    return { name, specifier: name, pluginClass: plugin };
  }
  const name = entry.name ?? nameOf(plugin);
  if (typeof plugin !== "object" || plugin === null || !hasHook(plugin)) {
    throw new PluginLoadError(
      name,
      "not-a-plugin",
      `Cannot load the plugin "${name}": ${entry.path} must be an alias, a specifier, or a class or object with a method such as authenticate, topicFiltering or onBrokerClientConnected`,
    );
  }
  if (entry.options !== undefined && entry.options !== null) {
    throw new PluginLoadError(
      name,
      "options",
      `Cannot load the plugin "${name}": ${entry.path} is an object, which has its options already; give the options to its constructor, or give the class`,
    );
  }
  return { name, specifier: name, object: plugin };
}

function nameOf(plugin: unknown): string {
  if (typeof plugin === "function") return plugin.name || "plugin";
  const name = (Object(plugin) as object).constructor?.name;
  return name && name !== "Object" ? name : "plugin";
}

/** Several plugins may have one class: `audit`, `audit_2`, `audit_3`. */
function uniqueName(name: string, names: ReadonlySet<string>): string {
  if (!names.has(name)) return name;
  let number = 2;
  while (names.has(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

async function construct(
  source: { readonly pluginClass: PluginClass },
  entry: PluginEntry,
  own: Pick<ChangingBase, "name" | "logger" | "count" | "live">,
  controller: AbortController,
  host: PluginHost,
  start: (object: object) => Promise<void> | undefined,
): Promise<{ object: object; pluginClass: PluginClass; base: ChangingBase }> {
  const { pluginClass } = source;
  const { name } = own;
  const owner = { plugin: name, path: entry.path };
  const config = await readOptions(owner, pluginClass.config, entry.options);
  const base: ChangingBase = {
    ...own,
    config,
    brokerConfig: host.brokerConfig,
    signal: controller.signal,
  };
  try {
    const context = host.createContext<never>(base as ContextBase<never>);
    const object = new pluginClass(context);
    await start(object);
    return { object, pluginClass, base };
  } catch (cause) {
    // The constructor may have started timers before it threw.
    controller.abort();
    if (cause instanceof PluginError) throw cause;
    throw new PluginInitError(
      name,
      `Cannot load the plugin "${name}" (${entry.path}): its constructor threw: ${
        messageOf(cause)
      }`,
      { cause },
    );
  }
}

/**
 * Refuses what would fail silently later: a plugin that was made to decide and
 * cannot, a hook that is no method. Warns of methods that nobody will call.
 *
 * @param plugin The plugin.
 * @param path Where it is in the configuration.
 * @throws {PluginLoadError} If it is refused.
 */
export function checkMethods(
  { object, name, logger }: Plugin,
  path: string,
): void {
  const problem = missingMethod(object);
  if (problem !== undefined) {
    throw new PluginLoadError(
      name,
      "not-a-plugin",
      `Cannot load the plugin "${name}" (${path}): ${problem}`,
    );
  }
  for (const method of unknownHooks(object)) {
    const meant = nearest(method, METHOD_NAMES);
    logger.warn(
      `The plugin "${name}" has a method "${method}", which the broker never calls` +
        (meant === undefined ? "" : `; did you mean "${meant}"?`),
      { plugin: name, method },
    );
  }
}

function missingMethod(object: object): string | undefined {
  if (
    object instanceof BaseAuthPlugin &&
    methodOf(object, "authenticate") === undefined
  ) {
    return "it extends BaseAuthPlugin, but has no method authenticate()";
  }
  if (
    object instanceof BaseTopicPlugin &&
    methodOf(object, "topicFiltering") === undefined
  ) {
    return "it extends BaseTopicPlugin, but has no method topicFiltering()";
  }
  const { topicPrefix } = object as { topicPrefix?: unknown };
  if (topicPrefix !== undefined && !isTopicPrefix(topicPrefix)) {
    return `its "topicPrefix" is not of the form "$name/": a wildcard of a client would select other topics too`;
  }
  const notCallable = METHOD_NAMES.find((name) => {
    const value = (object as Record<string, unknown>)[name];
    return value !== undefined && value !== null &&
      typeof value !== "function";
  });
  return notCallable && `its "${notCallable}" is not a method`;
}

/** Only topics that begin with `$` are out of the reach of a leading wildcard. */
function isTopicPrefix(value: unknown): boolean {
  return typeof value === "string" && /^\$([^+#/]+\/)+$/.test(value);
}
