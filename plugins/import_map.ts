/**
 * The import map of a `deno.json`, read as Deno reads it: which file, which
 * target, relative to what.
 *
 * @module
 */

import { messageOf } from "./errors.ts";
import { parseJsonc } from "./jsonc.ts";

const CONFIG_FILES = ["deno.json", "deno.jsonc"];

/** One line of an import map. */
export interface ImportMapEntry {
  /** What the line stands for. */
  readonly target: string;
  /** The file that the line is in; a relative target resolves against it. */
  readonly file: URL;
}

/** Where an import map leads to. */
export interface ImportMapMatch {
  /** A URL, or a bare name that no line has. */
  readonly specifier: string;
  /** The file with the line that was found first. */
  readonly file: URL;
}

/** Whether a specifier says by itself where the module is. */
export function isRelative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

/** Whether a specifier has a scheme: `https:`, `npm:`, `file:`. */
export function hasScheme(specifier: string): boolean {
  // Two letters at least, since `C:` is a drive.
  return /^[a-z][a-z0-9+.-]+:/i.test(specifier);
}

/** The lines of an import map. */
export class ImportMap {
  readonly #entries: ReadonlyMap<string, ImportMapEntry>;
  /** The file that the lines come from, before the ones that it refers to. */
  readonly file: URL;

  private constructor(
    file: URL,
    entries: ReadonlyMap<string, ImportMapEntry>,
  ) {
    this.file = file;
    this.#entries = entries;
  }

  /**
   * Reads an import map.
   *
   * @param file A `deno.json`, `deno.jsonc` or import map.
   * @returns The import map.
   * @throws {SyntaxError} If the file is not valid.
   * @throws {Deno.errors.NotFound} If there is no such file.
   * @throws {Deno.errors.NotCapable} If the permission to read it is lacking.
   */
  static async read(file: URL): Promise<ImportMap> {
    const { imports } = await readConfigFile(file);
    return new ImportMap(file, imports);
  }

  /**
   * Finds the import map that Deno itself would take: the nearest `deno.json` or
   * `deno.jsonc` from a folder upward, completed by its workspace's root.
   *
   * @param folder Where the search begins.
   * @returns The import map, or `undefined` if there is none.
   * @throws {SyntaxError} If a file is not valid.
   * @throws {Deno.errors.NotCapable} If the permission to read a file is lacking.
   */
  static async find(folder: URL): Promise<ImportMap | undefined> {
    let nearest: ConfigFile | undefined;
    for (const candidate of configFilesUpward(folder)) {
      const found = await readIfPresent(candidate);
      if (found === undefined) continue;
      nearest ??= found;
      if (!found.isWorkspace) continue;
      // The lines of the member win over the lines of the workspace.
      const imports = new Map([...found.imports, ...nearest.imports]);
      return new ImportMap(nearest.file, imports);
    }
    return nearest && new ImportMap(nearest.file, nearest.imports);
  }

  /** The keys, in the order of the file. */
  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  /** The line of a key. */
  get(key: string): ImportMapEntry | undefined {
    return this.#entries.get(key);
  }

  /**
   * Follows a bare name through the map, from line to line if need be.
   *
   * @param name A bare name.
   * @returns Where it leads to, or `undefined` if no line has it.
   * @throws {TypeError} If the lines lead in a circle.
   */
  resolve(name: string): ImportMapMatch | undefined {
    const first = this.#match(name);
    if (first === undefined) return undefined;
    const seen = new Set([name]);
    let { target, file } = first;
    while (!isRelative(target) && !hasScheme(target)) {
      const [bare, fragment] = splitFragment(target);
      if (seen.has(bare)) {
        throw new TypeError(
          `Cannot resolve "${name}": "${bare}" leads back to itself in "${
            displayUrl(file)
          }"`,
        );
      }
      seen.add(bare);
      const next = this.#match(bare);
      if (next === undefined) return { specifier: target, file: first.file };
      target = fragment === undefined
        ? next.target
        : `${splitFragment(next.target)[0]}#${fragment}`;
      file = next.file;
    }
    const specifier = isRelative(target) ? new URL(target, file).href : target;
    return { specifier, file: first.file };
  }

  /** The line of exactly `name`, or the longest that is a folder or package of it. */
  #match(name: string): ImportMapEntry | undefined {
    const exact = this.#entries.get(name);
    if (exact !== undefined) return exact;
    let best: ImportMapEntry | undefined;
    let bestLength = 0;
    for (const [key, entry] of this.#entries) {
      const prefix = key.endsWith("/") ? key : `${key}/`;
      if (prefix.length <= bestLength || !name.startsWith(prefix)) continue;
      // Deno lets the key of a package stand for its subpaths too.
      const isPackage = /^(?:npm|jsr):/.test(entry.target);
      if (!key.endsWith("/") && !isPackage) continue;
      const [target] = splitFragment(entry.target);
      const folder = target.endsWith("/") || !isPackage ? target : `${target}/`;
      best = { target: folder + name.slice(prefix.length), file: entry.file };
      bestLength = prefix.length;
    }
    return best;
  }
}

/** Cuts `#Name` off; it picks an export and is no part of the module's address. */
export function splitFragment(
  specifier: string,
): [address: string, fragment: string | undefined] {
  const at = specifier.indexOf("#");
  if (at === -1) return [specifier, undefined];
  return [specifier.slice(0, at), specifier.slice(at + 1)];
}

/** A URL as a person writes it: a path if it is a file. */
export function displayUrl(url: URL): string {
  return url.protocol === "file:" ? decodeURI(url.pathname) : url.href;
}

interface ConfigFile {
  readonly file: URL;
  readonly imports: ReadonlyMap<string, ImportMapEntry>;
  readonly isWorkspace: boolean;
}

function* configFilesUpward(folder: URL): Iterable<URL> {
  let current = new URL("./", folder);
  while (true) {
    for (const name of CONFIG_FILES) yield new URL(name, current);
    const parent = new URL("../", current);
    if (parent.href === current.href) return;
    current = parent;
  }
}

async function readIfPresent(file: URL): Promise<ConfigFile | undefined> {
  try {
    return await readConfigFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function readConfigFile(file: URL): Promise<ConfigFile> {
  const content = await readObject(file);
  const isWorkspace = content.workspace !== undefined;
  // Like Deno: a file with `imports` of its own ignores `importMap`.
  if (content.imports === undefined && typeof content.importMap === "string") {
    const mapFile = new URL(content.importMap, file);
    const { imports } = await readObject(mapFile);
    return { file, imports: readImports(imports, mapFile), isWorkspace };
  }
  return { file, imports: readImports(content.imports, file), isWorkspace };
}

async function readObject(file: URL): Promise<Record<string, unknown>> {
  const text = await readText(file);
  let content: unknown;
  try {
    content = parseJsonc(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read "${displayUrl(file)}": ${messageOf(cause)}`,
      { cause },
    );
  }
  if (!isObject(content)) {
    throw new SyntaxError(
      `Cannot read "${displayUrl(file)}": it must hold an object`,
    );
  }
  return content;
}

async function readText(file: URL): Promise<string> {
  if (file.protocol === "file:") return await Deno.readTextFile(file);
  const response = await fetch(file);
  if (response.ok) return await response.text();
  await response.body?.cancel();
  throw new Deno.errors.NotFound(
    `Cannot read "${file.href}": the server answered ${response.status}`,
  );
}

function readImports(
  imports: unknown,
  file: URL,
): ReadonlyMap<string, ImportMapEntry> {
  const entries = new Map<string, ImportMapEntry>();
  if (imports === undefined) return entries;
  if (!isObject(imports)) {
    throw new SyntaxError(
      `Cannot read "${displayUrl(file)}": "imports" must be an object`,
    );
  }
  for (const [key, target] of Object.entries(imports)) {
    if (typeof target !== "string") {
      throw new SyntaxError(
        `Cannot read "${
          displayUrl(file)
        }": "imports" must map "${key}" to a string`,
      );
    }
    entries.set(key, { target, file });
  }
  return entries;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
