/**
 * Commands that clients give by publishing to `$CONTROL/<plugin>/v1/<command>`.
 *
 * @module
 */

import { TIMED_OUT, withTimeLimit } from "../../plugins/time_limit.ts";
import type {
  ApplicationMessage,
  ControlHandler,
  Logger,
  StandardSchema,
} from "../../plugins/mod.ts";
import { ControlError } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { sendTo } from "../interception/deliver.ts";
import type { Message } from "../message.ts";
import { Owned } from "../services/owned.ts";
import { messageOf } from "../services/outgoing.ts";
import type { Session } from "../session/session.ts";
import { topicNameProblem } from "../topics/filter.ts";
import { readParameters } from "./parameters.ts";

/** What the topics of commands begin with. */
export const CONTROL_PREFIX = "$CONTROL/";

// Milliseconds that a command may take.
const TIME_LIMIT = 10_000;
/** Most commands that are under way. */
const MOST_COMMANDS = 100;

/** A command. */
export interface Command {
  /** Does it. */
  readonly handler: ControlHandler;
  /** Checks its parameters. */
  readonly schema: StandardSchema | undefined;
  /** Where failures go. */
  readonly logger: Logger;
}

/** The answer to a command. */
type Answer = { readonly result: unknown } | { readonly error: string };

/** The commands of a broker and its plugins. */
export class ControlCommands {
  /** By topic. */
  readonly all: Owned<Command> = new Owned();
  #pending = 0;

  /**
   * Whether a client may be allowed to publish to a topic that begins with `$`,
   * because it is that of a command. Without a plugin that decides about the topic
   * nobody may: what nobody decides about is allowed to everybody.
   *
   * @param core The broker.
   * @param topic Topic name.
   * @returns Whether it is; absent if there is no such command.
   */
  isOpen({ plugins }: Core, topic: string): boolean | undefined {
    if (this.all.get(topic) === undefined) return undefined;
    return plugins.decidesAbout(topic);
  }

  /**
   * Takes a message that a client was allowed to publish, if it is a command. Nobody
   * else gets it.
   *
   * @param core The broker.
   * @param session Who published it.
   * @param message The message.
   * @returns Whether it is one.
   */
  receive(core: Core, session: Session, message: Message): boolean {
    const command = this.all.get(message.topic);
    if (command === undefined) return false;
    // A plugin may have changed the topic, and the plugin that decided may be gone.
    if (core.plugins.decidesAbout(message.topic)) {
      this.#run(core, command, session, message.keep()).catch(core.report);
    }
    return true;
  }

  async #run(
    core: Core,
    command: Command,
    session: Session,
    request: Message,
  ): Promise<void> {
    let answer: Answer = { error: "too many commands are under way" };
    if (this.#pending < MOST_COMMANDS) {
      this.#pending++;
      try {
        answer = await answerOf(command, session, request);
      } finally {
        this.#pending--;
      }
    }
    respond(core, session, request, answer);
  }
}

async function answerOf(
  { handler, schema, logger }: Command,
  session: Session,
  { topic, payload }: Message,
): Promise<Answer> {
  try {
    const result = await withTimeLimit(
      (async () => {
        const parameters = await readParameters(payload, schema);
        return await handler({ session, parameters });
      })(),
      TIME_LIMIT,
    );
    if (result !== TIMED_OUT) return { result: result ?? null };
    logger.error(`No answer to ${topic}`, { milliseconds: TIME_LIMIT });
    return { error: "there was no answer in time" };
  } catch (error) {
    // The plugin may have a class of another copy of the package.
    if (error instanceof Error && error.name === ControlError.name) {
      return { error: error.message };
    }
    logger.error(`Cannot do ${topic}`, { clientId: session.clientId, error });
    return { error: "the command failed" };
  }
}

/** Answers the client that asked, and nobody else: it may not publish wherever it wants. */
function respond(
  core: Core,
  session: Session,
  request: ApplicationMessage,
  answer: Answer,
): void {
  const { responseTopic, correlationData } = request.properties ?? {};
  const topic = responseTopic ?? `${request.topic}/response`;
  if (topicNameProblem(topic) !== undefined || session.ended) return;
  let text: string;
  try {
    text = JSON.stringify(answer);
  } catch {
    text = JSON.stringify({ error: "the result cannot be written as JSON" });
  }
  const { qos } = request;
  const message = messageOf(core, topic, text, {
    qos,
    properties: { contentType: "application/json", correlationData },
  });
  sendTo(core, session, message);
}
