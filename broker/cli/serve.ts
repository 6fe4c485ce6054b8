/**
 * The broker on the command line: flags, configuration, broker, signals, exit code.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import type { Logger } from "../../plugins/mod.ts";
import { Broker } from "../broker.ts";
import {
  readConfigFile,
  resolveConfig,
  type ResolvedConfig,
} from "../config/mod.ts";
import { createLogger } from "../log.ts";
import { safeText } from "../log_values.ts";
import { ReloadSignal } from "../reload_signal.ts";
import { formatAddress } from "../transport/listen_error.ts";
import { UncaughtErrors } from "../uncaught_errors.ts";
import {
  type CommandTable,
  describeCommands,
  EXIT_FAILED,
  EXIT_OK,
  guarded,
} from "./command.ts";
import { type CommandContext, print } from "./context.ts";
import { collectGarbage } from "../garbage.ts";
import { type CliOptions, FLAGS_HELP, parseOptions } from "./serve_options.ts";

/**
 * Runs the broker until a signal ends it, or does what its flags ask for instead.
 *
 * @param args The flags.
 * @param commands The commands that `--help` lists.
 * @param context Where help and errors are written, and what ends the broker.
 * @returns The exit code: 0 after a signal or when there was nothing to run, 1 if
 *   the configuration, a plugin or a listener failed, 2 if the flags are wrong.
 */
export async function serve(
  args: readonly string[],
  commands: CommandTable,
  context: CommandContext,
): Promise<number> {
  return await guarded(context, "", async () => {
    const options = parseOptions(args);
    try {
      return await perform(options, commands, context);
    } catch (error) {
      print(context.stderr, describe(error, options));
      return EXIT_FAILED;
    }
  });
}

async function perform(
  options: CliOptions,
  commands: CommandTable,
  context: CommandContext,
): Promise<number> {
  switch (options.action) {
    case "help":
      print(context.stdout, helpText(commands, context));
      return EXIT_OK;
    case "version":
      print(context.stdout, `DinoMQ ${denoJson.version}`);
      return EXIT_OK;
    case "check":
      return await check(options, context);
    case "run":
      return await run(options, context);
  }
}

function helpText(commands: CommandTable, { program }: CommandContext): string {
  return `DinoMQ, an MQTT broker

Usage: ${program} [OPTIONS]          runs the broker
       ${program} COMMAND [OPTIONS]

Options:
${FLAGS_HELP}

Commands, each with --help:
${describeCommands(commands)}`;
}

async function run(
  options: CliOptions,
  context: CommandContext,
): Promise<number> {
  const config = await readConfig(options);
  const logger = loggerOf(options);
  using signal = context.stopRequest();
  using hangup = new ReloadSignal();
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
  hangup.onSignal(() => reload(broker, options, logger));
  logger.info(`DinoMQ ${denoJson.version} is ready`);
  logger.info(`Shutting down because of ${await signal.received}`);
  await broker.shutdown();
  logger.info("DinoMQ is stopped");
  return EXIT_OK;
}

/** Reads the configuration again. What is wrong is logged, and nothing changes. */
async function reload(
  broker: Broker,
  options: CliOptions,
  logger: Logger,
): Promise<void> {
  logger.info("Reloading the configuration because of SIGHUP");
  try {
    await broker.reload(await readConfig(options));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logger.error(`The configuration stays as it is: ${message}`);
  }
}

/** Says what would be loaded. */
async function check(
  options: CliOptions,
  { stdout }: CommandContext,
): Promise<number> {
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
  const { admin } = config;
  if (admin !== undefined) {
    lines.push(`Admin: ${formatAddress(admin.hostname, admin.port)}`);
  }
  for (const { name, specifier, importMap, hooks } of plugins) {
    const origin = importMap === undefined ? "" : ` (${importMap})`;
    const uses = hooks.length === 0 ? "no hooks" : hooks.join(", ");
    lines.push(safeText(`Plugin ${name}: ${specifier}${origin}: ${uses}`));
  }
  print(stdout, lines.join("\n"));
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
  options: CliOptions,
  logger: Logger,
): Broker {
  const { pluginNamespace, importMap } = options;
  return new Broker(config, {
    pluginNamespace,
    importMap,
    logger,
    // A larger heap takes longer than is worth it: some milliseconds a megabyte.
    collectGarbage: () => collectGarbage(64 << 20),
    readConfig: () => readConfig(options),
  });
}

/** One line; with `--log-level debug` where it came from too. */
function describe(error: unknown, { logLevel }: CliOptions): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = `error: ${message}`;
  if (logLevel !== "debug") return line;
  return `${line}\n${Deno.inspect(error)}`;
}
