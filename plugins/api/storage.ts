/**
 * Storing values for a plugin.
 *
 * @module
 */

/** What `JSON.stringify()` can write. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A value that a plugin stores: bytes, a text, or anything that JSON has. */
export type StorageValue = Uint8Array | JsonValue;

/** A key with its value. */
export interface StorageEntry {
  /** The key. */
  readonly key: string;
  /** The value, a copy. */
  readonly value: StorageValue;
}

/** Which entries {@linkcode PluginStorage.list} gives. */
export interface StorageListOptions {
  /** What the keys begin with. Default: nothing, which is all. */
  prefix?: string;
  /** The `next` of the page before. Default: the first page. */
  after?: string;
  /** Most entries of the page, 1 to 1000. Default: 100. */
  limit?: number;
}

/** A page of {@linkcode PluginStorage.list}. */
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
