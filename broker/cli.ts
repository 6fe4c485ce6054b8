/**
 * The command line: flags, configuration, broker, signals, exit code.
 *
 * @module
 */

import denoJson from "../deno.json" with { type: "json" };
import type { Logger } from "../plugins/mod.ts";
import { Broker } from "./broker.ts";
import {
  type CliOptions,
  parseOptions,
  USAGE,
  UsageError,
} from "./cli_options.ts";
import { createLogger } from "./log.ts";
import { safeText } from "./log_values.ts";
import {
  readConfigFile,
  resolveConfig,
  type ResolvedConfig,
} from "./config/mod.ts";
import { StopSignal } from "./stop_signal.ts";
import { UncaughtErrors } from "./uncaught_errors.ts";

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the broker as the command line asks, until a signal ends it.
 *
 * @param args The arguments, `Deno.args`.
 * @returns The exit code: 0 after a signal or when there was nothing to run, 1 if
 *   the configuration, a plugin or a listener failed, 2 if the arguments are wrong.
 */
export async function main(args: string[]): Promise<number> {
  let options: CliOptions;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(Deno.stderr, `error: ${error.message}\nTry --help.`);
    return EXIT_USAGE;
  }
  try {
    return await perform(options);
  } catch (error) {
    print(Deno.stderr, describe(error, options));
    return EXIT_FAILED;
  }
}

async function perform(options: CliOptions): Promise<number> {
  switch (options.action) {
    case "help":
      print(Deno.stdout, USAGE.trimEnd());
      return EXIT_OK;
    case "version":
      print(Deno.stdout, `DinoMQ ${denoJson.version}`);
      return EXIT_OK;
    case "check":
      return await check(options);
    case "run":
      return await run(options);
  }
}

async function run(options: CliOptions): Promise<number> {
  const config = await readConfig(options);
  const logger = loggerOf(options);
  using signal = new StopSignal();
  using _errors = new UncaughtErrors(logger);
  const broker = createBroker(config, options, logger);
  await broker.start();
  for (const { name, address } of broker.listeners) {
    const limit = config.listeners.find((one) => one.name === name)
      ?.maxConnections ?? 0;
    logger.info(
      `Listener '${name}' bind to ${address} (max_connections=${limit})`,
    );
  }
  logger.info(`DinoMQ ${denoJson.version} is ready`);
  logger.info(`Shutting down because of ${await signal.received}`);
  await broker.shutdown();
  logger.info("DinoMQ is stopped");
  return EXIT_OK;
}

/** Says what would be loaded. */
async function check(options: CliOptions): Promise<number> {
  const config = await readConfig(options);
  // Which hooks a plugin has may depend on the level of the log.
  const logger = loggerOf(options);
  const plugins = await createBroker(config, options, logger).check();
  const lines = [`Configuration "${config.source}" is valid`];
  for (const { name, type, hostname, port, path } of config.listeners) {
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const address = path || (hostname && `${host}:${port}`);
    lines.push(safeText(`Listener ${name}: ${type} ${address}`.trimEnd()));
  }
  for (const { name, specifier, importMap, hooks } of plugins) {
    const origin = importMap === undefined ? "" : ` (${importMap})`;
    const uses = hooks.length === 0 ? "no hooks" : hooks.join(", ");
    lines.push(safeText(`Plugin ${name}: ${specifier}${origin}: ${uses}`));
  }
  print(Deno.stdout, lines.join("\n"));
  return EXIT_OK;
}

/** The configuration file, or none, with the listeners of the command line. */
async function readConfig(options: CliOptions): Promise<ResolvedConfig> {
  const { config: source, listeners } = options;
  if (source === undefined) {
    const config = resolveConfig(undefined);
    if (listeners === undefined) return config;
    const replaced = resolveConfig({ ...config.raw, listeners }, {
      source: "none",
    });
    replaced.warnings.push(...openDoors(replaced));
    return replaced;
  }
  const { input, baseUrl } = await readConfigFile(source);
  return resolveConfig(
    listeners === undefined ? input : { ...input, listeners },
    { source, baseUrl },
  );
}

/** Without a configuration everybody may connect, which `--listen` can take to the world. */
function openDoors({ listeners }: ResolvedConfig): string[] {
  const local = /^(127\.[\d.]+|::1|localhost|)$/;
  return listeners.filter(({ hostname }) => !local.test(hostname))
    .map(({ name, hostname, port }) =>
      `Listener '${name}' on ${hostname}:${port} lets everybody in: ` +
      "no --config was given"
    );
}

function loggerOf({ logLevel, logFormat }: CliOptions): Logger {
  return createLogger({ level: logLevel, format: logFormat });
}

function createBroker(
  config: ResolvedConfig,
  { pluginNamespace, importMap }: CliOptions,
  logger: Logger,
): Broker {
  return new Broker(config, { pluginNamespace, importMap, logger });
}

/** One line; with `--log-level debug` where it came from too. */
function describe(error: unknown, { logLevel }: CliOptions): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = `error: ${message}`;
  if (logLevel !== "debug") return line;
  return `${line}\n${Deno.inspect(error)}`;
}

function print(stream: typeof Deno.stdout, text: string): void {
  let bytes = new TextEncoder().encode(`${text}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch {
    // Nobody reads it any more, as with `| head`.
  }
}
