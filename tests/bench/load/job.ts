/**
 * What the load generator is asked for, and what it answers.
 *
 * @module
 */

import type { Scenario } from "../scenarios.ts";

/** What the load generator is to do; its one argument, as JSON. */
export interface Job {
  readonly scenario: Scenario;
  /** Port of the broker on 127.0.0.1. */
  readonly port: number;
  /** Process of the broker. */
  readonly pid: number;
  /** Milliseconds of load before anything is measured. */
  readonly warmUp: number;
  /** Milliseconds that are measured. */
  readonly window: number;
}

/** What one run has shown; one line on standard output, as JSON. */
export interface Outcome {
  /** Deliveries within the window, connections if `load` is `connect`, or starts. */
  readonly count: number;
  /** Length of the window in seconds, or how long the start took. */
  readonly seconds: number;
  /** Messages that did not arrive, over the whole run. */
  readonly lost: number;
  /** Milliseconds from sending to receiving, or to the CONNACK; empty if not timed. */
  readonly latency: { readonly p50?: number; readonly p99?: number };
  /** CPU seconds of the broker within the window. */
  readonly brokerCpu?: number;
  /** CPU seconds of the load generator within the window. */
  readonly ownCpu?: number;
  /** Memory of the broker at the end of the window, in bytes. */
  readonly memory?: number;
  /** Memory that the broker needs for each client, in bytes, if `load` is `idle`. */
  readonly memoryPerClient?: number;
}
