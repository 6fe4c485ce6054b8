/**
 * What the commands `users` and `topics` have in common: options, the database, exit
 * codes. Both follow aMQTT's `user_mgr` and `topic_mgr`.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { messageOf } from "../_backend/message.ts";
import type { Action } from "../mod.ts";
import { type DatabaseTarget, parseConnectionUrl } from "./connection_url.ts";
import { type Database, openDatabase } from "./database.ts";
import { syncSchema } from "./schema.ts";
import type { Terminal } from "./terminal.ts";

/** What a subcommand needs beside the database. */
export interface CommandOptions {
  /** The user. Empty if the subcommand needs none. */
  readonly clientId: string;
  /** What a topic filter is for. */
  readonly action: Action;
  /** Topic filter. */
  readonly topic: string;
}

/** A subcommand. */
export interface Subcommand {
  /** What must be given, in the words of the usage. */
  readonly needs: readonly ("-c ID" | "-a ACTION" | "TOPIC")[];
  /** One line for the usage. */
  readonly summary: string;
  /**
   * Does it.
   *
   * @returns The exit code.
   */
  readonly run: (
    database: Database,
    terminal: Terminal,
    options: CommandOptions,
  ) => Promise<number>;
}

/** A command with its subcommands, by their names. */
export interface Command {
  /** Name of the command. */
  readonly name: string;
  /** What it is for. */
  readonly summary: string;
  /** The subcommands beside `sync`, which every command has. */
  readonly subcommands: Readonly<Record<string, Subcommand>>;
}

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// A person who waits wants to know at last.
const TIMEOUT_MILLISECONDS = 10_000;
const ACTIONS: readonly Action[] = ["publish", "subscribe", "receive"];
const DATABASES = ["sqlite", "postgresql", "mysql", "mariadb"];

/** A command line that cannot be understood. */
class UsageError extends Error {}

/** Something that a person is told, without more. */
export class CommandError extends Error {}

const sync: Subcommand = {
  needs: [],
  summary: "Make the tables that are missing; run it as often as you like",
  run: async (database, terminal) => {
    await syncSchema(database);
    terminal.print("Success: database synced.");
    return EXIT_OK;
  },
};

/**
 * Runs a command.
 *
 * @param command The command.
 * @param args Its arguments.
 * @param terminal Where it writes, and whom it asks.
 * @returns The exit code: 0 if it was done, 1 if it failed, 2 if the arguments are
 * wrong.
 */
export async function runCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (args.includes("--help")) {
    terminal.print(usage(command));
    return EXIT_OK;
  }
  if (args.length === 0) {
    terminal.printError(usage(command));
    return EXIT_USAGE;
  }
  try {
    return await perform(command, args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.printError(
        `Error: ${error.message}\nTry ${command.name} --help.`,
      );
      return EXIT_USAGE;
    }
    terminal.printError(
      error instanceof CommandError
        ? error.message
        : `Error: ${messageOf(error)}`,
    );
    return EXIT_FAILED;
  }
}

async function perform(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const flags = readFlags(args);
  const [name, ...rest] = flags._.map(String);
  if (name === undefined) throw new UsageError("a command is missing");
  const subcommands = { sync, ...command.subcommands };
  if (!Object.hasOwn(subcommands, name)) {
    throw new UsageError(
      `there is no command "${name}"; the commands are ${
        Object.keys(subcommands).join(", ")
      }`,
    );
  }
  const subcommand = subcommands[name as keyof typeof subcommands];
  const options = readOptions(name, subcommand, flags, rest);
  const target = readTarget(flags, name, terminal);
  const database = await openDatabase(target, {
    connections: 1,
    timeout: TIMEOUT_MILLISECONDS,
    create: name === "sync",
  });
  try {
    return await subcommand.run(database, terminal, options);
  } finally {
    await database.close();
  }
}

type Flags = ReturnType<typeof readFlags>;

function readFlags(args: readonly string[]) {
  const string = [
    "_",
    "db",
    "username",
    "host",
    "port",
    "file",
    "database",
    "url",
    "client-id",
    "action",
  ] as const;
  const flags = parseArgs([...args], {
    string,
    alias: {
      "db": "d",
      "username": "u",
      "host": "h",
      "port": "p",
      "file": "f",
      "database": "n",
      "client-id": "c",
      "action": "a",
    },
    unknown: (argument) => {
      if (!argument.startsWith("-")) return true;
      throw new UsageError(`there is no option "${argument.split("=")[0]}"`);
    },
  });
  for (const name of string) {
    if (name !== "_" && flags[name] === "") {
      throw new UsageError(`--${name} needs a value`);
    }
  }
  return flags;
}

function readOptions(
  name: string,
  { needs }: Subcommand,
  flags: Flags,
  rest: readonly string[],
): CommandOptions {
  const clientId = flags["client-id"];
  const { action } = flags;
  const allowed = needs.includes("TOPIC") ? 1 : 0;
  if (rest.length > allowed) {
    throw new UsageError(`"${rest[allowed]}" is one argument too many`);
  }
  const given = {
    "-c ID": clientId,
    "-a ACTION": action,
    "TOPIC": rest[0],
  };
  const missing = needs.find((need) => given[need] === undefined);
  if (missing !== undefined) {
    throw new UsageError(`${name} needs ${needs.join(" ")}`);
  }
  if (action !== undefined && !ACTIONS.includes(action as Action)) {
    throw new UsageError(
      `"${action}" is no action; the actions are ${ACTIONS.join(", ")}`,
    );
  }
  return {
    clientId: clientId ?? "",
    action: (action ?? "publish") as Action,
    topic: rest[0] ?? "",
  };
}

function readTarget(
  flags: Flags,
  subcommand: string,
  terminal: Terminal,
): DatabaseTarget {
  if (flags.url !== undefined) {
    try {
      return parseConnectionUrl(flags.url);
    } catch (error) {
      throw new UsageError(messageOf(error));
    }
  }
  const { db } = flags;
  if (db === undefined) throw new UsageError("--db or --url is missing");
  if (!DATABASES.includes(db)) {
    throw new UsageError(
      `"${db}" is no database; the databases are ${DATABASES.join(", ")}`,
    );
  }
  if (db === "sqlite") {
    const file = flags.file ?? "auth.db";
    if (subcommand !== "sync" && !exists(file)) {
      throw new CommandError(`SQLite option could not find '${file}'`);
    }
    return { kind: "sqlite", file };
  }
  return readServer(db === "postgresql" ? db : "mysql", flags, terminal);
}

function readServer(
  kind: "postgresql" | "mysql",
  flags: Flags,
  terminal: Terminal,
): DatabaseTarget {
  const { username: user, database, host = "localhost" } = flags;
  if (user === undefined) {
    throw new CommandError("DB access requires a username be provided.");
  }
  if (kind === "mysql" && database === undefined) {
    throw new UsageError("--database is missing");
  }
  const port = Number(flags.port ?? (kind === "mysql" ? 3306 : 5432));
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`"${flags.port}" is no port`);
  }
  const password = terminal.ask(
    "Enter the db password (press enter for none): ",
    true,
  );
  return {
    kind,
    host,
    port,
    user,
    ...(password && { password }),
    ...(database !== undefined && { database }),
    tls: kind === "mysql" ? "disable" : "prefer",
  };
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function usage({ name, summary, subcommands }: Command): string {
  const commands = Object.entries({ sync, ...subcommands }).map((
    [name, { needs, summary }],
  ) => `  ${[name, ...needs].join(" ").padEnd(25)}  ${summary}`);
  const hasAction = Object.values(subcommands).some(({ needs }) =>
    needs.includes("-a ACTION")
  );
  return `Usage: ${name} --db KIND [OPTIONS] COMMAND
       ${name} --url URL COMMAND

${summary}

Commands:
${commands.join("\n")}

Options:
  -d, --db KIND         sqlite, postgresql, mysql or mariadb
  -f, --file FILE       File of SQLite (default: auth.db)
  -u, --username USER   User of the database; the password is asked for
  -h, --host HOST       Server of the database (default: localhost)
  -p, --port PORT       Port (default: 5432 for postgresql, else 3306)
  -n, --database NAME   Name of the database (default of postgresql: USER)
      --url URL         Connection URL, such as postgresql://user:password@host/name
  -c, --client-id ID    User name of the client
${
    hasAction
      ? "  -a, --action ACTION   publish, subscribe or receive\n"
      : ""
  }      --help            Show this

Passwords are asked for, or read from standard input line by line if that is no
terminal: first the one of the database, then the one of the client.`;
}
