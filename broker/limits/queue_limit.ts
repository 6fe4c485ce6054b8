/**
 * How much may wait for clients.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { dropped } from "../drops.ts";
import type { Message } from "../message.ts";

/**
 * Whether one more message may wait for a client.
 *
 * @param core The broker.
 * @param clientId The client.
 * @param queued How many wait for it.
 * @param queuedBytes What they weigh.
 * @param message The message.
 * @returns Whether it may; if not, it has been counted as dropped.
 */
export function mayQueue(
  core: Core,
  clientId: string,
  queued: number,
  queuedBytes: number,
  message: Message,
): boolean {
  const { config, stats } = core;
  const { weight } = message;
  const { maxTotalQueuedBytes, maxTotalQueuedMessages } = config;
  const limit = !core.memory.hasRoom()
    ? "maxMemory"
    : queued >= config.maxQueuedMessages
    ? "maxQueuedMessages"
    : queuedBytes + weight > config.maxQueuedBytes
    ? "maxQueuedBytes"
    : maxTotalQueuedMessages > 0 && stats.queued >= maxTotalQueuedMessages
    ? "maxTotalQueuedMessages"
    : maxTotalQueuedBytes > 0 &&
        stats.queuedBytes + weight > maxTotalQueuedBytes
    ? "maxTotalQueuedBytes"
    : undefined;
  if (limit === undefined) return true;
  dropped(core, "queue_full", message, clientId);
  core.reports.reached(limit, clientId, "Message dropped", config[limit]);
  return false;
}
