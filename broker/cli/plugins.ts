/**
 * The command `plugins`: shows who is called at which hook.
 *
 * @module
 */

import { HOOK_NAMES } from "../../plugins/plugin_class.ts";
import { Broker } from "../broker.ts";
import type { PluginDescription } from "../broker_types.ts";
import { readConfigFile, resolveConfig } from "../config/mod.ts";
import { createLogger } from "../log.ts";
import { safeText } from "../log_values.ts";
import { type Command, defineCommand } from "./command.ts";
import { print } from "./context.ts";

// Which hooks a plugin has may depend on the level of the log: this is the usual one.
const LOGGER = createLogger({ level: "info", format: "text" });

const command: Command = defineCommand({
  summary:
    "Loads the plugins of a configuration, opens no port, and shows who is called at which hook, in this order.",
  usage: ["[--config FILE] [OPTIONS]"],
  flags: {
    config: {
      short: "c",
      value: "FILE",
      help: "Configuration. Default: that of a broker without one",
    },
    "plugin-namespace": {
      value: "NAME",
      help: "Section of the import map that has the plugins",
    },
    "import-map": {
      value: "FILE",
      help: "deno.json or import map that has the section",
    },
    json: { help: "Print JSON" },
  },
  async run({ flags }, { stdout }) {
    const { config: source } = flags;
    const file = source === undefined
      ? undefined
      : await readConfigFile(source);
    const config = resolveConfig(
      file?.input,
      file && { source, baseUrl: file.baseUrl },
    );
    const plugins = await new Broker(config, {
      pluginNamespace: flags["plugin-namespace"],
      importMap: flags["import-map"],
      logger: LOGGER,
    }).check();
    const chains = chainsOf(plugins);
    if (flags.json) {
      const { authPolicy, topicPolicy } = config;
      const hooks = Object.fromEntries(
        chains.map(([hook, chain]) => [hook, chain.map(({ name }) => name)]),
      );
      const all = { authPolicy, topicPolicy, plugins, hooks };
      print(stdout, JSON.stringify(all, null, 2));
      return;
    }
    const lines = [
      "Plugins",
      ...plugins.map((plugin) => `  ${origin(plugin)}`),
      ...chains.flatMap(([hook, chain]) => [
        "",
        hook,
        ...chain.map((plugin, index) =>
          `  ${index + 1}. ${plugin.name}${terms(plugin, hook)}`
        ),
      ]),
    ];
    for (const line of lines) print(stdout, safeText(line));
  },
});

export default command;

/** Each hook that anybody has, with those who have it. */
function chainsOf(
  plugins: readonly PluginDescription[],
): Array<[hook: string, chain: PluginDescription[]]> {
  return HOOK_NAMES.map((hook): [string, PluginDescription[]] => [
    hook,
    plugins.filter(({ hooks }) => hooks.includes(hook)),
  ]).filter(([, chain]) => chain.length > 0);
}

/** Where a plugin came from. */
function origin(description: PluginDescription): string {
  const { name, plugin, specifier, importMap, version } = description;
  const details = [
    ...(plugin === undefined || plugin === name || plugin === specifier
      ? []
      : [`named ${plugin}`]),
    ...(importMap === undefined ? [] : [`import map ${importMap}`]),
    ...(version === undefined ? [] : [`version ${version}`]),
    `priority ${description.priority}`,
    ...(description.sandboxed ? ["in a sandbox"] : []),
  ];
  return `${name}: ${specifier} (${details.join(", ")})`;
}

/** How long it may take, and what counts as its answer if it fails. */
function terms(
  { timeouts, fallbacks }: PluginDescription,
  hook: string,
): string {
  if (!Object.hasOwn(timeouts, hook)) return "";
  const seconds = timeouts[hook] / 1000;
  return ` (${seconds} s, then ${fallbacks[hook]})`;
}
