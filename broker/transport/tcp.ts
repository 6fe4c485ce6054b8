/** Listens for plain TCP connections. @module */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate } from "../limits/gate.ts";
import { AcceptLoop, type Incoming } from "./accept_loop.ts";
import { ConnTransport } from "./conn_transport.ts";
import { formatAddress, toListenError } from "./listen_error.ts";
import type { AcceptHandler, RunningListener } from "./transport.ts";

/**
 * Opens a TCP listener.
 *
 * @param config The listener.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @param gate Lets connections in.
 * @returns The running listener.
 * @throws {ListenError} If the address cannot be listened on.
 */
export function listenTcp(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
  gate: ConnectionGate,
): RunningListener {
  const { listener, address, port } = openTcp(config);
  const handle = (conn: Deno.TcpConn, incoming: Incoming) => {
    // Output is gathered per turn already; waiting for more would only delay it.
    conn.setNoDelay(true);
    conn.setKeepAlive(true);
    accept(new ConnTransport(conn, "tcp", incoming), incoming.place);
  };
  const loop = new AcceptLoop({ listener, config, gate, handle, logger });
  return {
    name: config.name,
    address,
    port,
    close: () => loop.close(),
    update: (config) => loop.update(config),
  };
}

/** A TCP port that is listened on. */
export interface OpenTcp {
  /** Accepts the connections. */
  listener: Deno.TcpListener;
  /** Host and port, for the log. */
  address: string;
  /** The port in use. */
  port: number;
}

/**
 * Listens on a TCP port.
 *
 * @param config The listener.
 * @returns The listener and where it listens.
 * @throws {ListenError} If the address cannot be listened on.
 */
export function openTcp(config: ListenerConfig): OpenTcp {
  const { hostname, port } = config;
  try {
    const listener = Deno.listen({ hostname, port });
    const { addr } = listener;
    const address = formatAddress(addr.hostname, addr.port);
    return { listener, address, port: addr.port };
  } catch (error) {
    throw toListenError(config, error);
  }
}
