/** The shapes of a configuration: as it is written, and filled in. @module */

import type { AdminConfig, AdminInput } from "./admin_types.ts";
import type {
  AuthInput,
  LegacyPlugins,
  TopicCheckInput,
} from "./legacy_types.ts";
import type { Limits, LimitsInput } from "./limit_types.ts";
import type { ListenerConfig, ListenerInput } from "./listener_types.ts";
import type {
  DecisionPolicy,
  PluginSetting,
  PluginsInput,
} from "./plugin_types.ts";
import type { StoreConfig, StoreInput } from "./store_types.ts";

export type {
  CircuitBreakerPolicy,
  Fallback,
  PluginPolicy,
} from "../../plugins/policy.ts";
export type { AdminConfig, AdminInput } from "./admin_types.ts";
export type {
  AuthInput,
  LegacyPlugins,
  TopicCheckInput,
} from "./legacy_types.ts";
export type {
  Limits,
  LimitsInput,
  ListenerLimits,
  ListenerLimitsInput,
  Size,
} from "./limit_types.ts";
export type {
  ClientCertificate,
  ListenerConfig,
  ListenerInput,
} from "./listener_types.ts";
export type {
  CircuitBreakerInput,
  DecisionPolicy,
  PluginInput,
  PluginSetting,
  PluginsInput,
} from "./plugin_types.ts";
export type { StoreConfig, StoreInput } from "./store_types.ts";

/**
 * What happens when two users use the same client identifier.
 *
 * @example
 * ```ts
 * import type { ClientIdConflict } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function codeForBob(
 *   clientIdConflict: ClientIdConflict,
 * ): Promise<number> {
 *   await using broker = await TestBroker.start({
 *     config: { clientIdConflict },
 *   });
 *   await broker.connect({ clientId: "phone", username: "alice" });
 *   return (await broker.connect({ clientId: "phone", username: "bob" })).code;
 * }
 *
 * assertEquals(await codeForBob("refuse"), 0x85); // Client Identifier not valid
 * assertEquals(await codeForBob("fresh"), 0);
 * ```
 */
export type ClientIdConflict = "refuse" | "fresh";

/**
 * Protocol level of MQTT 3.1, 3.1.1 and 5.
 *
 * @example
 * ```ts
 * import type { ProtocolLevel } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // The configuration has versions, the clients of a test their levels.
 * await using broker = await TestBroker.start({
 *   config: { versions: ["3.1.1", 5] },
 * });
 * const codes: number[] = [];
 * const levels: ProtocolLevel[] = [3, 4, 5];
 * for (const version of levels) {
 *   codes.push((await broker.connect({ version })).code);
 * }
 * assertEquals(codes, [1, 0, 0]); // 1: unacceptable protocol version
 * ```
 */
export type ProtocolLevel = 3 | 4 | 5;

/**
 * The configuration as it is written. Everything is optional. In a file a key may
 * also be spelled `max-packet-size` or `max_packet_size`.
 *
 * @example
 * ```ts
 * import { Broker, type BrokerConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const config: BrokerConfig = {
 *   listeners: {
 *     default: { bind: "127.0.0.1:0" },
 *     browsers: { type: "ws", bind: "127.0.0.1:0" },
 *   },
 *   plugins: { auth_anonymous: { allowAnonymous: true } },
 *   maxQos: 1,
 *   sessionExpiryInterval: 24 * 3600,
 * };
 * await using broker = new Broker(config);
 * await broker.start();
 * assertEquals(broker.listeners.map(({ name }) => name), [
 *   "default",
 *   "browsers",
 * ]);
 * ```
 */
export interface BrokerConfig extends LimitsInput {
  /** Listeners by name. Default: one, on 127.0.0.1:1883. */
  listeners?: Record<string, ListenerInput | null>;
  /**
   * Where sessions, messages and retained messages are kept. Default: `"memory"`,
   * which ends with the broker.
   */
  store?: "memory" | StoreInput;
  /** Health, metrics and the routes of plugins over HTTP; `null`: with its defaults. Default: none. */
  admin?: AdminInput | null;
  /** Plugins, in the order in which they are asked. Default: none, so that nobody gets in. */
  plugins?: PluginsInput;
  /** Section of the import map that has the plugins. Default: `"dinomq.plugins"`. */
  pluginNamespace?: string;
  /**
   * Import map or `deno.json` that has the section: a URL, or a path relative to the
   * configuration file. Default: the one that Deno itself would take.
   */
  importMap?: string;
  /** How the answers of authentication plugins become one. Default: `"all"`. */
  authPolicy?: DecisionPolicy;
  /** How the answers of topic plugins become one. Default: `"all"`. */
  topicPolicy?: DecisionPolicy;
  /** Seconds after which a plugin's missing answer is a no. Default: 5. */
  pluginTimeout?: number;
  /** Seconds that the start waits for plugins that are not ready. Default: 30. */
  readyTimeout?: number;
  /** aMQTT's older way to name authentication plugins; not used if there are `plugins`. */
  auth?: AuthInput;
  /** aMQTT's older way to name topic plugins; not used if there are `plugins`. */
  topicCheck?: TopicCheckInput;
  /** aMQTT's older way to give the plugin `sys` its interval, in seconds. */
  sysInterval?: number;
  /** Seconds beyond one and a half keep alive before a silent client is cut off. Default: 0. */
  timeoutDisconnectDelay?: number;
  /** Whether messages of QoS 0 wait for a client that is away. Default: `false`. */
  queueQos0?: boolean;
  /** Highest QoS. Default: 2. */
  maxQos?: 0 | 1 | 2;
  /** Whether there are retained messages. Default: `true`. */
  retainAvailable?: boolean;
  /** Whether a client whose filters overlap gets one message or each. Default: `"merge"`. */
  overlapping?: "merge" | "each";
  /**
   * What MQTT 5 clients get that ask for response information: where answers to them
   * may go. `%c` stands for the client identifier. Default: none.
   */
  responseInformation?: string;
  /** Whether clients may publish to topics that begin with `$`. Default: `false`. */
  allowDollarPublish?: boolean;
  /**
   * What a client gets whose client identifier has a session of another user:
   * `refuse` ends the connection, `fresh` ends the other one's session. Default:
   * `"refuse"`.
   */
  clientIdConflict?: ClientIdConflict;
  /** Versions of MQTT: 3.1, `"3.1.1"`, 5. Default: all. */
  versions?: (string | number)[];
  /** Seconds that a shutdown waits for what is under way. Default: 10. */
  shutdownTimeout?: number;
}

/**
 * A configuration with everything filled in.
 *
 * @example
 * ```ts
 * import { Broker, loadConfig, type ResolvedConfig } from "@dinomq/broker";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * // Everybody may listen where it likes.
 * function onFreePorts(config: ResolvedConfig): ResolvedConfig {
 *   const listeners = config.listeners.map((listener) => ({
 *     ...listener,
 *     hostname: "127.0.0.1",
 *     port: 0,
 *   }));
 *   return { ...config, listeners };
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "plugins: { auth_anonymous: }\n");
 * await using broker = new Broker(onFreePorts(await loadConfig(path)));
 * await Deno.remove(path);
 * await broker.start();
 * assertNotEquals(broker.listeners[0].port, 1883);
 * ```
 */
export interface ResolvedConfig extends Limits {
  /** Where sessions, messages and retained messages are kept. */
  store: StoreConfig;
  /** The listeners, in their order. */
  listeners: ListenerConfig[];
  /** Present if there is an admin listener. */
  admin?: AdminConfig;
  /** The plugins, in their order; empty in the older style. */
  plugins: PluginSetting[];
  /** Present in aMQTT's older style. */
  legacy?: LegacyPlugins;
  /** How the answers of authentication plugins become one. */
  authPolicy: DecisionPolicy;
  /** How the answers of topic plugins become one. */
  topicPolicy: DecisionPolicy;
  /** Seconds. */
  pluginTimeout: number;
  /** Seconds. */
  readyTimeout: number;
  /** Section of the import map that has the plugins, if one is named. */
  pluginNamespace?: string;
  /** Import map that has the section, if one is named; a path starts at the working directory. */
  importMap?: string | URL;
  /** Seconds. */
  timeoutDisconnectDelay: number;
  /** Whether messages of QoS 0 wait for a client that is away. */
  queueQos0: boolean;
  /** Highest QoS. */
  maxQos: 0 | 1 | 2;
  /** Whether there are retained messages. */
  retainAvailable: boolean;
  /** Whether a client whose filters overlap gets one message or each. */
  overlapping: "merge" | "each";
  /** Response information, with `%c` for the client identifier. */
  responseInformation?: string;
  /** Whether clients may publish to topics that begin with `$`. */
  allowDollarPublish: boolean;
  /** What a client gets whose identifier has a session of another user. */
  clientIdConflict: ClientIdConflict;
  /** Protocol levels, ascending. */
  versions: ProtocolLevel[];
  /** Seconds. */
  shutdownTimeout: number;
  /** The configuration as it was written, keys in camelCase; frozen all through. */
  raw: Readonly<Record<string, unknown>>;
  /** Where it came from: a file name or a description. */
  source: string;
  /** Where the relative specifiers of plugins start. */
  baseUrl?: URL;
  /** What works, but deserves a look. The broker logs it. */
  warnings: string[];
}
