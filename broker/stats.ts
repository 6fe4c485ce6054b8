/**
 * What the broker counts.
 *
 * @module
 */

import type { BrokerStats } from "../plugins/mod.ts";
import type { LimitCounts } from "./limits/limit_reports.ts";

/** Why a message was not delivered. */
export type DropReason =
  | "client_refused"
  | "denied"
  | "expired"
  | "feedback"
  | "intercepted"
  | "offline"
  | "output_full"
  | "packet_too_large"
  | "queue_full"
  | "topic_refused";

/** The counters; plain fields, since they change with every packet. */
export class Stats implements BrokerStats {
  startedAt = 0;
  bytesReceived = 0;
  bytesSent = 0;
  packetsReceived = 0;
  packetsSent = 0;
  publishReceived = 0;
  publishSent = 0;
  readonly dropped: Record<DropReason, number> = {
    client_refused: 0,
    denied: 0,
    expired: 0,
    feedback: 0,
    intercepted: 0,
    offline: 0,
    output_full: 0,
    packet_too_large: 0,
    queue_full: 0,
    topic_refused: 0,
  };
  readonly limits: LimitCounts = {};
  clientsConnected = 0;
  clientsDisconnected = 0;
  clientsMaximum = 0;
  inflightIn = 0;
  inflightOut = 0;
  queued = 0;
  queuedBytes = 0;
  retained = 0;
  subscriptions = 0;
}
