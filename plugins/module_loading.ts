/**
 * From an imported module to the plugin's class, and from a failed import to a
 * message that helps.
 *
 * @module
 */

import { messageOf, PluginImportError, PluginLoadError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { isPluginClass, type PluginClass } from "./plugin_class.ts";

/** What a name in the configuration stands for. */
export interface ResolvedPlugin {
  /** The alias, or the specifier as it was written. */
  readonly name: string;
  /** Whether `name` is an alias. */
  readonly isAlias: boolean;
  /** What is imported, without the name of the export. */
  readonly specifier: string;
  /** The export that was chosen with `#Name`. */
  readonly exportName?: string;
  /** The import map with the alias. */
  readonly importMap?: string;
  /** Whether the plugin comes with the broker. */
  readonly bundled: boolean;
  /** Where the configuration names it, for messages: `plugins[0]`. */
  readonly path?: string;
}

/**
 * Picks the plugin's class: the export that was named, else the default export,
 * else the only plugin among the exports.
 *
 * @param plugin What was imported.
 * @param module What came of it.
 * @returns The class.
 * @throws {PluginLoadError} If there is no such export, no plugin, or more than one.
 */
export function selectClass(
  plugin: ResolvedPlugin,
  module: unknown,
): PluginClass {
  const exports = Object(module) as Record<string, unknown>;
  const { exportName } = plugin;
  if (exportName !== undefined) return namedExport(plugin, exports, exportName);
  const byDefault = defaultExport(exports);
  if (isPluginClass(byDefault)) return byDefault;
  const classes = new Map<PluginClass, string>();
  for (const [name, value] of Object.entries(exports)) {
    if (isPluginClass(value)) classes.set(value, name);
  }
  if (classes.size === 1) return [...classes.keys()][0];
  if (classes.size > 1) {
    const names = [...classes.values()];
    throw new PluginLoadError(
      plugin.name,
      "no-export",
      `${cannotLoad(plugin)}: the module exports several plugins (${
        names.join(", ")
      }) and none by default; name one, as in "${plugin.specifier}#${
        names[0]
      }"`,
    );
  }
  throw notAPlugin(
    plugin,
    byDefault === undefined
      ? `no export of the module is a plugin (${exportList(exports)})`
      : `the default export is ${kindOf(byDefault)}`,
  );
}

/**
 * The error for an import that failed.
 *
 * @param plugin What was to be imported.
 * @param cause What `import()` threw.
 * @returns The error, with the remedy.
 */
export function importFailure(
  plugin: ResolvedPlugin,
  cause: unknown,
): PluginImportError {
  const reason = messageOf(cause).replace(/\s*\n\s*/g, " ");
  const thrownByModule = isThrownByModule(cause);
  const lacking = /^Requires (\w+) access to "([^"]*)"/.exec(reason);
  if (
    lacking !== null &&
    (!thrownByModule || cause instanceof Deno.errors.NotCapable)
  ) {
    const [, permission, resource] = lacking;
    return new PluginImportError(
      plugin.name,
      "permission",
      `${
        cannotLoad(plugin)
      }: the ${permission} permission for "${resource}" is lacking${
        permission === "import"
          ? " (the flag takes the place of the hosts that Deno allows without it, such as jsr.io: name those, too, that you need)"
          : ""
      }; run with --allow-${permission}=${resource}`,
      { cause },
    );
  }
  return new PluginImportError(
    plugin.name,
    "import",
    thrownByModule
      ? `${
        cannotLoad(plugin)
      }: the module threw while it was evaluated: ${reason}`
      : `${cannotLoad(plugin)}: the module could not be imported: ${reason}; ${
        importRemedy(plugin)
      }`,
    { cause },
  );
}

/** What is imported, with the name of the export if one was chosen. */
export function fullSpecifier(
  { specifier, exportName }: ResolvedPlugin,
): string {
  return exportName === undefined ? specifier : `${specifier}#${exportName}`;
}

/** The beginning of every message: which plugin, where it is named, which module, which import map. */
export function cannotLoad(plugin: ResolvedPlugin): string {
  const { name, importMap, path } = plugin;
  const full = fullSpecifier(plugin);
  const details = [
    ...(path === undefined ? [] : [path]),
    ...(full === name ? [] : [`"${shorten(full)}"`]),
    ...(importMap === undefined ? [] : [`import map "${importMap}"`]),
  ];
  return `Cannot load the plugin "${shorten(name)}"` +
    (details.length === 0 ? "" : ` (${details.join(", ")})`);
}

/** A `data:` specifier holds the whole module. */
function shorten(specifier: string): string {
  return specifier.length > 200 ? `${specifier.slice(0, 200)}…` : specifier;
}

function namedExport(
  plugin: ResolvedPlugin,
  exports: Record<string, unknown>,
  name: string,
): PluginClass {
  const value = exports[name] ?? packedExport(exports, name);
  if (value === undefined) {
    const meant = nearest(name, Object.keys(exports));
    throw new PluginLoadError(
      plugin.name,
      "no-export",
      `${cannotLoad(plugin)}: the module has no export "${name}"; ${
        meant === undefined
          ? `it exports ${exportList(exports)}`
          : `did you mean "${meant}"?`
      }`,
    );
  }
  if (isPluginClass(value)) return value;
  throw notAPlugin(plugin, `the export "${name}" is ${kindOf(value)}`);
}

/** A CommonJS package arrives as one default export with everything inside. */
function packedExport(exports: Record<string, unknown>, name: string): unknown {
  const packed = exports.default;
  if (typeof packed !== "object" || packed === null) return undefined;
  return (packed as Record<string, unknown>)[name];
}

function defaultExport(exports: Record<string, unknown>): unknown {
  const value = exports.default;
  return isPluginClass(value)
    ? value
    : packedExport(exports, "default") ?? value;
}

function notAPlugin(plugin: ResolvedPlugin, why: string): PluginLoadError {
  return new PluginLoadError(
    plugin.name,
    "not-a-plugin",
    `${
      cannotLoad(plugin)
    }: ${why}; a plugin is a class that extends BasePlugin, or has a method such as authenticate, topicFiltering or onBrokerClientConnected`,
  );
}

function kindOf(value: unknown): string {
  if (typeof value === "function") {
    return `the ${
      /^class\b/.test(Function.prototype.toString.call(value))
        ? "class"
        : "function"
    } "${value.name}", which has no method that the broker calls`;
  }
  return value === null ? "null" : `of the type ${typeof value}, not a class`;
}

function exportList(exports: Record<string, unknown>): string {
  const names = Object.keys(exports);
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${shown} and others` : shown;
}

/** Deno's own failures have a code, or are about the syntax. */
function isThrownByModule(cause: unknown): boolean {
  const { code } = Object(cause) as { code?: unknown };
  return !(cause instanceof SyntaxError || code === "ERR_MODULE_NOT_FOUND");
}

function importRemedy({ specifier }: ResolvedPlugin): string {
  if (specifier.startsWith("file:")) {
    return "check the path, and the imports of the module";
  }
  if (/^https?:/.test(specifier)) {
    return "check the address, and that the host can be reached";
  }
  if (/^(?:npm|jsr):/.test(specifier)) {
    return `check name and version, or add it with "deno add ${specifier}"`;
  }
  return "check the imports of the module";
}
