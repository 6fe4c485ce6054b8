/**
 * What the broker counts.
 *
 * @module
 */

/**
 * Counters of the broker since its start, and its present state.
 *
 * @example
 * ```ts
 * import type { BrokerStats } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function report({ clientsConnected, retained, dropped }: BrokerStats): string {
 *   const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
 *   return `${clientsConnected} clients, ${retained} retained, ${lost} lost`;
 * }
 *
 * await using broker = await TestBroker.start();
 * await broker.connect();
 * broker.context.retained.set("a", "x");
 * assertEquals(report(broker.context.stats()), "1 clients, 1 retained, 0 lost");
 * ```
 */
export interface BrokerStats {
  /** When the broker started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Bytes that clients sent. */
  readonly bytesReceived: number;
  /** Bytes that were sent to clients. */
  readonly bytesSent: number;
  /** Packets of any type that clients sent. */
  readonly packetsReceived: number;
  /** Packets of any type that were sent to clients. */
  readonly packetsSent: number;
  /** PUBLISH packets that clients sent. */
  readonly publishReceived: number;
  /** PUBLISH packets that were sent to clients. */
  readonly publishSent: number;
  /** Messages that were not delivered, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /**
   * How often each limit was reached, by its name in the configuration
   * (`maxConnections`); those that never were are absent.
   */
  readonly limits: Readonly<Record<string, number>>;
  /** Clients that are connected. */
  readonly clientsConnected: number;
  /** Sessions without a connection. */
  readonly clientsDisconnected: number;
  /** The most clients that were connected at one time. */
  readonly clientsMaximum: number;
  /** QoS 2 messages from clients that are not released yet. */
  readonly inflightIn: number;
  /** Messages to clients that are not acknowledged yet. */
  readonly inflightOut: number;
  /** Messages that wait in the queues of sessions. */
  readonly queued: number;
  /** What they weigh in bytes; one that waits for several clients counts for each. */
  readonly queuedBytes: number;
  /** Retained messages. */
  readonly retained: number;
  /** Subscriptions. */
  readonly subscriptions: number;
}
