import { integrityProblem } from "../../plugins/integrity.ts";
import { POLICY_KEYS } from "../../plugins/policy.ts";
import { readSandbox } from "../../plugins/sandbox/options.ts";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { joinPath } from "./key_path.ts";
import { Keys } from "./keys.ts";
import { isMap } from "./plain.ts";
import { readPolicy } from "./plugin_policy.ts";
import type { PluginInput, PluginSetting } from "./types.ts";
import { mismatch } from "./values.ts";

const PATH = "plugins";
const OPTIONS = "a map of options";
const KNOWN = [
  "plugin",
  "options",
  "name",
  "integrity",
  "sandbox",
  ...POLICY_KEYS,
];

/**
 * Reads the key `plugins`: a map of names to options, or a list.
 *
 * @param plugins The value of the key.
 * @param problems Gets what is wrong.
 * @returns The plugins in their order; incomplete if there are problems.
 */
export function readPlugins(
  plugins: unknown,
  problems: ConfigProblem[],
): PluginSetting[] {
  if (Array.isArray(plugins)) {
    return plugins.flatMap((item, index) =>
      readItem(item, joinPath(PATH, index), problems)
    );
  }
  if (isMap(plugins)) return readMap(plugins, PATH, problems);
  problems.push({
    path: PATH,
    message: mismatch(
      "a map of plugins to their options, or a list of plugins",
      plugins,
    ),
  });
  return [];
}

/**
 * Reads one plugin that a program adds while the broker runs.
 *
 * @param setting The plugin.
 * @returns The plugin.
 * @throws {ConfigError} If anything is wrong with it.
 */
export function readPlugin(setting: PluginInput): PluginSetting {
  const problems: ConfigProblem[] = [];
  const { plugin } = Object(setting) as Partial<PluginInput>;
  const isPlugin = typeof plugin === "string" || typeof plugin === "function" ||
    (typeof plugin === "object" && plugin !== null && !Array.isArray(plugin));
  if (!isPlugin) {
    const message = mismatch(
      "an alias, a specifier, a class or object",
      plugin,
    );
    problems.push({ path: "plugin", message });
  }
  const found = isPlugin ? readExplicit({ ...setting }, "", problems) : [];
  if (problems.length > 0) throw new ConfigError("plugin", problems);
  return found[0];
}

function readMap(
  plugins: Record<string, unknown>,
  parent: string,
  problems: ConfigProblem[],
): PluginSetting[] {
  return Object.entries(plugins).flatMap(([plugin, options]) => {
    const path = joinPath(parent, plugin);
    if (plugin === "") {
      problems.push({ path, message: "is a plugin without a name" });
      return [];
    }
    if (options === null || options === undefined) return { plugin, path };
    if (isMap(options)) return { plugin, path, options };
    problems.push({ path, message: mismatch(OPTIONS, options) });
    return [];
  });
}

function readItem(
  item: unknown,
  path: string,
  problems: ConfigProblem[],
): PluginSetting[] {
  if (typeof item === "string" && item !== "") return [{ plugin: item, path }];
  if (typeof item === "function") return [{ plugin: item, path }];
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    problems.push({
      path,
      message: mismatch("a plugin's name, or a map of it to its options", item),
    });
    return [];
  }
  if (!isMap(item)) return [{ plugin: item, path }];
  if (isExplicit(item)) return readExplicit(item, path, problems);
  // An object with methods is a plugin that a host program wrote down in place.
  if (hasMethods(item)) return [{ plugin: item, path }];
  const names = Object.keys(item);
  if (names.length === 1) return readMap(item, path, problems);
  problems.push({
    path,
    message: names.length === 0
      ? "is empty: name a plugin"
      : `has ${names.length} keys, one is expected: indent the options of ` +
        `"${names[0]}" deeper than its name, or give each plugin a dash`,
  });
  return [];
}

function isExplicit(item: Record<string, unknown>): boolean {
  const { plugin } = item;
  return typeof plugin === "string" || typeof plugin === "function" ||
    (typeof plugin === "object" && plugin !== null && !isMap(plugin)) ||
    (isMap(plugin) && (Object.keys(item).length > 1 || hasMethods(plugin)));
}

function hasMethods(item: Record<string, unknown>): boolean {
  return Object.values(item).some((value) => typeof value === "function");
}

function readExplicit(
  item: Record<string, unknown>,
  path: string,
  problems: ConfigProblem[],
): PluginSetting[] {
  const keys = new Keys(path);
  const { plugin, options, name, integrity, sandbox, ...others } = keys
    .normalise(
      item,
      KNOWN,
    );
  problems.push(...keys.problems);
  const pathOf = (key: string): string => keys.path([key]);
  if (plugin === "") {
    const message = "is a plugin without a name";
    problems.push({ path: pathOf("plugin"), message });
    return [];
  }
  if (name !== undefined && typeof name !== "string") {
    problems.push({ path: pathOf("name"), message: mismatch("a text", name) });
    return [];
  }
  const setting: PluginSetting = {
    plugin,
    path: joinPath(path, "options"),
    ...readPolicy(others, pathOf, problems),
  };
  if (options !== undefined && options !== null) setting.options = options;
  if (name !== undefined) setting.name = name;
  if (integrity !== undefined && integrity !== null) {
    const message = typeof integrity === "string"
      ? integrityProblem(integrity)
      : mismatch("a text", integrity);
    if (message !== undefined) {
      problems.push({ path: pathOf("integrity"), message });
    }
    setting.integrity = integrity as string;
  }
  const sandboxed = readSandbox(sandbox, (key, message) => {
    const parent = pathOf("sandbox");
    problems.push({
      path: key === "" ? parent : joinPath(parent, key),
      message,
    });
  });
  if (sandboxed !== undefined) setting.sandbox = sandboxed;
  return [setting];
}
