/**
 * What the commands `users` and `topics` have in common: flags, the database, exit
 * codes. Both follow aMQTT's `user_mgr` and `topic_mgr`.
 *
 * @module
 */

import {
  askSecret,
  type Command,
  type CommandContext,
  defineCommand,
  EXIT_FAILED,
  type FlagValues,
  print,
  UsageError,
  wholeNumber,
} from "../../broker/cli/mod.ts";
import { messageOf } from "../_backend/message.ts";
import type { Action } from "../mod.ts";
import { type DatabaseTarget, parseConnectionUrl } from "./connection_url.ts";
import { type Database, openDatabase } from "./database.ts";
import { syncSchema } from "./schema.ts";

/** What a subcommand is told beside the database. */
export interface SubcommandOptions {
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
  /** Does it. A {@linkcode Refusal} ends it with the exit code 1. */
  readonly run: (
    database: Database,
    context: CommandContext,
    options: SubcommandOptions,
  ) => Promise<void>;
}

/** What a person is told in aMQTT's words, without more. */
export class Refusal extends Error {}

// A person who waits wants to know at last.
const TIMEOUT_MILLISECONDS = 10_000;
const ACTIONS: readonly Action[] = ["publish", "subscribe", "receive"];
const DATABASES = ["sqlite", "postgresql", "mysql", "mariadb"];

const FLAGS = {
  "db": { short: "d", value: "KIND", help: DATABASES.join(", ") },
  "file": {
    short: "f",
    value: "FILE",
    help: "File of SQLite. Default: auth.db",
  },
  "username": {
    short: "u",
    value: "USER",
    help: "User of the database; the password is asked for",
  },
  "host": {
    short: "h",
    value: "HOST",
    help: "Server of the database. Default: localhost",
  },
  "port": {
    short: "p",
    value: "PORT",
    help: "Its port. Default: 5432 for postgresql, else 3306",
  },
  "database": {
    short: "n",
    value: "NAME",
    help: "Name of the database. Default of postgresql: USER",
  },
  "url": {
    value: "URL",
    help:
      "All of it instead: a connection URL as in the configuration, such as postgresql://user:password@host/name",
  },
  "client-id": {
    short: "c",
    value: "ID",
    help: "User name of the client",
    heading: "The client",
  },
} as const;
const ACTION_FLAG = {
  "action": { short: "a", value: "ACTION", help: ACTIONS.join(", ") },
} as const;

/** What the flags of either command say; `users` has no action. */
type DatabaseFlags = typeof FLAGS & typeof ACTION_FLAG;
type FlagTexts = FlagValues<DatabaseFlags>;

const sync: Subcommand = {
  needs: [],
  summary: "Make the tables that are missing; run it as often as you like",
  run: async (database, { stdout }) => {
    await syncSchema(database);
    print(stdout, "Success: database synced.");
  },
};

/**
 * Makes a command about the tables of a database.
 *
 * @param name Name of the command.
 * @param summary One sentence: what it does.
 * @param own Its subcommands beside `sync`, which every command has.
 * @returns The command.
 */
export function databaseCommand(
  name: string,
  summary: string,
  own: Readonly<Record<string, Subcommand>>,
): Command {
  const subcommands = { sync, ...own };
  const hasAction = Object.values(own)
    .some(({ needs }) => needs.includes("-a ACTION"));
  return defineCommand({
    summary,
    usage: ["--db KIND [OPTIONS] COMMAND", "--url URL [OPTIONS] COMMAND"],
    flags: { ...FLAGS, ...hasAction && ACTION_FLAG } as DatabaseFlags,
    notes: notesOf(subcommands),
    run: async ({ flags, operands }, context) => {
      const [word, ...rest] = operands;
      const subcommand = find(name, subcommands, word);
      const options = readOptions(word, subcommand, flags, rest);
      try {
        const target = await readTarget(flags, word, context);
        await perform(
          target,
          word === "sync",
          (database) => subcommand.run(database, context, options),
        );
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        print(context.stderr, error.message);
        return EXIT_FAILED;
      }
    },
  });
}

function find(
  name: string,
  subcommands: Readonly<Record<string, Subcommand>>,
  word: string | undefined,
): Subcommand {
  if (word !== undefined && Object.hasOwn(subcommands, word)) {
    return subcommands[word];
  }
  const known = Object.keys(subcommands).join(", ");
  throw new UsageError(
    word === undefined
      ? `Cannot run ${name}: it needs a command, one of ${known}`
      : `Cannot run "${name} ${word}": there is no such command, only ${known}`,
  );
}

function readOptions(
  word: string,
  { needs }: Subcommand,
  { "client-id": clientId, action }: FlagTexts,
  rest: readonly string[],
): SubcommandOptions {
  const allowed = needs.includes("TOPIC") ? 1 : 0;
  if (rest.length > allowed) {
    throw new UsageError(
      `Cannot use "${rest[allowed]}": it is one argument too many`,
    );
  }
  const given = {
    "-c ID": clientId,
    "-a ACTION": action,
    "TOPIC": rest[0],
  };
  const missing = needs.find((need) => given[need] === undefined);
  if (missing !== undefined) {
    throw new UsageError(`Cannot run ${word}: it needs ${needs.join(" ")}`);
  }
  if (clientId === "") throw new UsageError("Cannot use -c: it is empty");
  if (action !== undefined && !ACTIONS.includes(action as Action)) {
    throw new UsageError(
      `Cannot use -a "${action}": it must be one of ${ACTIONS.join(", ")}`,
    );
  }
  return {
    clientId: clientId ?? "",
    action: (action ?? "publish") as Action,
    topic: rest[0] ?? "",
  };
}

async function readTarget(
  flags: FlagTexts,
  word: string,
  context: CommandContext,
): Promise<DatabaseTarget> {
  const { url, db } = flags;
  if (url !== undefined) {
    try {
      return parseConnectionUrl(url);
    } catch (error) {
      throw new UsageError(messageOf(error));
    }
  }
  if (db === undefined) {
    throw new UsageError("Cannot tell which database: give --db or --url");
  }
  if (!DATABASES.includes(db)) {
    throw new UsageError(
      `Cannot use --db "${db}": it must be one of ${DATABASES.join(", ")}`,
    );
  }
  if (db === "sqlite") {
    const file = flags.file ?? "auth.db";
    if (file === "") throw new UsageError("Cannot use --file: it is empty");
    if (word !== "sync" && !exists(file)) {
      throw new Refusal(`SQLite option could not find '${file}'`);
    }
    return { kind: "sqlite", file };
  }
  return await readServer(db === "postgresql" ? db : "mysql", flags, context);
}

async function readServer(
  kind: "postgresql" | "mysql",
  flags: FlagTexts,
  context: CommandContext,
): Promise<DatabaseTarget> {
  const { username: user, database, host = "localhost" } = flags;
  if (user === undefined) {
    throw new Refusal("DB access requires a username be provided.");
  }
  if (kind === "mysql" && database === undefined) {
    throw new UsageError("Cannot tell which database: give --database");
  }
  const port = flags.port === undefined
    ? (kind === "mysql" ? 3306 : 5432)
    : wholeNumber("--port", flags.port, 1, 65_535);
  const password = await askSecret(
    context,
    "Password of the database (press enter for none)",
    { mayBeEmpty: true },
  );
  return {
    kind,
    host,
    port,
    user,
    ...(password !== "" && { password }),
    ...(database !== undefined && { database }),
    tls: kind === "mysql" ? "disable" : "prefer",
  };
}

async function perform(
  target: DatabaseTarget,
  create: boolean,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(target, {
    connections: 1,
    timeout: TIMEOUT_MILLISECONDS,
    create,
  });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function notesOf(subcommands: Readonly<Record<string, Subcommand>>): string {
  const lines = Object.entries(subcommands).map(
    ([word, { needs, summary }]) =>
      `  ${[word, ...needs].join(" ").padEnd(25)}  ${summary}`,
  );
  return `Commands:
${lines.join("\n")}

Passwords are asked for, or read from standard input line by line if that is no
terminal: first the one of the database, then the one of the client.`;
}
