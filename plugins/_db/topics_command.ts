/**
 * The command `topics`: keeps the topic filters of the plugin `topic_db`. Follows
 * aMQTT's `topic_mgr`.
 *
 * @module
 */

import { type Command, print } from "../../broker/cli/mod.ts";
import { databaseCommand, Refusal } from "./database_command.ts";
import { TopicTable } from "./topic_table.ts";

const topics: Command = databaseCommand(
  "topics",
  "Keeps the topic filters of the plugin topic_db.",
  {
    list: {
      needs: [],
      summary: "Show the users with their topic filters",
      run: async (database, { stdout }) => {
        const users = await new TopicTable(database).list();
        if (users.length === 0) {
          print(stdout, "No client authorizations exist.");
        }
        for (const { username, lists } of users) {
          const { publish, subscribe, receive } = lists;
          print(
            stdout,
            `'${username}':\n\tpublish: [${publish.join(", ")}], subscribe: [${
              subscribe.join(", ")
            }], receive: [${receive.join(", ")}]`,
          );
        }
      },
    },
    add: {
      needs: ["-c ID", "-a ACTION", "TOPIC"],
      summary: "Allow a user a topic filter",
      run: async (database, { stdout }, { clientId, action, topic }) => {
        const problem = filterProblem(topic);
        if (problem !== undefined) {
          throw new Refusal(
            `Error: '${topic}' is no topic filter: ${problem}.`,
          );
        }
        // Device shadows are the one thing there that is meant for clients.
        if (
          action === "publish" && topic.startsWith("$") &&
          !topic.startsWith("$shadow/")
        ) {
          throw new Refusal(
            "Error: MQTT does not allow clients to publish to $ topics.",
          );
        }
        if (!await new TopicTable(database).add(clientId, action, topic)) {
          throw new Refusal(
            `Topic '${topic}' already exists for '${action}'.`,
          );
        }
        print(
          stdout,
          `Success: topic '${topic}' added to ${action} for '${clientId}'`,
        );
      },
    },
    rm: {
      needs: ["-c ID", "-a ACTION", "TOPIC"],
      summary: "Take a topic filter from a user",
      run: async (database, { stdout }, { clientId, action, topic }) => {
        const topics = new TopicTable(database);
        if (await topics.find(clientId) === undefined) {
          throw new Refusal(`client '${clientId}' doesn't exist.`);
        }
        if (!await topics.remove(clientId, action, topic)) {
          throw new Refusal(
            `Error: topic '${topic}' not in the ${action} allow list for ${clientId}.`,
          );
        }
        print(
          stdout,
          `Success: removed topic '${topic}' from ${action} for '${clientId}'`,
        );
      },
    },
  },
);

export default topics;

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
