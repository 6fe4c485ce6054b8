/**
 * The configuration of a broker: its shape, its files and its errors.
 *
 * @module
 */

export { type BindAddress, parseBind } from "./bind.ts";
export { ConfigError, type ConfigProblem } from "./config_error.ts";
export { DEFAULT_NAMESPACE, legacyPlugins } from "./legacy.ts";
export { type ConfigFile, loadConfig, readConfigFile } from "./load.ts";
export { readPlugin } from "./plugins.ts";
export {
  isResolvedConfig,
  resolveConfig,
  resolvedConfig,
  type ResolveOptions,
} from "./resolve.ts";
export type {
  AdminConfig,
  AdminInput,
  AuthInput,
  BrokerConfig,
  CircuitBreakerInput,
  CircuitBreakerPolicy,
  ClientCertificate,
  ClientIdConflict,
  DecisionPolicy,
  Fallback,
  LegacyPlugins,
  Limits,
  LimitsInput,
  ListenerConfig,
  ListenerInput,
  ListenerLimits,
  ListenerLimitsInput,
  PluginInput,
  PluginPolicy,
  PluginSetting,
  PluginsInput,
  ProtocolLevel,
  ResolvedConfig,
  Size,
  TopicCheckInput,
} from "./types.ts";
