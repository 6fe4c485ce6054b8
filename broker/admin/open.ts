/**
 * The admin listener of a broker.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { brokerMetrics } from "../metrics/broker_metrics.ts";
import type { Metric } from "../metrics/exposition.ts";
import type { Hub } from "../services/hub.ts";
import type { NotReady } from "../services/readiness.ts";
import { AdminServer } from "./server.ts";

/**
 * Opens the admin listener, if the configuration has one.
 *
 * @param core The broker.
 * @param hub What its plugins have registered.
 * @param state How far the broker is.
 * @returns The listener.
 * @throws {ListenError} If it cannot be opened.
 */
export function openAdmin(
  core: Core,
  hub: Hub,
  state: () => string,
): AdminServer | undefined {
  const { admin } = core.config;
  if (admin === undefined) return undefined;
  const waiting = (): readonly NotReady[] => {
    const reason = state();
    return reason === "started"
      ? hub.readiness.waiting
      : [{ plugin: "broker", reason }, ...hub.readiness.waiting];
  };
  function* metrics(): Generator<Metric> {
    yield* brokerMetrics({
      core,
      plugins: core.plugins.describe(),
      ready: waiting().length === 0,
    });
    yield* hub.metrics.values();
  }
  const logger = core.logger.child("admin");
  const server = new AdminServer(admin, {
    metrics,
    routes: hub.routes,
    waiting,
    logger,
  });
  logger.info(`Listening on ${server.url}`);
  return server;
}
