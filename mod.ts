/**
 * DinoMQ: an MQTT broker for Deno, extended by plugins that an import map names.
 *
 * Run directly, this module is the command line:
 * `deno run -A mod.ts --config broker.yaml`. Imported, it is a broker to embed:
 *
 * ```ts
 * import { Broker } from "@dinomq/broker";
 *
 * const broker = new Broker({
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 *   plugins: { auth_anonymous: null },
 * });
 * await broker.start();
 * await broker.shutdown();
 * ```
 *
 * @module
 */

import { main } from "./broker/cli/main.ts";
import type { CommandTable } from "./broker/cli/mod.ts";

export { Broker } from "./broker/broker.ts";
export type {
  BrokerOptions,
  BrokerState,
  HandleTransportOptions,
  PluginDescription,
} from "./broker/broker_types.ts";
export {
  ConfigError,
  type ConfigProblem,
  loadConfig,
} from "./broker/config/mod.ts";
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
  StoreConfig,
  StoreInput,
  TopicCheckInput,
} from "./broker/config/types.ts";
export {
  createLogger,
  type LogFormat,
  type LoggerOptions,
  silentLogger,
} from "./broker/log.ts";
export { MemoryStore } from "./broker/store/memory.ts";
export type {
  BatchVisitor,
  MessageBody,
} from "./broker/store/batch_visitor.ts";
export {
  type Store,
  StoreError,
  type StoreProblem,
} from "./broker/store/store.ts";
export type {
  StoredDelivery,
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
  StoredWill,
  ValueKind,
} from "./broker/store/stored_types.ts";
export { Batch, type BatchMessage } from "./broker/store/batch.ts";
export { decodeMessage } from "./broker/store/batch_reader.ts";
export type { ReloadResult } from "./broker/reload.ts";
export { ListenError } from "./broker/transport/listen_error.ts";
export type {
  Listener,
  Transport,
  TransportKind,
} from "./broker/transport/transport.ts";
export {
  type WebSocketPeer,
  webSocketTransport,
} from "./broker/transport/websocket_transport.ts";
export { PluginError, type PluginErrorKind } from "./plugins/errors.ts";
export * from "./plugins/mod.ts";
export type { SandboxOptions } from "./plugins/sandbox/options.ts";

/** A command is loaded when it is called: the broker starts without any. */
const commands: CommandTable = {
  init: [
    "Begin a project with a plugin of your own",
    () => import("./broker/cli/init/command.ts"),
  ],
  pub: ["Publish messages", () => import("./broker/cli/mqtt/pub.ts")],
  sub: ["Subscribe and print", () => import("./broker/cli/mqtt/sub.ts")],
  certs: ["Make certificates", () => import("./broker/cli/certs/command.ts")],
  passwd: [
    "Create and change password files",
    () => import("./plugins/_password/passwd_command.ts"),
  ],
  users: [
    "Keep the users of auth_db",
    () => import("./plugins/_db/users_command.ts"),
  ],
  topics: [
    "Keep the topics of topic_db",
    () => import("./plugins/_db/topics_command.ts"),
  ],
  plugins: [
    "Show who is called at which hook, and in which order",
    () => import("./broker/cli/plugins.ts"),
  ],
  store: [
    "Look into a store, export and import it",
    () => import("./broker/cli/store.ts"),
  ],
};

if (import.meta.main) Deno.exit(await main(Deno.args, commands));
