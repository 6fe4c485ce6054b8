/**
 * Plugins by name: a section of an import map gives the names, `import()` gives
 * the modules.
 *
 * @module
 */

import { replacementOf } from "./amqtt_names.ts";
import { BUNDLED_NAMESPACE, BUNDLED_PLUGINS, bundledAlias } from "./bundled.ts";
import { messageOf, PluginLoadError } from "./errors.ts";
import {
  displayUrl,
  hasScheme,
  ImportMap,
  isRelative,
  splitFragment,
} from "./import_map.ts";
import {
  fullSpecifier,
  importFailure,
  type ResolvedPlugin,
  selectClass,
} from "./module_loading.ts";
import { checkIntegrity, noteUnchecked } from "./integrity.ts";
import { nearest } from "./nearest.ts";
import type { PluginClass } from "./plugin_class.ts";

/** Options of {@linkcode PluginNamespace.open}. */
export interface PluginNamespaceOptions {
  /**
   * The part of the keys before the slash: `my.plugins` for `my.plugins/geo`.
   * Default: `dinomq.plugins`.
   */
  namespace?: string;
  /**
   * A `deno.json`, `deno.jsonc` or import map; a path is relative to the working
   * directory. Default: the file that Deno itself takes, searched from the folder
   * of the main module upward, for a remote main module from the working directory.
   */
  importMap?: string | URL;
  /**
   * The configuration file, which relative specifiers resolve against. Default: the
   * working directory.
   */
  baseUrl?: URL;
  /**
   * Imports a module in place of our own `import()`. A program whose own import map
   * is not found by the rules above passes `(specifier) => import(specifier)`; it is
   * then asked for names that no import map has, too.
   */
  import?: (specifier: string) => Promise<unknown>;
}

/** A plugin's class and where it came from. */
export interface LoadedPlugin {
  /** The alias, or the name of the class if a specifier was given. */
  readonly name: string;
  /** What was imported, with the name of the export if one was chosen. */
  readonly specifier: string;
  /** The import map with the alias; absent for specifiers and bundled plugins. */
  readonly importMap?: string;
  /** The class. */
  readonly pluginClass: PluginClass;
}

/** The names that a broker knows plugins by, and the way from a name to a class. */
export class PluginNamespace {
  /** The part of the keys before the slash. */
  readonly name: string;
  readonly #map: ImportMap | undefined;
  readonly #mapProblem: string;
  readonly #baseUrl: URL | undefined;
  readonly #import: (specifier: string) => Promise<unknown>;
  readonly #hasOwnImport: boolean;

  private constructor(
    options: PluginNamespaceOptions,
    map: ImportMap | undefined,
    mapProblem: string,
  ) {
    this.name = options.namespace ?? BUNDLED_NAMESPACE;
    this.#map = map;
    this.#mapProblem = mapProblem;
    this.#baseUrl = options.baseUrl;
    this.#import = options.import ?? ((specifier) => importModule(specifier));
    this.#hasOwnImport = options.import !== undefined;
  }

  /**
   * Opens a namespace: finds and reads the import map. Nothing is imported yet.
   *
   * @param options Which namespace, which import map.
   * @returns The namespace.
   * @throws {PluginLoadError} If the import map that was given cannot be read, or one is not valid.
   */
  static async open(
    options: PluginNamespaceOptions = {},
  ): Promise<PluginNamespace> {
    const name = options.namespace ?? BUNDLED_NAMESPACE;
    try {
      if (options.importMap !== undefined) {
        const map = await ImportMap.read(fileUrl(options.importMap));
        return new PluginNamespace(options, map, "");
      }
      const start = searchStart();
      const map = await ImportMap.find(start);
      const problem = `no deno.json was found from "${
        displayUrl(start)
      }" upward; name one with importMap or --import-map`;
      return new PluginNamespace(options, map, problem);
    } catch (cause) {
      if (
        options.importMap === undefined &&
        cause instanceof Deno.errors.NotCapable
      ) {
        // Bundled plugins need no import map, and so no permission to read it.
        const problem =
          `deno.json could not be read: ${cause.message}; run with --allow-read`;
        return new PluginNamespace(options, undefined, problem);
      }
      throw new PluginLoadError(
        name,
        cause instanceof Deno.errors.NotCapable ? "permission" : "import-map",
        `Cannot open the plugin namespace "${name}": ${
          mapFailure(cause, options.importMap)
        }`,
        { cause },
      );
    }
  }

  /**
   * Checks a module that another process imports.
   *
   * @param plugin The plugin.
   * @param integrity What the module's bytes must have.
   * @throws {PluginLoadError} If they are others.
   */
  async checkIntegrity(
    plugin: ResolvedPlugin,
    integrity: string,
  ): Promise<void> {
    // A file is what it is now; here it is known as it was when it was read first.
    const read = plugin.specifier.startsWith("file:")
      ? async (url: string) => ({
        default: await Deno.readTextFile(new URL(url)),
      })
      : importText;
    await checkIntegrity(plugin, integrity, read);
  }

  /** The `deno.json` or import map, if there is one. */
  get importMapFile(): URL | undefined {
    return this.#map?.file;
  }

  /**
   * The aliases of the namespace, in the order of the import map. The default
   * namespace has the bundled plugins too.
   *
   * @returns Alias -> target as it is written.
   */
  aliases(): Map<string, string> {
    const aliases = new Map<string, string>();
    const prefix = `${this.name}/`;
    for (const key of this.#map?.keys() ?? []) {
      if (!key.startsWith(prefix) || key.endsWith("/")) continue;
      aliases.set(key.slice(prefix.length), this.#map!.get(key)!.target);
    }
    if (this.name !== BUNDLED_NAMESPACE) return aliases;
    for (const alias of Object.keys(BUNDLED_PLUGINS)) {
      if (!aliases.has(alias)) {
        aliases.set(alias, `${BUNDLED_NAMESPACE}/${alias}`);
      }
    }
    return aliases;
  }

  /**
   * Finds out what a name stands for. In this order: a specifier, an alias of the
   * namespace, a bundled plugin (also by aMQTT's name), any other name of the
   * import map, a name that the running program's own import map has.
   *
   * @param nameOrSpecifier An alias, or a specifier: `./x.ts#Name` (relative to the
   *   configuration file), `file:`, `https:`, `jsr:`, `npm:`, `data:`.
   * @param path Where the configuration has the name, for messages: `plugins[0]`.
   * @returns What to import.
   * @throws {PluginLoadError} If nothing has this name.
   */
  resolve(nameOrSpecifier: string, path?: string): ResolvedPlugin {
    const found = this.#find(nameOrSpecifier, path);
    return path === undefined ? found : { ...found, path };
  }

  #find(nameOrSpecifier: string, path: string | undefined): ResolvedPlugin {
    if (isRelative(nameOrSpecifier)) {
      const base = this.#baseUrl ?? workingDirectory();
      return resolved(nameOrSpecifier, new URL(nameOrSpecifier, base).href);
    }
    if (hasScheme(nameOrSpecifier)) {
      return resolved(nameOrSpecifier, nameOrSpecifier);
    }
    const [name, exportName] = splitFragment(nameOrSpecifier);
    const found = this.#resolveAlias(name) ?? this.#resolveBare(name);
    if (found === undefined) throw this.#notFound(nameOrSpecifier, path);
    return exportName === undefined ? found : { ...found, exportName };
  }

  /**
   * Finds out where a plugin would come from.
   *
   * @param nameOrSpecifier An alias or a specifier, as for {@linkcode resolve}.
   * @param path Where the configuration has the name, for messages: `plugins[0]`.
   * @returns What would be imported, as {@linkcode LoadedPlugin} has it.
   * @throws {PluginLoadError} If nothing has this name.
   */
  locate(nameOrSpecifier: string, path?: string): string {
    return fullSpecifier(this.resolve(nameOrSpecifier, path));
  }

  /**
   * Loads a plugin's class. A module is imported only once, whichever of its
   * exports are asked for.
   *
   * @param nameOrSpecifier An alias or a specifier, as for {@linkcode resolve}.
   * @param path Where the configuration has the name, for messages: `plugins[0]`.
   * @param integrity What the module's bytes must have: hashes such as `sha256-…`. Default: anything.
   * @returns The class and where it came from.
   * @throws {PluginLoadError} If nothing has this name, what was found is no plugin, or has another integrity.
   * @throws {PluginImportError} If the module could not be imported.
   */
  async load(
    nameOrSpecifier: string,
    path?: string,
    integrity?: string,
  ): Promise<LoadedPlugin> {
    const plugin = this.resolve(nameOrSpecifier, path);
    let module: unknown;
    try {
      if (integrity === undefined) noteUnchecked(plugin);
      else await checkIntegrity(plugin, integrity, importText);
      module = plugin.bundled
        ? await BUNDLED_PLUGINS[plugin.name]()
        : await this.#import(plugin.specifier);
    } catch (cause) {
      if (cause instanceof PluginLoadError) throw cause;
      throw importFailure(plugin, cause);
    }
    const pluginClass = selectClass(plugin, module);
    const { importMap } = plugin;
    return {
      name: plugin.isAlias ? plugin.name : pluginClass.name || plugin.name,
      specifier: fullSpecifier(plugin),
      ...(importMap !== undefined && { importMap }),
      pluginClass,
    };
  }

  #resolveAlias(name: string): ResolvedPlugin | undefined {
    const key = `${this.name}/${name}`;
    if (this.#map?.get(key) !== undefined) return this.#resolveKey(name, key);
    const bundled = bundledAlias(name);
    if (bundled !== undefined) {
      return {
        name: bundled,
        isAlias: true,
        specifier: `${BUNDLED_NAMESPACE}/${bundled}`,
        bundled: true,
      };
    }
    return this.#resolveKey(name, key);
  }

  #resolveBare(name: string): ResolvedPlugin | undefined {
    const mapped = this.#resolveKey(name, name);
    if (mapped !== undefined) return mapped;
    for (const key of [`${this.name}/${name}`, name]) {
      const specifier = resolveAtRuntime(key);
      if (specifier !== undefined) return resolved(name, specifier, true);
    }
    if (!this.#hasOwnImport) return undefined;
    // Only the embedder's own import can know: an alias is short, a package is not.
    const isAlias = !/[/@]/.test(name);
    return resolved(name, isAlias ? `${this.name}/${name}` : name, true);
  }

  #resolveKey(name: string, key: string): ResolvedPlugin | undefined {
    let match;
    try {
      match = this.#map?.resolve(key);
    } catch (cause) {
      throw new PluginLoadError(
        name,
        "import-map",
        `Cannot load the plugin "${name}": ${messageOf(cause)}`,
        { cause },
      );
    }
    if (match === undefined) return undefined;
    return {
      ...resolved(name, match.specifier, true),
      importMap: displayUrl(match.file),
    };
  }

  #notFound(name: string, path: string | undefined): PluginLoadError {
    const known = new Set([
      ...this.aliases().keys(),
      ...Object.keys(BUNDLED_PLUGINS),
    ]);
    const meant = nearest(name, known);
    const where = this.#map === undefined
      ? this.#mapProblem
      : `"imports" of "${displayUrl(this.#map.file)}" has no ` +
        `"${this.name}/${name}"`;
    const remedy = meant !== undefined
      ? `did you mean "${meant}"?`
      : /\.[cm]?[jt]sx?$/.test(name)
      ? `a file is named with "./": "./${name}"`
      : replacementOf(name) ??
        `add "${this.name}/${name}" to the import map, or use a specifier such as "./${name}.ts"`;
    return new PluginLoadError(
      name,
      "not-found",
      `Cannot load the plugin "${name}"${
        path === undefined ? "" : ` (${path})`
      }: it is no bundled plugin, and ${where}; ${remedy} (known: ${
        [...known].join(", ")
      })`,
    );
  }
}

/** The only computed `import()` of the project. */
function importModule(
  specifier: string,
  options?: ImportCallOptions,
): Promise<unknown> {
  return import(specifier, options);
}

/** Reads a module as a text, out of the same cache that it is evaluated from. */
function importText(specifier: string): Promise<unknown> {
  return importModule(specifier, { with: { type: "text" } });
}

/** Asks the import map that the program runs with (`deno run --config`, `--import-map`). */
function resolveAtRuntime(name: string): string | undefined {
  try {
    return import.meta.resolve(name);
  } catch {
    return undefined;
  }
}

function resolved(
  name: string,
  specifier: string,
  isAlias = false,
): ResolvedPlugin {
  const [address, exportName] = splitFragment(specifier);
  return {
    name,
    isAlias,
    specifier: address,
    ...(exportName && { exportName }),
    bundled: false,
  };
}

function searchStart(): URL {
  const main = new URL(Deno.mainModule);
  return main.protocol === "file:" ? main : workingDirectory();
}

function fileUrl(file: string | URL): URL {
  if (file instanceof URL) return file;
  return hasScheme(file)
    ? new URL(file)
    : new URL(encodePath(file), workingDirectory());
}

function workingDirectory(): URL {
  return new URL(`file://${encodePath(Deno.cwd())}/`);
}

/** In a path these are ordinary characters, in a URL they are not. */
function encodePath(path: string): string {
  return path.replace(/[%?#]/g, encodeURIComponent);
}

function mapFailure(cause: unknown, file: string | URL | undefined): string {
  if (cause instanceof Deno.errors.NotFound) {
    return `the import map "${file}" does not exist: create it or correct the path`;
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return `the import map "${file}" cannot be read: ${cause.message}`;
  }
  return messageOf(cause);
}
