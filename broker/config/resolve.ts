import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hasScheme } from "../../plugins/import_map.ts";
import { resolveAdmin } from "./admin.ts";
import { ConfigError } from "./config_error.ts";
import { Keys } from "./keys.ts";
import { readLegacy } from "./legacy.ts";
import { resolveListeners } from "./listeners.ts";
import { frozenCopy, isMap } from "./plain.ts";
import { readPlugins } from "./plugins.ts";
import { takeSessionDb } from "./session_db.ts";
import { checkTypes, normaliseKeys } from "./schema.ts";
import type { BrokerConfig, PluginSetting, ResolvedConfig } from "./types.ts";
import { mismatch } from "./values.ts";

/** Where a configuration comes from. */
export interface ResolveOptions {
  /** Name of the configuration in messages, such as a file's. Default: `"inline"`. */
  source?: string;
  /** Where relative specifiers of plugins start. Default: the working directory, as the plugins' loader sees it. */
  baseUrl?: URL;
}

/** A broker for who just wants to try: open, but for this machine only. */
const NO_CONFIG: Readonly<BrokerConfig> = {
  plugins: {
    event_logger: null,
    auth_anonymous: { allowAnonymous: true },
    sys: null,
  },
};

const LOOPBACK = { default: { bind: "127.0.0.1:1883" } };

const resolved = new WeakSet<object>();

/**
 * Checks a configuration and fills in what it leaves open. Files of certificates and
 * keys are read; their paths start at the working directory.
 *
 * Without a configuration the broker listens on 127.0.0.1:1883 and lets everybody
 * in. With one, only plugins that it names let anybody in.
 *
 * @param input The configuration as a {@linkcode BrokerConfig}, one that was resolved
 *   before (the answer is the same object), or `undefined`.
 * @param options Where it comes from.
 * @returns The configuration with everything filled in.
 * @throws {ConfigError} If anything in it is wrong; names every key that is.
 */
export function resolveConfig(
  input: unknown,
  options: ResolveOptions = {},
): ResolvedConfig {
  if (isResolvedConfig(input)) return input;
  const { baseUrl } = options;
  const source = options.source ?? (input === undefined ? "none" : "inline");
  const given = input === undefined ? NO_CONFIG : input;
  if (!isMap(given)) {
    throw new ConfigError(source, [{
      path: "",
      message: `it ${mismatch("a map of settings", given)}`,
    }]);
  }
  const keys = new Keys();
  const raw = normaliseKeys(given, keys);
  const checked = checkTypes(raw, keys);
  const problems = [...keys.problems];
  if ("problems" in checked) {
    throw new ConfigError(source, [...problems, ...checked.problems]);
  }
  const warnings: string[] = [];
  const { settings } = checked;
  const {
    admin,
    listeners,
    plugins,
    auth: _auth,
    topicCheck: _topicCheck,
    sysInterval: _sysInterval,
    ...rest
  } = settings;
  const isSilent = listeners === undefined ||
    Object.keys(listeners).length === 0;
  const path = (...rest: (string | undefined)[]) =>
    keys.path(["listeners", ...rest.filter((key) => key !== undefined)]);
  const taken = takeSessionDb(
    plugins === undefined ? [] : readPlugins(plugins, problems),
    problems,
    warnings,
  );
  if (taken.store !== undefined && raw.store !== undefined) {
    problems.push({
      path: "store",
      message: "is set, and so is aMQTT's persistence plugin: remove one",
    });
  }
  const result: ResolvedConfig = {
    ...rest,
    store: taken.store ?? rest.store,
    listeners: resolveListeners(
      isSilent ? LOOPBACK : listeners,
      settings,
      path,
      problems,
      warnings,
    ),
    plugins: taken.plugins,
    raw: frozenCopy(withoutToken(raw)),
    source,
    warnings,
  };
  if (admin !== undefined) {
    const adminPath = (key: string) => keys.path(["admin", key]);
    result.admin = resolveAdmin(admin, adminPath, problems);
  }
  if (problems.length > 0) throw new ConfigError(source, problems);
  const legacy = readLegacy(settings, warnings);
  if (legacy !== undefined) result.legacy = legacy;
  else if (result.plugins.every(admitsNobody)) warnings.push(CLOSED);
  if (baseUrl !== undefined) result.baseUrl = baseUrl;
  if (settings.importMap !== undefined) {
    result.importMap = besideConfig(settings.importMap, baseUrl);
  }
  resolved.add(result);
  return result;
}

/**
 * Resolves a configuration, unless it looks like one that was, and was copied since.
 *
 * @param config The configuration.
 * @returns The configuration with everything filled in.
 * @throws {ConfigError} If anything in it is wrong.
 */
export function resolvedConfig(
  config: BrokerConfig | ResolvedConfig | undefined,
): ResolvedConfig {
  const isResolved = config !== undefined && "raw" in config &&
    "source" in config;
  return isResolved ? config : resolveConfig(config);
}

/** Every plugin can read the configuration, and need not know what opens the admin listener. */
function withoutToken(raw: Record<string, unknown>): Record<string, unknown> {
  if (!isMap(raw.admin)) return raw;
  const { token: _, ...admin } = raw.admin;
  return { ...raw, admin };
}

/** A path of the configuration starts at its file. */
function besideConfig(path: string, baseUrl: URL | undefined): string | URL {
  if (baseUrl?.protocol !== "file:" || hasScheme(path)) return path;
  return pathToFileURL(resolve(dirname(fileURLToPath(baseUrl)), path));
}

/**
 * Whether a value is what {@linkcode resolveConfig} made.
 *
 * @param value Anything.
 * @returns `true` for the very object; not for a copy of it.
 */
export function isResolvedConfig(value: unknown): value is ResolvedConfig {
  return typeof value === "object" && value !== null && resolved.has(value);
}

const CLOSED = "No plugin decides who may connect, so nobody can: " +
  "add auth_anonymous or auth_file to plugins";

/** Bundled plugins that do not authenticate. What others do is seen when they are loaded. */
const NO_AUTHENTICATION: readonly unknown[] = [
  "event_logger",
  "packet_logger",
  "topic_taboo",
  "topic_acl",
  "sys",
];

function admitsNobody({ plugin }: PluginSetting): boolean {
  return NO_AUTHENTICATION.includes(plugin);
}
