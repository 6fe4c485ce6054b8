/**
 * Listens for WebSocket connections, over TCP or TLS.
 *
 * The frames are taken apart here and not by `Deno.serve`, which gathers whole
 * messages of any size before it hands them on, cannot make a client wait, asks for
 * no client certificates, and keeps the certificate that it was started with.
 *
 * @module
 */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate, Place } from "../limits/gate.ts";
import { listenTcp } from "./tcp.ts";
import type { AcceptHandler, RunningListener, Transport } from "./transport.ts";
import { shakeHands } from "./websocket_handshake.ts";
import { WebSocketServerTransport } from "./websocket_server_transport.ts";

/**
 * Opens a WebSocket listener, with TLS if the listener has a certificate. A client
 * that does not complete its handshake within the time for a CONNECT is dropped.
 *
 * @param config The listener.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @param gate Lets connections in.
 * @returns The running listener; its `close()` also waits, for a second at most,
 *   for connections that are in their closing handshake.
 * @throws {ListenError} If the address cannot be listened on.
 */
export async function listenWebSocket(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
  gate: ConnectionGate,
): Promise<RunningListener> {
  // Loading what TLS needs takes longer than everything else here.
  const listen = config.tls ? (await import("./tls.ts")).listenTls : listenTcp;
  return new WebSocketListener(config, listen, accept, logger, gate);
}

class WebSocketListener implements RunningListener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly #accept: AcceptHandler;
  readonly #logger: Logger;
  readonly #gate: ConnectionGate;
  readonly #inner: RunningListener;
  /** Connections whose handshake is not complete. */
  readonly #opening: Set<Transport> = new Set();
  readonly #sockets: Set<WebSocketServerTransport> = new Set();
  #config: ListenerConfig;

  constructor(
    config: ListenerConfig,
    listen: typeof listenTcp,
    accept: AcceptHandler,
    logger: Logger,
    gate: ConnectionGate,
  ) {
    this.#config = config;
    this.#accept = accept;
    this.#logger = logger;
    this.#gate = gate;
    this.#inner = listen(
      config,
      (transport, place) => void this.#open(transport, place),
      logger,
      gate,
    );
    this.name = config.name;
    this.address = this.#inner.address;
    this.port = this.#inner.port;
  }

  async close(): Promise<void> {
    for (const transport of this.#opening) transport.close();
    await this.#inner.close();
    const closing = [...this.#sockets].filter((socket) => socket.closing);
    await Promise.all(closing.map((socket) => socket.ended));
  }

  update(config: ListenerConfig): void {
    this.#inner.update(config);
    this.#config = config;
  }

  async #open(transport: Transport, place: Place): Promise<void> {
    const { limits, websocket } = this.#config;
    place.evict = () => transport.close();
    this.#opening.add(transport);
    const timer = setTimeout(() => {
      this.#gate.report(
        "connectTimeout",
        transport.remoteAddress,
        "Connection closed, whose WebSocket handshake was not complete in time",
      );
      transport.close();
    }, limits.connectTimeout * 1000);
    let rest: Uint8Array | undefined;
    try {
      rest = await shakeHands(transport, websocket);
    } catch (error) {
      this.#logger.debug("A WebSocket handshake failed", {
        error: String(error),
      });
    }
    clearTimeout(timer);
    if (!this.#opening.delete(transport) || rest === undefined) {
      return transport.close();
    }
    this.#accept(this.#wrap(transport, rest, limits.maxFrameSize), place);
  }

  #wrap(
    transport: Transport,
    rest: Uint8Array,
    maxFrameSize: number,
  ): Transport {
    const socket = new WebSocketServerTransport(transport, {
      rest,
      maxFrameSize,
      onTooBig: () =>
        this.#gate.report(
          "maxFrameSize",
          transport.remoteAddress,
          "Connection closed for a WebSocket frame that is too long",
        ),
    });
    this.#sockets.add(socket);
    void socket.ended.then(() => this.#sockets.delete(socket));
    return socket;
  }
}
