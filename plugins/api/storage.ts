/**
 * Storing values for a plugin.
 *
 * @module
 */

/**
 * What `JSON.stringify()` can write.
 *
 * @example
 * ```ts
 * import type { ApplicationMessage, JsonValue } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // What is worth storing of a message.
 * function summaryOf({ topic, qos, payload }: ApplicationMessage): JsonValue {
 *   return { topic, qos, bytes: payload.length };
 * }
 *
 * await using broker = await TestBroker.start();
 * const { retained, storage } = broker.context;
 * retained.set("state/door", "open");
 * for (const message of retained.match("#")) {
 *   await storage.set("last", summaryOf(message));
 * }
 * assertEquals(await storage.get("last"), { topic: "state/door", qos: 0, bytes: 4 });
 * ```
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * A value that a plugin stores: bytes, a text, or anything that JSON has.
 *
 * @example
 * ```ts
 * import type { StorageValue } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * function sizeOf(value: StorageValue): number {
 *   if (value instanceof Uint8Array) return value.length;
 *   return new TextEncoder().encode(JSON.stringify(value)).length;
 * }
 *
 * assertEquals(sizeOf(new Uint8Array(100)), 100);
 * assertEquals(sizeOf({ visits: 7 }), 12);
 * ```
 */
export type StorageValue = Uint8Array | JsonValue;

/**
 * A key with its value.
 *
 * @example
 * ```ts
 * import type { BrokerContext, StorageEntry } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function restore({ key, value }: StorageEntry, { retained }: BrokerContext): void {
 *   if (typeof value === "string" || value instanceof Uint8Array) {
 *     retained.set(key, value);
 *   }
 * }
 *
 * await using broker = await TestBroker.start();
 * const { context } = broker;
 * await context.storage.set("state/door", "open");
 * await context.storage.set("visits", 7);
 * for (const entry of (await context.storage.list()).items) restore(entry, context);
 * assertEquals([...context.retained.match("#")].map(({ topic }) => topic), [
 *   "state/door",
 * ]);
 * ```
 */
export interface StorageEntry {
  /** The key. */
  readonly key: string;
  /** The value, a copy. */
  readonly value: StorageValue;
}

/**
 * Which entries {@linkcode PluginStorage.list} gives.
 *
 * @example
 * ```ts
 * import type { PluginStorage, StorageListOptions } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // The first addresses of a network that are banned.
 * async function banned(storage: PluginStorage, network: string): Promise<string[]> {
 *   const options: StorageListOptions = { prefix: `ban/${network}.`, limit: 20 };
 *   const { items } = await storage.list(options);
 *   return items.map(({ key }) => key.slice("ban/".length));
 * }
 *
 * await using broker = await TestBroker.start();
 * const { storage } = broker.context;
 * for (const address of ["192.0.2.9", "198.51.100.7"]) {
 *   await storage.set(`ban/${address}`, true);
 * }
 * assertEquals(await banned(storage, "192.0.2"), ["192.0.2.9"]);
 * ```
 */
export interface StorageListOptions {
  /** What the keys begin with. Default: nothing, which is all. */
  prefix?: string;
  /** The `next` of the page before. Default: the first page. */
  after?: string;
  /** Most entries of the page, 1 to 1000. Default: 100. */
  limit?: number;
}

/**
 * A page of {@linkcode PluginStorage.list}.
 *
 * @example
 * ```ts
 * import type { PluginStorage, StoragePage } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Removes what was over before a time.
 * async function removeOld(storage: PluginStorage, time: number): Promise<void> {
 *   let page: StoragePage | undefined;
 *   do {
 *     page = await storage.list({ after: page?.next });
 *     for (const { key, value } of page.items) {
 *       if (Number(value) < time) await storage.delete(key);
 *     }
 *   } while (page.next !== undefined);
 * }
 *
 * await using broker = await TestBroker.start();
 * const { storage } = broker.context;
 * await storage.set("invitation/alice", Date.now() - 1000);
 * await removeOld(storage, Date.now());
 * assertEquals((await storage.list()).items, []);
 * ```
 */
export interface StoragePage {
  /** The entries in the order of their keys. */
  readonly items: readonly StorageEntry[];
  /** What the next page is asked for with; absent if this is the last one. */
  readonly next?: string;
}

/**
 * A plugin's own values by key, which no other plugin sees. They are kept where the
 * broker keeps its sessions: with a store of SQLite they outlive the broker, else they
 * end with it. They belong to the plugin's name.
 *
 * All of them stand in memory too. How much a plugin may store is limited by
 * `max-plugin-storage` and `max-plugin-value`. Possible from `onBrokerPreStart` to the
 * end of `close()`.
 *
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 *
 * class Visits extends BasePlugin {
 *   override async onBrokerClientConnected({ clientId }: ClientEvent) {
 *     const visits = await this.context.storage.get<number>(clientId) ?? 0;
 *     await this.context.storage.set(clientId, visits + 1);
 *   }
 * }
 * ```
 */
export interface PluginStorage {
  /**
   * Reads a value.
   *
   * @param key The key.
   * @returns A copy of the value, or `undefined` if there is none.
   */
  get<Value extends StorageValue = StorageValue>(
    key: string,
  ): Promise<Value | undefined>;
  /**
   * Sets a value. Whoever reads it gets it at once; the promise resolves when it is
   * written.
   *
   * @param key The key: 1 to 1024 bytes of UTF-8 without U+0000.
   * @param value The value; it is copied.
   * @throws {TypeError} If the key or the value is not valid.
   * @throws {RangeError} If it is too large, or the plugin has too much already.
   * @throws {Error} If the store cannot be written.
   */
  set(key: string, value: StorageValue): Promise<void>;
  /**
   * Removes a value.
   *
   * @param key The key.
   * @returns Whether there was one.
   * @throws {Error} If the store cannot be written.
   */
  delete(key: string): Promise<boolean>;
  /**
   * Lists values, a page at a time. What is there all the while is listed exactly
   * once, whatever comes and goes.
   *
   * @param options Which ones.
   * @returns A page.
   * @throws {RangeError} If `limit` is not from 1 to 1000.
   */
  list(options?: StorageListOptions): Promise<StoragePage>;
  /**
   * Removes all values.
   *
   * @throws {Error} If the store cannot be written.
   */
  clear(): Promise<void>;
}
