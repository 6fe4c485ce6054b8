/**
 * How a broker is administered: by commands and by the admin listener.
 *
 * @module
 */

import type { BrokerContext } from "../../plugins/mod.ts";
import type { BrokerConfig, ResolvedConfig } from "../config/mod.ts";
import { addBrokerCommands } from "../control/broker_commands.ts";
import type { Core } from "../core.ts";
import { brokerMetrics } from "../metrics/broker_metrics.ts";
import type { Metric } from "../metrics/exposition.ts";
import type { Hub } from "../services/hub.ts";
import type { ReloadResult } from "../reload.ts";
import type { NotReady } from "../services/readiness.ts";
import { AdminServer } from "./server.ts";

/** A broker as whoever administers it sees it. */
export interface AdministeredBroker {
  /** Its services. */
  readonly context: BrokerContext;
  /** How far it is. */
  readonly state: string;
  /** Takes another configuration into use. */
  reload(config: BrokerConfig | ResolvedConfig): Promise<ReloadResult>;
}

/**
 * Adds the broker's commands, and opens the admin listener if the configuration has
 * one.
 *
 * @param broker The broker.
 * @param core Its parts.
 * @param hub What its plugins have registered.
 * @param readConfig Reads the configuration again; absent: nobody knows where it came from.
 * @returns The listener.
 * @throws {ListenError} If it cannot be opened.
 */
export function administer(
  broker: AdministeredBroker,
  core: Core,
  hub: Hub,
  readConfig: (() => Promise<BrokerConfig | ResolvedConfig>) | undefined,
): AdminServer | undefined {
  const { context } = broker;
  const { signal } = context;
  const commands = core.logger.child("control");
  const owner = { name: "broker", signal, logger: commands, live: true };
  addBrokerCommands(hub.control, owner, {
    context,
    describePlugins: () => core.plugins.describe(),
    reload: readConfig && (async () => broker.reload(await readConfig())),
  });
  const { admin } = core.config;
  if (admin === undefined) return undefined;
  const waiting = (): readonly NotReady[] => {
    const reason = broker.state;
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
