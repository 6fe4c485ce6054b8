/** The store in a configuration: as it is written, and filled in. @module */

import type { Size } from "./limit_types.ts";

/**
 * A store as it is written.
 *
 * @example
 * ```ts
 * import { Broker, type StoreInput } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempDir();
 * const store: StoreInput = { type: "sqlite", path: `${path}/store.db` };
 * const broker = new Broker({
 *   store,
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 * });
 * await broker.start();
 * broker.context.publish("lamp", "on", { retain: true });
 * await broker.shutdown();
 *
 * await broker.start(); // As a new process would
 * assertEquals(broker.context.retained.size, 1);
 * await broker.shutdown();
 * await Deno.remove(path, { recursive: true });
 * ```
 */
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

/**
 * A store with everything filled in.
 *
 * @example
 * ```ts
 * import { loadConfig, type StoreConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // What a message survives that was acknowledged.
 * function survives(
 *   store: StoreConfig,
 * ): "nothing" | "a crash" | "a power cut" {
 *   if (store.type === "memory") return "nothing";
 *   return store.durability === "power" ? "a power cut" : "a crash";
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "store: { type: sqlite, path: mqtt.db }\n");
 * const { store } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(survives(store), "a crash");
 * ```
 */
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
