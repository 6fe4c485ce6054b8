/**
 * Opens listeners: each turns network connections into {@linkcode Transport}s.
 *
 * @module
 */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import { ConnectionGate } from "../limits/gate.ts";
import { LimitReports } from "../limits/limit_reports.ts";
import { listenTcp } from "./tcp.ts";
import type { AcceptHandler, RunningListener } from "./transport.ts";
import { listenUnix } from "./unix.ts";
import { listenWebSocket } from "./websocket.ts";

export { ListenError } from "./listen_error.ts";
export type {
  AcceptHandler,
  Listener,
  RunningListener,
  Transport,
  TransportKind,
} from "./transport.ts";
export {
  type WebSocketPeer,
  webSocketTransport,
} from "./websocket_transport.ts";

/**
 * Opens a listener. One of type `external` opens nothing: its connections come
 * from the host program.
 *
 * @param config The listener.
 * @param accept Takes over each connection; must not throw.
 * @param logger Where failures are reported.
 * @param gate Lets connections in. Default: one without limits.
 * @returns The running listener.
 * @throws {ListenError} If the address cannot be listened on.
 */
export async function openListener(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
  gate: ConnectionGate = openGate(logger),
): Promise<RunningListener> {
  switch (config.type) {
    case "tcp":
      if (!config.tls) return listenTcp(config, accept, logger, gate);
      // Most brokers start without it, and sooner.
      return (await import("./tls.ts")).listenTls(config, accept, logger, gate);
    case "ws":
      return await listenWebSocket(config, accept, logger, gate);
    case "unix":
      return await listenUnix(config, accept, logger, gate);
    case "external":
      return {
        name: config.name,
        address: "external",
        port: 0,
        close: () => Promise.resolve(),
        update: () => {},
      };
  }
}

/** Lets in whoever comes. */
function openGate(logger: Logger): ConnectionGate {
  return new ConnectionGate({
    config: { maxConnections: 0, maxPendingConnections: 0 },
    reports: new LimitReports(logger, {}),
  });
}
