/** Listens for plain TCP connections. @module */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import { AcceptLoop } from "./accept_loop.ts";
import { ConnTransport } from "./conn_transport.ts";
import { ConnectionLimit } from "./connection_limit.ts";
import { formatAddress, toListenError } from "./listen_error.ts";
import type { AcceptHandler, Listener } from "./transport.ts";

/**
 * Opens a TCP listener.
 *
 * @param config The listener.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @returns The running listener.
 * @throws {ListenError} If the address cannot be listened on.
 */
export function listenTcp(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
): Listener {
  const { listener, address, port } = openTcp(config);
  const limit = new ConnectionLimit(config.maxConnections, logger);
  const handle = (conn: Deno.TcpConn) => {
    // Output is gathered per turn already; waiting for more would only delay it.
    conn.setNoDelay(true);
    conn.setKeepAlive(true);
    accept(new ConnTransport(conn, "tcp", limit.release));
  };
  const loop = new AcceptLoop({ listener, limit, handle, logger });
  return { name: config.name, address, port, close: () => loop.close() };
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
