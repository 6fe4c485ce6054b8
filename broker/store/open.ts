/**
 * From a closed store to a broker that has what is in it.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { recover } from "./recovery.ts";
import type { Store } from "./store.ts";

/**
 * Opens a store and takes over what it has.
 *
 * @param core The broker.
 * @param store The store, if there is one.
 * @returns What starts again that waits for a time; `undefined` without a store.
 * @throws {StoreError} If the store cannot be opened or read.
 */
export async function openStore(
  core: Core,
  store: Store | undefined,
): Promise<(() => void) | undefined> {
  if (store === undefined) return undefined;
  await store.open();
  try {
    const goOn = recover(core, store);
    core.logger.info(`Store: ${store.name}`, {
      sessions: core.sessions.size,
      queued: core.stats.queued,
      retained: core.stats.retained,
    });
    return goOn;
  } catch (error) {
    core.journal = undefined;
    await store.close();
    throw error;
  }
}
