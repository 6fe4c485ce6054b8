/**
 * What a program tells a broker, and what it is told.
 *
 * @module
 */

import type { Logger } from "../plugins/mod.ts";
import type { BrokerConfig, ResolvedConfig } from "./config/mod.ts";
import type { Store } from "./store/store.ts";

/** What a host program may give a broker beside the configuration. */
export interface BrokerOptions {
  /** Section of the import map that has the plugins. Default: the configuration's, else `"dinomq.plugins"`. */
  pluginNamespace?: string;
  /** Import map or deno.json with the namespace. Default: the configuration's, else the one that Deno itself would take. */
  importMap?: string | URL;
  /** Loads a plugin's module; lets a program import in its own name: `(s) => import(s)`. */
  import?: (specifier: string) => Promise<unknown>;
  /** Keeps sessions and messages; replaces the configuration's `store`. */
  store?: Store;
  /** Reads the configuration again, for the command `reload` that clients may give. Default: they cannot. */
  readConfig?: () => Promise<BrokerConfig | ResolvedConfig>;
  /** Where the broker logs. Default: text on standard error, level `info`. */
  logger?: Logger;
  /**
   * Collects garbage at once. Called at a quiet moment after a thousand clients have
   * come, which leave much of it: `globalThis.gc` in a process that was started with
   * `--v8-flags=--expose-gc`. Default: V8 collects when it wants to.
   */
  collectGarbage?: () => void;
}

/** How far a broker is. */
export type BrokerState =
  | "new"
  | "starting"
  | "started"
  | "stopping"
  | "stopped";

export type { PluginDescription } from "../plugins/manager.ts";

/** What `Broker.handleTransport()` may be told about a connection. */
export interface HandleTransportOptions {
  /** Name of the listener that plugins see. Default: `"external"`. */
  listener?: string;
}
