/**
 * What plugins have stored: in memory, and on its way to the store if there is one.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { StoredValue, ValueKind } from "./stored_types.ts";

/** A value without its names. */
export interface Value {
  readonly kind: ValueKind;
  /** The value; texts and JSON in UTF-8. Not to be changed. */
  readonly bytes: Uint8Array;
}

/** The values of all plugins. */
export class PluginValues {
  readonly #core: Core;
  readonly #tables = new Map<string, ValueTable>();
  /** Where the values of the open batch stand, by plugin and key. */
  readonly #places = new Map<string, number>();
  #batch = 0;

  /**
   * Creates empty tables.
   *
   * @param core The broker.
   */
  constructor(core: Core) {
    this.#core = core;
  }

  /** The plugins that have values. */
  get plugins(): Iterable<readonly [plugin: string, table: ValueTable]> {
    return this.#tables;
  }

  /** The values of one plugin. */
  of(plugin: string): ValueTable {
    let table = this.#tables.get(plugin);
    if (table === undefined) this.#tables.set(plugin, table = new ValueTable());
    return table;
  }

  /** Takes over a value that the store has. */
  restore({ plugin, key, kind, bytes }: StoredValue): void {
    this.of(plugin).set(key, { kind, bytes });
  }

  /**
   * Sets a value.
   *
   * @param plugin Name of the plugin.
   * @param key The key.
   * @param value The value.
   * @returns Resolves when it is written.
   */
  set(plugin: string, key: string, value: Value): Promise<void> {
    this.of(plugin).set(key, value);
    return this.#write(plugin, key, value);
  }

  /**
   * Removes a value.
   *
   * @param plugin Name of the plugin.
   * @param key The key.
   * @returns Resolves when it is written.
   */
  delete(plugin: string, key: string): Promise<void> {
    this.of(plugin).delete(key);
    return this.#write(plugin, key, undefined);
  }

  /**
   * Removes all values of a plugin.
   *
   * @param plugin Name of the plugin.
   * @returns Resolves when it is written.
   */
  clear(plugin: string): Promise<void> {
    this.#tables.delete(plugin);
    const { journal } = this.#core;
    const batch = journal?.record();
    if (batch === undefined) return Promise.resolve();
    batch.clearValues(plugin);
    return journal!.stored();
  }

  /** Only the last value of a key in a batch is written. */
  #write(plugin: string, key: string, value: Value | undefined): Promise<void> {
    const { journal } = this.#core;
    const batch = journal?.record();
    if (batch === undefined) return Promise.resolve();
    if (this.#batch !== journal!.batch) {
      this.#batch = journal!.batch;
      this.#places.clear();
    }
    // Keys have no U+0000.
    const name = `${key}\0${plugin}`;
    const earlier = this.#places.get(name);
    if (earlier !== undefined) batch.cancel(earlier);
    this.#places.set(
      name,
      value === undefined
        ? batch.deleteValue(plugin, key)
        : batch.putValue({ plugin, key, ...value }),
    );
    return journal!.stored();
  }
}

/** The values of one plugin, in the order of their keys. */
export class ValueTable {
  readonly #values = new Map<string, Value>();
  readonly #keys: string[] = [];
  /** What keys and values take, in bytes. */
  bytes = 0;

  /** How many there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** The value of a key. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Sets a value. */
  set(key: string, value: Value): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#keys.splice(this.#placeOf(key), 0, key);
    this.bytes += sizeOf(key, value) - (known ? sizeOf(key, known) : 0);
    this.#values.set(key, value);
  }

  /** Removes a value. */
  delete(key: string): void {
    const known = this.#values.get(key);
    if (known === undefined) return;
    this.#values.delete(key);
    this.#keys.splice(this.#placeOf(key), 1);
    this.bytes -= sizeOf(key, known);
  }

  /**
   * The values from a key on.
   *
   * @param prefix What the keys begin with.
   * @param after The key before the first one.
   * @returns Keys and values in order; the table must not change meanwhile.
   */
  *from(
    prefix: string,
    after: string | undefined,
  ): Generator<[key: string, value: Value]> {
    let place = this.#placeOf(prefix);
    if (after !== undefined && after >= prefix) {
      place = this.#placeOf(after);
      if (this.#keys[place] === after) place++;
    }
    for (; place < this.#keys.length; place++) {
      const key = this.#keys[place];
      if (!key.startsWith(prefix)) return;
      yield [key, this.#values.get(key)!];
    }
  }

  /** Where a key stands, or would stand. */
  #placeOf(key: string): number {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    // What is restored comes in order.
    if (high > 0 && keys[high - 1] < key) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const encoder = new TextEncoder();

/**
 * What a value takes of a plugin's room.
 *
 * @param key The key.
 * @param value The value.
 * @returns Bytes.
 */
export function sizeOf(key: string, { bytes }: Value): number {
  return keySize(key) + bytes.length;
}

/**
 * How long a key is.
 *
 * @param key The key.
 * @returns Bytes of UTF-8.
 */
export function keySize(key: string): number {
  return encoder.encode(key).length;
}
