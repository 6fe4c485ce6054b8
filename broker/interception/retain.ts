/**
 * What is retained of a message: plugins may change it, or leave everything as it is.
 *
 * @module
 */

import { Stop } from "../../plugins/interceptor_chain.ts";
import type { RetainEvent } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";

/**
 * Asks the plugins about a message that is to be retained.
 *
 * @param core The broker.
 * @param message The message.
 * @returns What is to be retained; `undefined`: nothing changes.
 */
export function interceptRetain(
  core: Core,
  message: Message,
): Message | undefined {
  const chain = core.plugins.intercepts.retain;
  if (chain === undefined) return message;
  const event: RetainEvent = { message: message.keep() };
  const answer = chain.askNow(event, core.appliers.retain);
  if (answer instanceof Stop) return undefined;
  return answer.message as Message;
}
