/**
 * The flags of the broker.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import type { LogLevel } from "../../plugins/mod.ts";
import { nearest } from "../../plugins/nearest.ts";
import { type ListenerInput, parseBind } from "../config/mod.ts";
import { LOG_LEVELS, type LogFormat } from "../log.ts";
import { UsageError } from "./usage_error.ts";

/** What `--help` says about the flags. */
export const FLAGS_HELP = `\
  -c, --config FILE           Configuration, YAML or JSON. Without it the broker
                              listens on 127.0.0.1:1883 and lets everybody in
      --listen ADDRESS        Listen here instead of where the configuration
                              says: 1883, host:1883, ws://host:8083/mqtt,
                              unix:/run/dinomq.sock. May be given several times
      --plugin-namespace NAME Section of the import map that has the plugins
      --import-map FILE       deno.json or import map that has the section
      --check-config          Load configuration and plugins, list the plugins,
                              open no port
      --log-level LEVEL       debug, info, warn or error. Default: info
      --log-format FORMAT     text or json. Default: text
  -d, --debug                 The same as --log-level debug
      --version               Show the version
  -h, --help                  Show this text`;

/** What the command line asks for. */
export interface CliOptions {
  /** What is to be done. */
  action: "run" | "check" | "help" | "version";
  /** File of the configuration. */
  config?: string;
  /** Listeners that replace those of the configuration. */
  listeners?: Record<string, ListenerInput>;
  /** Section of the import map. */
  pluginNamespace?: string;
  /** File of the import map. */
  importMap?: string;
  /** Level of the log. */
  logLevel: LogLevel;
  /** Format of the log. */
  logFormat: LogFormat;
}

const TEXTS = [
  "config",
  "listen",
  "plugin-namespace",
  "import-map",
  "log-level",
  "log-format",
] as const;
const FLAGS = ["check-config", "debug", "version", "help"] as const;
const FORMATS: readonly LogFormat[] = ["text", "json"];

/**
 * Reads the arguments of the command line.
 *
 * @param args The arguments.
 * @returns What they ask for.
 * @throws {UsageError} If a flag is not known, lacks its value or has a wrong one.
 */
export function parseOptions(args: readonly string[]): CliOptions {
  const flags = parseArgs([...args], {
    string: TEXTS,
    boolean: FLAGS,
    collect: ["listen"],
    alias: { config: "c", help: "h", debug: "d" },
    unknown: refuse,
  });
  if (flags._.length > 0) refuse(String(flags._[0]));
  for (const name of TEXTS) {
    if ([flags[name]].flat().includes("")) {
      throw new UsageError(`Cannot use --${name}: it needs a value`);
    }
  }
  const level = flags["log-level"] ?? (flags.debug ? "debug" : "info");
  const options: CliOptions = {
    action: actionOf(flags),
    logLevel: choice("log-level", level, LOG_LEVELS),
    logFormat: choice("log-format", flags["log-format"] ?? "text", FORMATS),
  };
  const namespace = flags["plugin-namespace"];
  const importMap = flags["import-map"];
  if (flags.config !== undefined) options.config = flags.config;
  if (namespace !== undefined) options.pluginNamespace = namespace;
  if (importMap !== undefined) options.importMap = importMap;
  if (flags.listen.length > 0) {
    options.listeners = Object.fromEntries(
      flags.listen.map((address, index) => [
        index === 0 ? "default" : `listen${index + 1}`,
        // Each says its own type and address: it does not take those of the first.
        parseListen(address),
      ]),
    );
  }
  return options;
}

function refuse(argument: string): never {
  if (!argument.startsWith("-")) {
    throw new UsageError(
      `Cannot use argument "${argument}": the broker takes flags only, and a ` +
        "command comes before all flags",
    );
  }
  const [flag] = argument.split("=");
  const meant = nearest(flag, [...TEXTS, ...FLAGS]);
  throw new UsageError(
    `Cannot use "${flag}": there is no such flag` +
      (meant === undefined ? "" : `. Did you mean --${meant}?`),
  );
}

function actionOf(
  flags: Record<(typeof FLAGS)[number], boolean>,
): CliOptions["action"] {
  if (flags.help) return "help";
  if (flags.version) return "version";
  return flags["check-config"] ? "check" : "run";
}

function choice<T extends string>(
  name: string,
  value: string,
  values: readonly T[],
): T {
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(
    `Cannot use --${name} "${value}": it must be ${values.join(", ")}`,
  );
}

/** `ADDRESS`, `tcp://ADDRESS`, `mqtt://ADDRESS`, `ws://ADDRESS/PATH`, `unix:FILE`. */
function parseListen(address: string): ListenerInput {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(address);
  if (unix !== null) return { type: "unix", path: unix[1] };
  const match = /^(?:(tcp|mqtt|ws):\/\/)?([^/]+)(\/.*)?$/.exec(address);
  const isWebSocket = match?.[1] === "ws";
  const isWrong = match === null || (match[3] && !isWebSocket);
  const defaultPort = isWebSocket ? 8883 : 1883;
  if (isWrong || parseBind(match[2], defaultPort) === undefined) {
    throw new UsageError(
      `Cannot use --listen "${address}": it must be an address such as ` +
        "1883, host:1883, [::]:1883, ws://host:8083/mqtt or unix:/run/dinomq.sock",
    );
  }
  const [, , bind, wsPath = "/mqtt"] = match;
  return isWebSocket ? { type: "ws", bind, wsPath } : { type: "tcp", bind };
}
