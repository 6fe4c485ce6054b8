/**
 * The command `topics`: keeps the topic filters of the plugin `topic_db`. Follows
 * aMQTT's `topic_mgr`.
 *
 * @module
 */

import { type Command, CommandError, runCommand } from "./command.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { TopicTable } from "./topic_table.ts";

const command: Command = {
  name: "topics",
  summary: "Keeps the topic filters of the plugin topic_db.",
  subcommands: {
    list: {
      needs: [],
      summary: "Show the users with their topic filters",
      run: async (database, terminal) => {
        const users = await new TopicTable(database).list();
        if (users.length === 0) {
          terminal.print("No client authorizations exist.");
        }
        for (const { username, lists } of users) {
          const { publish, subscribe, receive } = lists;
          terminal.print(
            `'${username}':\n\tpublish: [${publish.join(", ")}], subscribe: [${
              subscribe.join(", ")
            }], receive: [${receive.join(", ")}]`,
          );
        }
        return 0;
      },
    },
    add: {
      needs: ["-c ID", "-a ACTION", "TOPIC"],
      summary: "Allow a user a topic filter",
      run: async (database, terminal, { clientId, action, topic }) => {
        const problem = filterProblem(topic);
        if (problem !== undefined) {
          throw new CommandError(
            `Error: '${topic}' is no topic filter: ${problem}.`,
          );
        }
        // Device shadows are the one thing there that is meant for clients.
        if (
          action === "publish" && topic.startsWith("$") &&
          !topic.startsWith("$shadow/")
        ) {
          throw new CommandError(
            "Error: MQTT does not allow clients to publish to $ topics.",
          );
        }
        if (!await new TopicTable(database).add(clientId, action, topic)) {
          throw new CommandError(
            `Topic '${topic}' already exists for '${action}'.`,
          );
        }
        terminal.print(
          `Success: topic '${topic}' added to ${action} for '${clientId}'`,
        );
        return 0;
      },
    },
    rm: {
      needs: ["-c ID", "-a ACTION", "TOPIC"],
      summary: "Take a topic filter from a user",
      run: async (database, terminal, { clientId, action, topic }) => {
        const topics = new TopicTable(database);
        if (await topics.find(clientId) === undefined) {
          throw new CommandError(`client '${clientId}' doesn't exist.`);
        }
        if (!await topics.remove(clientId, action, topic)) {
          throw new CommandError(
            `Error: topic '${topic}' not in the ${action} allow list for ${clientId}.`,
          );
        }
        terminal.print(
          `Success: removed topic '${topic}' from ${action} for '${clientId}'`,
        );
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

/** What is wrong with a topic filter (MQTT 5, section 4.7). */
function filterProblem(filter: string): string | undefined {
  if (filter === "") return "it is empty";
  if (filter.startsWith("$share/")) {
    return 'write it without "$share/<group>/", it holds for shared subscriptions too';
  }
  const levels = filter.split("/");
  if (levels.some((level) => level.includes("+") && level !== "+")) {
    return '"+" must be a level of its own';
  }
  return levels.some((level, index) =>
      level.includes("#") && (level !== "#" || index < levels.length - 1)
    )
    ? '"#" must be a level of its own at the end'
    : undefined;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
