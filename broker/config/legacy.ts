/**
 * aMQTT's older way to configure plugins: the keys `auth`, `topic-check` and
 * `sys_interval` together with a namespace.
 *
 * @module
 */

import type { Settings } from "./schema.ts";
import type { LegacyPlugins, PluginSetting, ResolvedConfig } from "./types.ts";

/** The namespace of the bundled plugins. */
export const DEFAULT_NAMESPACE = "dinomq.plugins";

/** The older keys with their names in messages. */
const KEYS = {
  auth: "auth",
  topicCheck: "topic-check",
  sysInterval: "sys_interval",
} as const;

/**
 * Reads the older keys.
 *
 * @param settings The configuration.
 * @param warnings Gets what deserves a look.
 * @returns What they say; `undefined` if there are none or `plugins` replaces them.
 */
export function readLegacy(
  settings: Settings,
  warnings: string[],
): LegacyPlugins | undefined {
  const written = (Object.keys(KEYS) as (keyof typeof KEYS)[])
    .filter((key) => settings[key] !== undefined);
  if (settings.plugins !== undefined) {
    for (const key of written) {
      warnings.push(`${KEYS[key]} has no effect, because there are plugins`);
    }
    return undefined;
  }
  if (written.length === 0) return undefined;
  const { auth, topicCheck, sysInterval } = settings;
  const legacy: LegacyPlugins = {
    authOptions: {},
    topicOptions: {},
    sysInterval: sysInterval ?? 0,
  };
  readAuth(auth, legacy, warnings);
  readTopicCheck(topicCheck, legacy, warnings);
  return legacy;
}

function readAuth(
  auth: Settings["auth"],
  legacy: LegacyPlugins,
  warnings: string[],
): void {
  if (auth === undefined) {
    // aMQTT goes back to letting everybody in.
    legacy.authPlugins = [];
    warnings.push("There is no auth and no plugins: nobody can connect");
    return;
  }
  if (auth.plugins !== undefined) legacy.authPlugins = [...auth.plugins];
  if (legacy.authPlugins?.length === 0) {
    warnings.push("auth.plugins is empty: nobody can connect");
  }
  const { allowAnonymous, passwordFile } = auth;
  if (allowAnonymous !== undefined) {
    legacy.authOptions.auth_anonymous = { allowAnonymous };
  } else if (legacy.authPlugins?.includes("auth_anonymous") ?? true) {
    warnings.push(
      "auth does not say allow-anonymous: auth_anonymous lets everybody pass",
    );
  }
  if (passwordFile !== undefined) {
    legacy.authOptions.auth_file = { passwordFile };
  }
}

function readTopicCheck(
  topicCheck: Settings["topicCheck"],
  legacy: LegacyPlugins,
  warnings: string[],
): void {
  const { enabled, enable, plugins, ...lists } = topicCheck ?? {};
  if (!(enabled ?? enable ?? false)) {
    legacy.topicPlugins = false;
    if (topicCheck !== undefined) {
      warnings.push("topic-check is not enabled: topics are not checked");
    }
    return;
  }
  if (plugins !== undefined) legacy.topicPlugins = [...plugins];
  const acl = Object.entries(lists).filter(([, list]) => list !== undefined);
  if (acl.length > 0) legacy.topicOptions.topic_acl = Object.fromEntries(acl);
}

/**
 * The plugins of a configuration in the older style. The broker calls it when it has
 * read the namespace.
 *
 * In aMQTT every plugin of the namespace is made and gets events; the lists say which
 * are asked for decisions. That suits a namespace of the user's own. In the namespace
 * of the bundled plugins only those that are named are made, `event_logger`, and
 * `sys` if it has an interval: `auth_file` without a file, or `packet_logger`
 * unasked, would make no sense. A list that is absent means all plugins of that kind
 * that the options are enough for.
 *
 * @param config A configuration whose `legacy` is set.
 * @param aliases The aliases of the namespace.
 * @param namespace The namespace. Default: the one of the configuration.
 * @returns The plugins in their order; `config.plugins` if `legacy` is not set.
 */
export function legacyPlugins(
  config: Pick<ResolvedConfig, "legacy" | "plugins" | "pluginNamespace">,
  aliases: readonly string[],
  namespace: string = config.pluginNamespace ?? DEFAULT_NAMESPACE,
): PluginSetting[] {
  const { legacy } = config;
  if (legacy === undefined) return config.plugins;
  const isBundled = namespace === DEFAULT_NAMESPACE;
  const auth = legacy.authPlugins ??
    (isBundled ? bundledAuth(legacy) : undefined);
  const topic = legacy.topicPlugins === false
    ? []
    : legacy.topicPlugins ?? (isBundled ? bundledTopic(legacy) : undefined);
  const names = new Set(isBundled ? ["event_logger"] : aliases);
  for (const name of [...auth ?? [], ...topic ?? []]) names.add(name);
  const hasSys = names.has("sys") || names.has("broker_sys");
  if (legacy.sysInterval > 0 && !hasSys) names.add("sys");
  return [...names].map((plugin) => ({
    plugin,
    ...optionsOf(plugin, legacy),
    use: {
      events: true,
      auth: auth?.includes(plugin) ?? true,
      topic: topic?.includes(plugin) ?? true,
    },
  }));
}

function bundledAuth({ authOptions }: LegacyPlugins): string[] {
  return "auth_file" in authOptions
    ? ["auth_anonymous", "auth_file"]
    : ["auth_anonymous"];
}

function bundledTopic({ topicOptions }: LegacyPlugins): string[] {
  return "topic_acl" in topicOptions
    ? ["topic_taboo", "topic_acl"]
    : ["topic_taboo"];
}

function optionsOf(
  plugin: string,
  legacy: LegacyPlugins,
): Pick<PluginSetting, "options" | "path"> {
  if (plugin === "sys" || plugin === "broker_sys") {
    const { sysInterval } = legacy;
    return { options: { sysInterval }, path: KEYS.sysInterval };
  }
  if (Object.hasOwn(legacy.authOptions, plugin)) {
    return { options: legacy.authOptions[plugin], path: KEYS.auth };
  }
  if (Object.hasOwn(legacy.topicOptions, plugin)) {
    return { options: legacy.topicOptions[plugin], path: KEYS.topicCheck };
  }
  const isNamed = Array.isArray(legacy.topicPlugins) &&
    legacy.topicPlugins.includes(plugin);
  return { path: isNamed ? KEYS.topicCheck : KEYS.auth };
}
