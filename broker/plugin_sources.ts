/**
 * Which plugins a configuration asks for, where they are looked up, and their way
 * into a broker.
 *
 * @module
 */

import { type PluginEntry, PluginManager } from "../plugins/manager.ts";
import type { BrokerContext, Logger } from "../plugins/mod.ts";
import type { ContextBase } from "../plugins/plugin_loading.ts";
import type { Core } from "./core.ts";
import { Services } from "./services/context.ts";
import type { Hub } from "./services/hub.ts";
import { PluginNamespace } from "../plugins/namespace.ts";
import type { BrokerOptions } from "./broker_types.ts";
import { legacyPlugins, type ResolvedConfig } from "./config/mod.ts";

/** The plugins of a configuration. */
export interface PluginSources {
  /** Where their names are looked up. */
  readonly namespace: PluginNamespace;
  /** The plugins, in their order. */
  readonly entries: readonly PluginEntry[];
}

/**
 * Reads the import map of a configuration, and with it what the configuration asks for.
 *
 * @param config The configuration.
 * @param options What the host program says; goes before the configuration.
 * @returns The plugins. None is loaded yet.
 * @throws {PluginLoadError} If the import map cannot be read.
 */
export async function pluginSources(
  config: ResolvedConfig,
  options: BrokerOptions,
): Promise<PluginSources> {
  const name = options.pluginNamespace ?? config.pluginNamespace;
  const namespace = await PluginNamespace.open({
    namespace: name,
    importMap: options.importMap ?? config.importMap,
    baseUrl: config.baseUrl,
    import: options.import,
  });
  const aliases = [...namespace.aliases().keys()];
  const plugins = legacyPlugins(config, aliases, name);
  return { namespace, entries: plugins as PluginEntry[] };
}

/**
 * Loads the plugins of a configuration.
 *
 * @param config The configuration.
 * @param options What the host program says; goes before the configuration.
 * @param logger The broker's log.
 * @param core The broker that plugins are served by; throws if it does not run.
 * @param hub Where plugins register what goes with them.
 * @returns The plugins.
 * @throws {PluginError} If one cannot be loaded.
 */
export async function loadPlugins(
  config: ResolvedConfig,
  options: BrokerOptions,
  logger: Logger,
  core: () => Core,
  hub: Hub,
): Promise<PluginManager> {
  hub.begin(config);
  for (const warning of config.warnings) logger.warn(warning);
  const { entries, namespace } = await pluginSources(config, options);
  let plugins: PluginManager | undefined;
  const onAlarm = (alarm: string, message: string | undefined): void => {
    if (message === undefined) plugins?.emit("onBrokerAlarmCleared", { alarm });
    else plugins?.emit("onBrokerAlarmRaised", { alarm, message });
  };
  return plugins = await PluginManager.load(entries, {
    namespace,
    logger: logger.child("plugin"),
    createContext: <C>(base: ContextBase<C>): BrokerContext<C> =>
      new Services(base, core, hub),
    brokerConfig: config.raw,
    onAlarm,
    decisionTimeout: config.pluginTimeout * 1000,
    closingTimeout: config.shutdownTimeout * 1000,
    authPolicy: config.authPolicy,
    topicPolicy: config.topicPolicy,
  });
}
