/** The shapes of a configuration: as it is written, and filled in. */

import type { AdminConfig, AdminInput } from "./admin_types.ts";
import type { SandboxOptions } from "../../plugins/sandbox/options.ts";
import type {
  CircuitBreakerPolicy,
  Fallback,
  PluginPolicy,
} from "../../plugins/policy.ts";
import type {
  Limits,
  LimitsInput,
  ListenerLimits,
  ListenerLimitsInput,
} from "./limit_types.ts";

export type { AdminConfig, AdminInput };
export type { CircuitBreakerPolicy, Fallback, PluginPolicy };
export type { Limits, LimitsInput, ListenerLimits, ListenerLimitsInput };

/** A number of bytes, or a text such as `"64KB"` (64,000) or `"2MiB"` (2,097,152). */
export type Size = number | string;

/** How the answers of several plugins become one. */
export type DecisionPolicy = "all" | "first" | "deny-overrides";

/** Whether a client is asked for a certificate. */
export type ClientCertificate = "none" | "optional" | "required";

/** What happens when two users use the same client identifier. */
export type ClientIdConflict = "refuse" | "fresh";

/** Protocol level of MQTT 3.1, 3.1.1 and 5. */
export type ProtocolLevel = 3 | 4 | 5;

/**
 * A listener as it is written. What one does not say for itself it takes from the
 * listener named `default`, if there is one.
 */
export interface ListenerInput extends ListenerLimitsInput {
  /** What it speaks; `external`: a host program brings the connections. Default: `"tcp"`. */
  type?: "tcp" | "ws" | "unix" | "external";
  /**
   * Address: `1883`, `":1883"`, `"host:1883"`, `"[::]:1883"`, `"host"`; of a Unix
   * socket its path. Port 0 takes a free one. Default: `"0.0.0.0"` with port 1883,
   * of a WebSocket listener 8883.
   */
  bind?: string | number;
  /** Most connections at one time; 0 and -1: no limit. Default: 0. */
  maxConnections?: number;
  /**
   * Whether connections begin with a header of the PROXY protocol, version 1 or 2.
   * Needs `proxyFrom`. Default: `false`.
   */
  proxyProtocol?: boolean;
  /** Addresses and networks of the proxies (`10.0.0.0/8`); all others are refused. */
  proxyFrom?: string[];
  /** Whether it speaks TLS. Default: `false`. */
  ssl?: boolean;
  /** File of the server's certificate chain, PEM. */
  certfile?: string;
  /** File of the server's private key, PEM. */
  keyfile?: string;
  /** File of the authorities that client certificates must come from, PEM. */
  cafile?: string;
  /** Folder of such files. */
  capath?: string;
  /** Such authorities as text, PEM. */
  cadata?: string;
  /** Whether clients are asked for a certificate. Default: `"optional"` if there are authorities, else `"none"`. */
  clientCertificate?: ClientCertificate;
  /** Path of the WebSocket's URL; `"*"`: any. Default: `"/mqtt"`. */
  wsPath?: string;
  /** Path of the Unix socket, or of the WebSocket's URL. */
  path?: string;
  /** Origins that browsers may come from; none: any. Default: none. */
  origins?: string[];
  /** aMQTT knows it and does not use it; neither does DinoMQ. */
  reader?: string;
  /** aMQTT knows it and does not use it; neither does DinoMQ. */
  writer?: string;
}

/** A store as it is written. */
export interface StoreInput {
  /** What kind of store. */
  type: "memory" | "sqlite";
  /** File of the store; needed for `sqlite`. */
  path?: string;
  /**
   * What an acknowledged message survives: the death of the process, or the loss of
   * power too, which is slower. Default: `"process"`.
   */
  durability?: "process" | "power";
  /** Most bytes of the file; 0: no limit. Default: 0. */
  maxSize?: Size;
  /** Whether the file is deleted when the broker is shut down. Default: `false`. */
  clearOnShutdown?: boolean;
}

/** A store with everything filled in. */
export type StoreConfig = { type: "memory" } | {
  /** A SQLite file. */
  type: "sqlite";
  /** The file. */
  path: string;
  /** What an acknowledged message survives. */
  durability: "process" | "power";
  /** Bytes; 0: no limit. */
  maxSize: number;
  /** Whether the file is deleted when the broker is shut down. */
  clearOnShutdown: boolean;
};

/** A plugin by its class, an instance or a name, with what it needs. */
export interface PluginInput {
  /** Alias, specifier, class or instance. */
  plugin: unknown;
  /** The plugin's own options. */
  options?: unknown;
  /** Name in the log. Default: the alias or the name of the class. */
  name?: string;
  /**
   * What the bytes of its module must have: one or more hashes as in HTML, such as
   * `"sha256-…"`. For modules of `file:`, `http:` and `https:`; what they import is not
   * looked at. Default: anything.
   */
  integrity?: string;
  /** Which plugins come first: those with a higher number. Default: the plugin's manifest, else 0. */
  priority?: number;
  /** Names of plugins that it comes before. */
  before?: string | string[];
  /** Names of plugins that it comes after. */
  after?: string | string[];
  /**
   * Seconds that it may take for an answer, or for those of some hooks, such as
   * `{ authenticate: 2 }`; there the events of the life cycle may be named, too.
   * Default: `pluginTimeout`.
   */
  timeout?: number | Record<string, number>;
  /**
   * What counts as the answer of an interceptor that fails: `deny`, or `allow` to go on
   * unchanged. Of `authenticate`, `enhancedAuthenticate` and `topicFiltering` it can only
   * be `deny`. Default: `deny`.
   */
  fallback?: Record<string, "deny" | "allow">;
  /**
   * Answers that are waited for at one time; up to 1,000 more wait until it is their
   * turn, within the time limit. Default: no limit.
   */
  concurrency?: number;
  /** Leaves it alone for a while when it fails often. Default: never. */
  circuitBreaker?: CircuitBreakerInput;
  /**
   * Has the plugin run in a process of its own, with these rights; `true`: without any.
   * Default: `false`, it runs in the broker, with the broker's rights.
   */
  sandbox?: boolean | SandboxOptions;
}

/** When a plugin that fails is left alone. */
export interface CircuitBreakerInput {
  /** So many failures open it. Default: 5. */
  failures?: number;
  /** Seconds in which they happen. Default: 60. */
  window?: number;
  /** Seconds until the plugin is tried again. Default: 30. */
  open?: number;
}

/**
 * Plugins: a map of alias or specifier to options, or a list of names, of maps with
 * one such entry, of classes, of instances and of {@linkcode PluginInput}.
 */
export type PluginsInput =
  | Record<string, Record<string, unknown> | null>
  | unknown[];

/** aMQTT's older way to name authentication plugins. */
export interface AuthInput {
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `auth_anonymous`. */
  allowAnonymous?: boolean;
  /** Option of `auth_file`. */
  passwordFile?: string;
}

/** aMQTT's older way to name topic plugins. */
export interface TopicCheckInput {
  /** Whether topics are checked. Default: `false`. */
  enabled?: boolean;
  /** Another name of `enabled`. */
  enable?: boolean;
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `topic_acl`. */
  acl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  subscribeAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  publishAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  receiveAcl?: Record<string, string[]>;
}

/**
 * The configuration as it is written. Everything is optional. In a file a key may
 * also be spelled `max-packet-size` or `max_packet_size`.
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

/** A listener with everything filled in and its files read. */
export interface ListenerConfig {
  /** Its name in the configuration. */
  name: string;
  /** What it speaks. */
  type: "tcp" | "ws" | "unix" | "external";
  /** Host name or address, IPv6 without brackets; empty for Unix sockets and external ones. */
  hostname: string;
  /** Port; 0: any that is free. */
  port: number;
  /** Path of the Unix socket; empty for others. */
  path: string;
  /** Most connections at one time; 0: no limit. */
  maxConnections: number;
  /** What its clients may do at most. */
  limits: ListenerLimits;
  /** Present if connections begin with a PROXY header: who may send one. */
  proxyFrom?: string[];
  /** Present if it speaks TLS: texts in PEM. */
  tls?: {
    cert: string;
    key: string;
    ca?: string;
    clientCertificate: ClientCertificate;
  };
  /** For `ws`: path of the URL (`*`: any) and the origins allowed (none: any). */
  websocket: { path: string; origins: string[] };
}

/** A plugin to load. */
export interface PluginSetting extends PluginPolicy {
  /** Alias or specifier, or a class or instance that a host program gave. */
  plugin: unknown;
  /** The plugin's own options, as they were written. */
  options?: unknown;
  /** Name in the log, if it is not the plugin's own. */
  name?: string;
  /** Path of the plugin's options in the configuration, for messages. */
  path: string;
  /** What the bytes of its module must have, if the configuration says so. */
  integrity?: string;
  /** Has it run in a process of its own, with these rights. */
  sandbox?: SandboxOptions;
  /** What it is used for; absent: everything that it can do. */
  use?: { events?: boolean; auth?: boolean; topic?: boolean };
}

/** What aMQTT's older keys say about plugins; see `legacyPlugins()`. */
export interface LegacyPlugins {
  /** Plugins that decide who may connect; absent: all. */
  authPlugins?: string[];
  /** Plugins that decide about topics; absent: all; `false`: topics are not checked. */
  topicPlugins?: string[] | false;
  /** Options by plugin: those of `auth`. */
  authOptions: Record<string, Record<string, unknown>>;
  /** Options by plugin: those of `topic-check`. */
  topicOptions: Record<string, Record<string, unknown>>;
  /** Seconds between two publications of the plugin `sys`; 0: none. */
  sysInterval: number;
}

/** A configuration with everything filled in. */
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
