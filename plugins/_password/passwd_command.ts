/**
 * The command `passwd`: creates and changes the password files of `auth_file`.
 *
 * @module
 */

import {
  askSecret,
  changeFile,
  type Command,
  type CommandContext,
  createFile,
  defineCommand,
  EXIT_FAILED,
  print,
  UsageError,
} from "../../broker/cli/mod.ts";
import { parseHash } from "./hash.ts";
import { makeHash } from "./make.ts";
import {
  type PasswordLine,
  passwordLines,
  removePasswordLine,
  setPasswordLine,
  usernameProblem,
} from "./password_lines.ts";
import { verifyPassword } from "./verify.ts";

const FLAGS = {
  create: {
    short: "c",
    help: "Create the file, which must not exist. Its rights are 0600",
  },
  delete: { short: "D", help: "Take the user out of the file" },
  list: { short: "l", help: "List the users of the file" },
  verify: {
    help: "Check the user's password; the exit code is 1 if it is wrong",
  },
} as const;

const NOTES = `
The password is asked for twice, or is the first line of standard input if that
is no terminal. It is never an argument. Comments and other lines of the file
stay; other people lose their rights to it. The broker reads the file when it
starts.

Examples:
  passwd -c passwords alice
  passwd passwords alice < file_with_the_new_password
  passwd -D passwords alice`;

const passwd: Command = defineCommand({
  summary: "Creates and changes password files for the plugin auth_file.",
  usage: ["[-c | -D | --verify] FILE USER", "-l FILE"],
  flags: FLAGS,
  notes: NOTES,
  run: async ({ flags, operands }, context) => {
    const names = (Object.keys(FLAGS) as (keyof typeof FLAGS)[])
      .filter((name) => flags[name]);
    if (names.length > 1) {
      throw new UsageError(
        `Cannot use --${names[0]} and --${names[1]} together: choose one`,
      );
    }
    const [action = "set"] = names;
    const [file, user] = readOperands(operands, action === "list" ? 1 : 2);
    switch (action) {
      case "list":
        return await list(file, context);
      case "delete":
        return await remove(file, user, context);
      case "verify":
        return await verify(file, user, context);
      case "create":
        return await create(file, user, context);
      case "set":
        return await set(file, user, context);
    }
  },
});

export default passwd;

function readOperands(operands: string[], count: 1 | 2): string[] {
  if (count === 2 && operands.length === 3) {
    throw new UsageError(
      "Cannot take the password as an argument, where others can see it: " +
        "it is asked for, or read from standard input",
    );
  }
  if (operands.length !== count) {
    const wanted = count === 1 ? "FILE" : "FILE and USER";
    throw new UsageError(`Cannot run passwd: give ${wanted}, nothing else`);
  }
  if (count === 1) return operands;
  const problem = usernameProblem(operands[1]);
  if (problem === undefined) return operands;
  throw new UsageError(`Cannot use the user name "${operands[1]}": ${problem}`);
}

async function create(
  file: string,
  user: string,
  context: CommandContext,
): Promise<void> {
  const remedy = "leave -c out to add a user to it";
  // Before anybody types a password in vain.
  if (await exists(file)) {
    throw new Error(`Cannot create "${file}": it exists already; ${remedy}`);
  }
  const hash = await newHash(user, context);
  await createFile(file, `${user}:${hash}\n`, { mode: 0o600, remedy });
  print(context.stdout, `Created "${file}" with the user ${user}`);
}

async function set(
  file: string,
  user: string,
  context: CommandContext,
): Promise<void> {
  const isNew = find(await read(file), user) === undefined;
  const hash = await newHash(user, context);
  await changeFile(
    file,
    (text) => setPasswordLine(text, user, hash),
    withoutOthers,
  );
  print(
    context.stdout,
    isNew
      ? `Added the user ${user} to "${file}"`
      : `Changed the password of ${user} in "${file}"`,
  );
}

async function remove(
  file: string,
  user: string,
  context: CommandContext,
): Promise<void> {
  requireUser(await read(file), file, user);
  await changeFile(
    file,
    (text) => removePasswordLine(text, user),
    withoutOthers,
  );
  print(context.stdout, `Took the user ${user} out of "${file}"`);
}

async function list(file: string, context: CommandContext): Promise<void> {
  const lines = await read(file);
  const users = new Map(lines.map((line) => [line.username, line]));
  for (const { username, hash, number } of users.values()) {
    print(context.stdout, username);
    const parsed = parseHash(hash);
    if (typeof parsed !== "string") continue;
    print(
      context.stderr,
      `warning: line ${number}: ${username} cannot log in: ${parsed}`,
    );
  }
}

async function verify(
  file: string,
  user: string,
  context: CommandContext,
): Promise<number | void> {
  const { hash, number } = requireUser(await read(file), file, user);
  const parsed = parseHash(hash);
  if (typeof parsed === "string") {
    throw new Error(`Cannot use line ${number} of "${file}": ${parsed}`);
  }
  const password = await askSecret(context, `Password of ${user}`);
  if (await verifyPassword(parsed, new TextEncoder().encode(password))) {
    print(context.stdout, "The password is right");
    return;
  }
  print(context.stderr, "error: The password is wrong");
  return EXIT_FAILED;
}

async function newHash(user: string, context: CommandContext): Promise<string> {
  const password = await askSecret(context, `New password of ${user}`, {
    twice: true,
  });
  return await makeHash("argon2", new TextEncoder().encode(password));
}

async function read(file: string): Promise<PasswordLine[]> {
  try {
    return passwordLines(await Deno.readTextFile(file));
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file; -c creates it"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read "${file}": ${why}`, { cause });
  }
}

/** Of several lines the last one counts, as for the broker. */
function find(lines: PasswordLine[], user: string): PasswordLine | undefined {
  return lines.findLast(({ username }) => username === user);
}

function requireUser(
  lines: PasswordLine[],
  file: string,
  user: string,
): PasswordLine {
  const found = find(lines, user);
  if (found !== undefined) return found;
  throw new Error(`Cannot find the user ${user} in "${file}"; -l lists all`);
}

async function exists(file: string): Promise<boolean> {
  try {
    await Deno.lstat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function withoutOthers(mode: number): number {
  return mode & 0o660;
}
