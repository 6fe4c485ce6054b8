/**
 * Takes from a sandbox what Deno grants to everybody. It must run before the plugin
 * is evaluated.
 *
 * @module
 */

import { Worker } from "node:worker_threads";

/**
 * Removes threads. A loop in one of them would not keep the plugin from showing signs
 * of life, and so would never be ended.
 */
export function removeThreads(): void {
  Reflect.deleteProperty(globalThis, "Worker");
  // The name that others import cannot be changed; but its constructor calls this one.
  Object.setPrototypeOf(
    Worker,
    class {
      constructor() {
        throw new Error("a plugin in a sandbox cannot start threads");
      }
    },
  );
  Object.preventExtensions(Worker);
}

/** What stores on the disk without a right to write, and whose objects lead there. */
const STORAGE: readonly string[] = [
  "Cache",
  "CacheStorage",
  "Storage",
  "caches",
  "indexedDB",
  "localStorage",
  "sessionStorage",
];

/** Removes storage that needs no right to write: it has no limit that holds for all of it. */
export function removeStorage(): void {
  for (const name of STORAGE) Reflect.deleteProperty(globalThis, name);
  Reflect.deleteProperty(Deno, "openKv");
  Reflect.deleteProperty(Deno, "Kv");
}
