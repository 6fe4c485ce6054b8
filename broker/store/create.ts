/**
 * The store that a configuration asks for.
 *
 * @module
 */

import type { StoreConfig } from "../config/types.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Store } from "./store.ts";

/**
 * Makes a store.
 *
 * @param config What the configuration says.
 * @returns The store, not yet open; `undefined`: what the broker has in memory is all.
 */
export function createStore(config: StoreConfig): Store | undefined {
  return config.type === "memory" ? undefined : new SqliteStore(config);
}
