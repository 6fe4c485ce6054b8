/**
 * The command `users`: keeps the users of the plugin `auth_db`. Follows aMQTT's
 * `user_mgr`.
 *
 * @module
 */

import { makeHash, passwordProblem } from "../_password/make.ts";
import { type Command, CommandError, runCommand } from "./command.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { UserTable } from "./user_table.ts";

const command: Command = {
  name: "users",
  summary: "Keeps the users of the plugin auth_db.",
  subcommands: {
    list: {
      needs: [],
      summary: "Show the users with their password hashes",
      run: async (database, terminal) => {
        const users = await new UserTable(database).list();
        if (users.length === 0) {
          terminal.print("No client authentications exist.");
        }
        for (const user of users) terminal.print(describe(user));
        return 0;
      },
    },
    add: {
      needs: ["-c ID"],
      summary: "Add a user; the password is asked for",
      run: async (database, terminal, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) !== undefined) throw known(clientId);
        const passwordHash = await askPassword(
          terminal,
          "Enter the client's password: ",
        );
        const user = { username: clientId, passwordHash };
        if (!await users.add(user)) throw known(clientId);
        terminal.print(`Success: created ${describe(user)}`);
        return 0;
      },
    },
    rm: {
      needs: ["-c ID"],
      summary: "Remove a user, after a question",
      run: async (database, terminal, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) === undefined) throw unknown(clientId);
        const answer = terminal.ask(
          `Please confirm the removal of '${clientId}'? [y/N]: `,
          false,
        );
        if (answer === null) throw new CommandError("Aborted.");
        if (!/^y(es)?$/i.test(answer.trim())) return 0;
        if (!await users.remove(clientId)) throw unknown(clientId);
        terminal.print(`Success: '${clientId}' was removed.`);
        return 0;
      },
    },
    pwd: {
      needs: ["-c ID"],
      summary: "Change the password of a user; it is asked for",
      run: async (database, terminal, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) === undefined) throw unknown(clientId);
        const passwordHash = await askPassword(
          terminal,
          "Enter the client's new password: ",
        );
        if (!await users.update({ username: clientId, passwordHash })) {
          throw unknown(clientId);
        }
        terminal.print(`Success: client '${clientId}' password updated.`);
        return 0;
      },
    },
  },
};

/**
 * Runs the command.
 *
 * @param args Its arguments.
 * @param terminal Where it writes, and whom it asks. Default: those of the process.
 * @returns The exit code: 0 if it was done, 1 if it failed, 2 if the arguments are
 * wrong.
 */
export function main(
  args: string[],
  terminal: Terminal = processTerminal,
): Promise<number> {
  return runCommand(command, args, terminal);
}

async function askPassword(
  terminal: Terminal,
  prompt: string,
): Promise<string> {
  const password = terminal.ask(prompt, true);
  if (password === null && terminal.isInteractive) {
    throw new CommandError("Aborted.");
  }
  if (password === null || password.trim() === "") {
    throw new CommandError("Error: client password cannot be empty.");
  }
  // Nobody saw what was typed; what a program writes needs no second look.
  if (
    terminal.isInteractive &&
    terminal.ask("Enter it once more: ", true) !== password
  ) {
    throw new CommandError("Error: the two passwords are not the same.");
  }
  const bytes = new TextEncoder().encode(password);
  const problem = passwordProblem("argon2", bytes);
  if (problem !== undefined) {
    throw new CommandError(`Error: cannot use the password: ${problem}.`);
  }
  return await makeHash("argon2", bytes);
}

function describe(user: { username: string; passwordHash: string }): string {
  return `'${user.username}' with password hash: ${user.passwordHash}`;
}

function known(clientId: string): CommandError {
  return new CommandError(`Error: client '${clientId}' already exists.`);
}

function unknown(clientId: string): CommandError {
  return new CommandError(`Error: client '${clientId}' does not exist.`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
