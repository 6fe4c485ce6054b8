/**
 * What a program tells a broker, and what it is told.
 *
 * @module
 */

import type { Logger } from "../plugins/mod.ts";
import type { BrokerConfig, ResolvedConfig } from "./config/mod.ts";
import type { Store } from "./store/store.ts";

/**
 * What a host program may give a broker beside the configuration.
 *
 * @example
 * ```ts
 * import { Broker, type BrokerOptions, createLogger } from "@dinomq/broker";
 * import { assertStringIncludes } from "@std/assert";
 *
 * let log = "";
 * const options: BrokerOptions = {
 *   logger: createLogger({ level: "warn", write: (line) => log += line }),
 * };
 * const listeners = { default: { bind: "127.0.0.1:0" } };
 * await using broker = new Broker({ listeners }, options);
 * await broker.start();
 * assertStringIncludes(log, "nobody can: add auth_anonymous or auth_file");
 * ```
 */
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

/**
 * How far a broker is.
 *
 * @example
 * ```ts
 * import { Broker, type BrokerState } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new Broker({
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 * });
 * const states: BrokerState[] = [broker.state];
 * const started = broker.start();
 * states.push(broker.state);
 * await started;
 * states.push(broker.state);
 * await broker.shutdown();
 * states.push(broker.state); // From here it may be started again.
 * assertEquals(states, ["new", "starting", "started", "stopped"]);
 * ```
 */
export type BrokerState =
  | "new"
  | "starting"
  | "started"
  | "stopping"
  | "stopped";

export type { PluginDescription } from "../plugins/manager.ts";

/**
 * What `Broker.handleTransport()` may be told about a connection.
 *
 * @example
 * ```ts
 * import type {
 *   AcceptEvent,
 *   HandleTransportOptions,
 *   Transport,
 * } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const options: HandleTransportOptions = { listener: "serial" };
 * const transport: Transport = {
 *   kind: "external",
 *   remoteAddress: "",
 *   remotePort: 0,
 *   read: () => Promise.resolve(null), // The other side has hung up.
 *   write: (bytes) => Promise.resolve(bytes.length),
 *   close() {},
 * };
 *
 * const listeners: string[] = [];
 * const plugin = {
 *   interceptAccept: ({ listener }: AcceptEvent) =>
 *     void listeners.push(listener),
 * };
 * await using broker = await TestBroker.start({ plugins: [plugin] });
 * await broker.broker.handleTransport(transport, options);
 * assertEquals(listeners, ["serial"]);
 * ```
 */
export interface HandleTransportOptions {
  /** Name of the listener that plugins see. Default: `"external"`. */
  listener?: string;
}
