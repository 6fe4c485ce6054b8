/**
 * The values of one plugin as it sees them.
 *
 * @module
 */

import type {
  PluginStorage,
  StorageListOptions,
  StoragePage,
  StorageValue,
} from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { inConfiguration } from "../limits/limit_reports.ts";
import { keySize, sizeOf, type Value } from "../store/plugin_values.ts";

const LONGEST_KEY = 1024;
const LARGEST_PAGE = 1000;

const encoder = new TextEncoder();
// A text keeps its byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads and writes the values of a plugin. */
export class Storage implements PluginStorage {
  readonly #plugin: string;
  readonly #core: () => Core;

  /**
   * Creates the storage of a plugin.
   *
   * @param plugin Name of the plugin.
   * @param core The broker; throws if it does not run.
   */
  constructor(plugin: string, core: () => Core) {
    this.#plugin = plugin;
    this.#core = core;
  }

  // deno-lint-ignore require-await -- what is wrong rejects
  async get<T extends StorageValue = StorageValue>(
    key: string,
  ): Promise<T | undefined> {
    const value = this.#core().values.of(this.#plugin).get(key);
    return value && decode(value) as T;
  }

  async set(key: string, value: StorageValue): Promise<void> {
    const core = this.#core();
    checkKey(key);
    const encoded = encode(key, value);
    this.#refuseTooMuch(core, key, encoded);
    refuseFailed(core);
    await core.values.set(this.#plugin, key, encoded);
  }

  async delete(key: string): Promise<boolean> {
    const core = this.#core();
    if (core.values.of(this.#plugin).get(key) === undefined) return false;
    refuseFailed(core);
    await core.values.delete(this.#plugin, key);
    return true;
  }

  // deno-lint-ignore require-await -- what is wrong rejects
  async list(options: StorageListOptions = {}): Promise<StoragePage> {
    const { prefix = "", after, limit = 100 } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE) {
      throw new RangeError(
        `Cannot list values: limit must be from 1 to ${LARGEST_PAGE}, not ${limit}`,
      );
    }
    const table = this.#core().values.of(this.#plugin);
    const items: { key: string; value: StorageValue }[] = [];
    for (const [key, value] of table.from(prefix, after)) {
      if (items.length === limit) return { items, next: items[limit - 1].key };
      items.push({ key, value: decode(value) });
    }
    return { items };
  }

  async clear(): Promise<void> {
    const core = this.#core();
    if (core.values.of(this.#plugin).size === 0) return;
    refuseFailed(core);
    await core.values.clear(this.#plugin);
  }

  #refuseTooMuch(core: Core, key: string, value: Value): void {
    const { maxPluginStorage, maxPluginValue } = core.config;
    const refuse = (
      limit: "maxPluginStorage" | "maxPluginValue",
      bytes: number,
      what: string,
    ): never => {
      const most = core.config[limit];
      core.reports.reached(limit, this.#plugin, "Value not stored", most);
      throw new RangeError(
        `Cannot store "${key}": ${what} ${bytes} bytes, at most ${most} are allowed (${
          inConfiguration(limit)
        })`,
      );
    };
    const { length } = value.bytes;
    if (length > maxPluginValue) {
      refuse("maxPluginValue", length, "the value has");
    }
    const table = core.values.of(this.#plugin);
    const known = table.get(key);
    const before = known === undefined ? 0 : sizeOf(key, known);
    const after = table.bytes - before + sizeOf(key, value);
    // What makes it smaller is always possible, whatever the limit has become.
    if (
      maxPluginStorage > 0 && after > maxPluginStorage && after > table.bytes
    ) {
      refuse(
        "maxPluginStorage",
        after,
        `the values of the plugin "${this.#plugin}" would have`,
      );
    }
  }
}

/** While the store fails, nobody knows when anything more would be written. */
function refuseFailed({ journal }: Core): void {
  if (journal?.failure !== undefined) throw journal.failure;
}

function checkKey(key: string): void {
  const problem = typeof key !== "string"
    ? "it is not a text"
    : key === ""
    ? "it is empty"
    : key.includes("\0") || !key.isWellFormed()
    ? "it has a null character or half a character"
    : keySize(key) > LONGEST_KEY
    ? `it has ${keySize(key)} bytes, at most ${LONGEST_KEY} are allowed`
    : undefined;
  if (problem === undefined) return;
  throw new TypeError(
    `Cannot use the key "${String(key).slice(0, 64)}": ${problem}`,
  );
}

function encode(key: string, value: StorageValue): Value {
  if (value instanceof Uint8Array) {
    return { kind: "bytes", bytes: value.slice() };
  }
  if (typeof value === "string" && value.isWellFormed()) {
    return { kind: "text", bytes: encoder.encode(value) };
  }
  // JSON also has a form for half a character.
  const text = json(key, value);
  return { kind: "json", bytes: encoder.encode(text) };
}

function json(key: string, value: unknown): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return text;
  throw new TypeError(
    `Cannot store "${key}": the value must be bytes, a text or JSON, not ${typeof value}`,
    { cause },
  );
}

function decode({ kind, bytes }: Value): StorageValue {
  if (kind === "bytes") return bytes.slice();
  const text = decoder.decode(bytes);
  return kind === "text" ? text : JSON.parse(text);
}
