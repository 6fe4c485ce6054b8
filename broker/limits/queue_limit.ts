/**
 * How much may wait for clients.
 *
 * @module
 */

import type { Core } from "../core.ts";

/**
 * Whether one more message may wait for a client.
 *
 * @param core The broker.
 * @param clientId The client.
 * @param queued How many wait for it.
 * @param queuedBytes What they weigh.
 * @param weight What the message weighs.
 * @returns Whether it may; if not, it has been counted as dropped.
 */
export function mayQueue(
  core: Core,
  clientId: string,
  queued: number,
  queuedBytes: number,
  weight: number,
): boolean {
  const { config, stats } = core;
  const { maxTotalQueuedBytes, maxTotalQueuedMessages } = config;
  const limit = queued >= config.maxQueuedMessages
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
  stats.dropped.queue_full++;
  core.reports.reached(limit, clientId, "Message dropped", config[limit]);
  return false;
}
