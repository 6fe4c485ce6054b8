/**
 * How many messages may be retained, and how much.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { Message } from "../message.ts";

/**
 * Whether there is room for a retained message.
 *
 * @param core The broker.
 * @param message The message; it takes the place of its topic's present one.
 * @returns Whether there is; if not, it has been reported.
 */
export function mayRetain(core: Core, message: Message): boolean {
  const { retained, config } = core;
  const { maxRetainedMessages, maxRetainedBytes } = config;
  const tooMany = maxRetainedMessages > 0 &&
    retained.size >= maxRetainedMessages;
  const tooMuch = maxRetainedBytes > 0 &&
    retained.bytes + message.weight > maxRetainedBytes;
  const exceeded = !core.memory.hasRoom();
  if (!tooMany && !tooMuch && !exceeded) return true;
  const earlier = retained.get(message.topic);
  // It may even make room.
  const growth = message.weight - (earlier?.weight ?? 0);
  const fits = growth <= 0 ||
    !exceeded && (!tooMuch || retained.bytes + growth <= maxRetainedBytes);
  if (earlier !== undefined && fits) return true;
  const limit = exceeded
    ? "maxMemory"
    : tooMany && earlier === undefined
    ? "maxRetainedMessages"
    : "maxRetainedBytes";
  core.reports.reached(
    limit,
    message.publisher ?? "",
    "Message delivered, but not retained",
    config[limit],
  );
  return false;
}
