/**
 * The command `users`: keeps the users of the plugin `auth_db`. Follows aMQTT's
 * `user_mgr`.
 *
 * @module
 */

import {
  askLine,
  askSecret,
  type Command,
  type CommandContext,
  print,
} from "../../broker/cli/mod.ts";
import { makeHash } from "../_password/make.ts";
import { databaseCommand, Refusal } from "./database_command.ts";
import { UserTable } from "./user_table.ts";

const users: Command = databaseCommand(
  "users",
  "Keeps the users of the plugin auth_db.",
  {
    list: {
      needs: [],
      summary: "Show the users with their password hashes",
      run: async (database, { stdout }) => {
        const users = await new UserTable(database).list();
        if (users.length === 0) {
          print(stdout, "No client authentications exist.");
        }
        for (const user of users) print(stdout, describe(user));
      },
    },
    add: {
      needs: ["-c ID"],
      summary: "Add a user; the password is asked for",
      run: async (database, context, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) !== undefined) throw known(clientId);
        const passwordHash = await newHash(clientId, context);
        const user = { username: clientId, passwordHash };
        if (!await users.add(user)) throw known(clientId);
        print(context.stdout, `Success: created ${describe(user)}`);
      },
    },
    rm: {
      needs: ["-c ID"],
      summary: "Remove a user, after a question",
      run: async (database, context, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) === undefined) throw unknown(clientId);
        const answer = await askLine(
          context,
          `Please confirm the removal of '${clientId}'? [y/N]: `,
        );
        if (answer === null) throw new Refusal("Aborted.");
        if (!/^y(es)?$/i.test(answer.trim())) return;
        if (!await users.remove(clientId)) throw unknown(clientId);
        print(context.stdout, `Success: '${clientId}' was removed.`);
      },
    },
    pwd: {
      needs: ["-c ID"],
      summary: "Change the password of a user; it is asked for",
      run: async (database, context, { clientId }) => {
        const users = new UserTable(database);
        if (await users.find(clientId) === undefined) throw unknown(clientId);
        const passwordHash = await newHash(clientId, context);
        if (!await users.update({ username: clientId, passwordHash })) {
          throw unknown(clientId);
        }
        print(
          context.stdout,
          `Success: client '${clientId}' password updated.`,
        );
      },
    },
  },
);

export default users;

async function newHash(
  clientId: string,
  context: CommandContext,
): Promise<string> {
  const password = await askSecret(context, `New password of ${clientId}`, {
    twice: true,
    mayBeEmpty: true,
  });
  if (password.trim() === "") {
    throw new Refusal("Error: client password cannot be empty.");
  }
  return await makeHash("argon2", new TextEncoder().encode(password));
}

function describe(user: { username: string; passwordHash: string }): string {
  return `'${user.username}' with password hash: ${user.passwordHash}`;
}

function known(clientId: string): Refusal {
  return new Refusal(`Error: client '${clientId}' already exists.`);
}

function unknown(clientId: string): Refusal {
  return new Refusal(`Error: client '${clientId}' does not exist.`);
}
