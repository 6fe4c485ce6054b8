/**
 * Commands: what they have in common, so that each says only what is its own.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { nearest } from "../../plugins/nearest.ts";
import { type CommandContext, print } from "./context.ts";
import {
  describeFlags,
  type Flags,
  type FlagValues,
  parseFlags,
} from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** The exit code if all is well. */
export const EXIT_OK = 0;
/** The exit code if something failed. */
export const EXIT_FAILED = 1;
/** The exit code if the command line cannot be understood. */
export const EXIT_USAGE = 2;

/** A command of the command line. */
export interface Command {
  /**
   * Runs it. What fails is said on standard error.
   *
   * @param args What follows the command's name.
   * @param context What the command has of the world.
   * @param name How it was called: `pub`, `certs ca`.
   * @returns The exit code.
   */
  run(
    args: readonly string[],
    context: CommandContext,
    name: string,
  ): Promise<number>;
}

/** A command in a table: what `--help` says about it, and where it is. */
export type CommandEntry = readonly [
  summary: string,
  load: () => Promise<{ readonly default: Command }>,
];

/** Commands by name. None is loaded before it is called. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** What {@linkcode defineCommand} makes a command of. */
export interface CommandDefinition<F extends Flags> {
  /** One sentence: what it does. */
  readonly summary: string;
  /** What follows the command's name: `[OPTIONS] -t TOPIC`. One line for each form. */
  readonly usage: readonly string[];
  /** Its flags; `--help` and `--version` come of themselves. */
  readonly flags: F;
  /** What the help says after the flags. */
  readonly notes?: string;
  /**
   * Does the work.
   *
   * @param input What the command line says.
   * @param context What the command has of the world.
   * @returns The exit code, nothing for 0.
   * @throws {UsageError} If the command line makes no sense: the exit code is 2.
   * @throws {Error} If it fails: the exit code is 1.
   */
  readonly run: (
    input: { flags: FlagValues<F>; operands: string[] },
    context: CommandContext,
  ) => number | void | Promise<number | void>;
}

const COMMON_FLAGS = {
  version: { help: "Show the version" },
  help: { help: "Show this text" },
} as const;

/**
 * Makes a command: reads its flags, shows its help, reports what it throws.
 *
 * @param definition What is the command's own.
 * @returns The command.
 */
export function defineCommand<F extends Flags>(
  definition: CommandDefinition<F>,
): Command {
  const flags = { ...definition.flags, ...COMMON_FLAGS };
  return {
    run: (args, context, name) =>
      guarded(context, name, async () => {
        const input = parseFlags(args, flags);
        const { help, version } = input.flags as FlagValues<
          typeof COMMON_FLAGS
        >;
        if (help) {
          print(
            context.stdout,
            helpOf({ ...definition, flags }, context, name),
          );
          return EXIT_OK;
        }
        if (version) {
          print(context.stdout, `DinoMQ ${denoJson.version}`);
          return EXIT_OK;
        }
        const code = await definition.run(
          { flags: input.flags as FlagValues<F>, operands: input.operands },
          context,
        );
        return code ?? EXIT_OK;
      }),
  };
}

/**
 * Makes a command that has commands of its own, as `certs` has `ca`.
 *
 * @param summary One sentence: what they do.
 * @param commands The commands.
 * @returns The command.
 */
export function commandGroup(summary: string, commands: CommandTable): Command {
  return {
    run: (args, context, name) =>
      guarded(context, name, async () => {
        const [first, ...rest] = args;
        if (first === "--help") {
          const usage = `Usage: ${context.program} ${name} COMMAND [OPTIONS]`;
          print(
            context.stdout,
            `${summary}\n\n${usage}\n\nCommands:\n${
              describeCommands(commands)
            }`,
          );
          return EXIT_OK;
        }
        if (first === undefined) {
          throw new UsageError(
            `Cannot run ${name}: it needs a command, one of ${
              Object.keys(commands).join(", ")
            }`,
          );
        }
        const command = await loadCommand(commands, first);
        return await command.run(rest, context, `${name} ${first}`);
      }),
  };
}

/**
 * Loads a command.
 *
 * @param commands The commands there are.
 * @param name What was called.
 * @returns The command.
 * @throws {UsageError} If there is no such command.
 */
export async function loadCommand(
  commands: CommandTable,
  name: string,
): Promise<Command> {
  if (Object.hasOwn(commands, name)) return (await commands[name][1]()).default;
  const names = Object.keys(commands);
  const meant = nearest(name, names);
  throw new UsageError(
    `Cannot run "${name}": there is no such command` +
      (meant === undefined
        ? `, only ${names.join(", ")}`
        : `. Did you mean ${meant}?`),
  );
}

/** The commands of a table, one a line. */
export function describeCommands(commands: CommandTable): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return Object.entries(commands)
    .map(([name, [summary]]) => `  ${name.padEnd(width)}  ${summary}`)
    .join("\n");
}

/**
 * Runs something that may throw, and reports what it throws.
 *
 * @param context Where to report.
 * @param name The command's name, empty for the broker.
 * @param run What is run.
 * @returns The exit code.
 */
export async function guarded(
  context: CommandContext,
  name: string,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    print(context.stderr, `error: ${message}`);
    if (!(error instanceof UsageError)) return EXIT_FAILED;
    print(context.stderr, `Try ${name === "" ? "" : `${name} `}--help.`);
    return EXIT_USAGE;
  }
}

function helpOf(
  { summary, usage, flags, notes }: Omit<CommandDefinition<Flags>, "run">,
  context: CommandContext,
  name: string,
): string {
  return [
    summary,
    `Usage: ${
      usage.map((form) => `${context.program} ${name} ${form}`)
        .join("\n       ")
    }`,
    `Options:\n${describeFlags(flags)}`,
    ...(notes === undefined ? [] : [notes.trim()]),
  ].join("\n\n");
}
