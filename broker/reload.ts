/**
 * Another configuration for a broker that runs: load everything, then swap.
 *
 * @module
 */

import type { PluginEntry } from "../plugins/manager.ts";
import type { PluginNamespace } from "../plugins/namespace.ts";
import type { PluginChange } from "../plugins/plugin_changes.ts";
import { sameData } from "../plugins/same_data.ts";
import { joinPath } from "./config/key_path.ts";
import type { ListenerConfig, ResolvedConfig } from "./config/mod.ts";
import type { AdminServer } from "./admin/server.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { inConfiguration } from "./limits/limit_reports.ts";
import type { RunningListener } from "./transport/transport.ts";

/**
 * What a reload has done.
 *
 * @example
 * ```ts
 * import { Broker, type ReloadResult } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * function advice({ restart }: ReloadResult): string {
 *   if (restart.length === 0) return "Everything is in use";
 *   return `Restart the broker for ${restart.join(", ")}`;
 * }
 *
 * const listeners = { default: { bind: "127.0.0.1:0" } };
 * await using broker = new Broker({ listeners });
 * await broker.start();
 * const limit = await broker.reload({ listeners, maxQos: 1 });
 * assertEquals(advice(limit), "Everything is in use");
 * const more = { ...listeners, web: { type: "ws" as const } };
 * const listener = await broker.reload({ listeners: more });
 * assertEquals(advice(listener), "Restart the broker for listeners.web (new)");
 * ```
 */
export interface ReloadResult {
  /**
   * What differs from the configuration that the broker was started with and does
   * not change while it runs, by its path: `listeners.default.bind`.
   */
  readonly restart: readonly string[];
}

/** What a reload is about. */
export interface ReloadParts {
  /** The configuration that the broker was started with. */
  readonly first: ResolvedConfig;
  /** The broker; throws if it does not run any more. */
  readonly core: () => Core;
  /** Where the new configuration's plugins are looked up. */
  readonly namespace: PluginNamespace;
  /** The plugins of the new configuration. */
  readonly entries: readonly PluginEntry[];
  /** The listeners that are open. */
  readonly listeners: readonly RunningListener[];
  /** The admin listener, if it is open. */
  readonly admin: AdminServer | undefined;
  /** The connections that are open. */
  readonly connections: Iterable<Connection>;
  /** Makes the new configuration the present one. */
  readonly swap: () => void;
}

/** Keys that are read once, when the broker starts. */
const READ_ONCE = ["overlapping", "store"] as const;

/**
 * Takes another configuration into use.
 *
 * @param next The new configuration.
 * @param parts What it is for.
 * @returns What needs a restart.
 * @throws {PluginError} If a plugin cannot be loaded or started, or refuses its options; nothing has changed then.
 * @throws {Error} If the broker does not run.
 */
export async function reload(
  next: ResolvedConfig,
  parts: ReloadParts,
): Promise<ReloadResult> {
  const { first, core, listeners, connections, namespace, entries } = parts;
  const { plugins, logger } = core();
  const change = await plugins.changes.prepare(entries, {
    namespace,
    brokerConfig: next.raw,
  });
  await discardUnless(core, change);
  parts.swap();
  const committed = change.commit();
  plugins.configure({
    decisionTimeout: next.pluginTimeout * 1000,
    authPolicy: next.authPolicy,
    topicPolicy: next.topicPolicy,
  });
  const restart = READ_ONCE
    .filter((key) => !sameData(first[key], next[key]))
    .map(inConfiguration);
  restart.push(...updateListeners(listeners, first, next));
  for (const connection of connections) {
    if (connection.phase === "open") connection.adoptLimits();
  }
  await committed;
  restart.push(...await updateAdmin(parts.admin, first, next));
  restart.push(...change.restart);
  for (const warning of next.warnings) logger.warn(warning);
  logger.info("Configuration reloaded", { source: next.source });
  if (restart.length > 0) {
    logger.warn("A restart is needed for a part of the configuration", {
      restart,
    });
  }
  plugins.emit("onBrokerConfigReloaded", { restart });
  return { restart };
}

/**
 * Discards a change of the plugins if the broker has ended while it was prepared.
 *
 * @param core The broker; throws if it does not run any more.
 * @param change The change.
 */
export async function discardUnless(
  core: () => Core,
  change: PluginChange,
): Promise<void> {
  try {
    core();
  } catch (error) {
    await change.discard();
    throw error;
  }
}

/** Gives the listeners their new settings; what they cannot change is the answer. */
function updateListeners(
  listeners: readonly RunningListener[],
  first: ResolvedConfig,
  next: ResolvedConfig,
): string[] {
  const restart: string[] = [];
  for (const listener of listeners) {
    const path = joinPath("listeners", listener.name);
    const before = find(first, listener.name)!;
    const after = find(next, listener.name);
    if (after === undefined) {
      restart.push(`${path} (removed)`);
      continue;
    }
    const fixed = fixedOf(before, after);
    restart.push(...fixed.map((key) => joinPath(path, key)));
    // An address that cannot change yet does not keep the rest from changing.
    if (!fixed.includes("type") && !fixed.includes("ssl")) {
      listener.update(after);
    }
  }
  for (const { name } of next.listeners) {
    if (find(first, name) !== undefined) continue;
    restart.push(`${joinPath("listeners", name)} (new)`);
  }
  return restart;
}

/** Gives the admin listener its new token and certificate. */
async function updateAdmin(
  server: AdminServer | undefined,
  first: ResolvedConfig,
  next: ResolvedConfig,
): Promise<string[]> {
  const before = first.admin;
  const after = next.admin;
  if (before === undefined || after === undefined) {
    return before === after ? [] : ["admin"];
  }
  const restart: string[] = [];
  const sameAddress = before.hostname === after.hostname &&
    before.port === after.port;
  if (!sameAddress) restart.push("admin.bind");
  if ((before.tls === undefined) !== (after.tls === undefined)) {
    restart.push("admin.ssl");
  }
  // Without a token it answers whoever reaches the address that it still has.
  if (sameAddress || after.token !== undefined) await server?.update(after);
  return restart;
}

function find(
  { listeners }: ResolvedConfig,
  name: string,
): ListenerConfig | undefined {
  return listeners.find((listener) => listener.name === name);
}

/** What differs between two forms of a listener, and stays as long as it is open. */
function fixedOf(before: ListenerConfig, after: ListenerConfig): string[] {
  if (before.type !== after.type) return ["type"];
  const fixed: string[] = [];
  if (before.hostname !== after.hostname || before.port !== after.port) {
    fixed.push("bind");
  }
  if (before.path !== after.path) fixed.push("path");
  if ((before.tls === undefined) !== (after.tls === undefined)) {
    fixed.push("ssl");
  }
  return fixed;
}
