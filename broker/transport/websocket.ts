/** Listens for WebSocket connections. @module */

import type { Logger } from "../../plugins/mod.ts";
import { ConnectionLimit } from "./connection_limit.ts";
import { toPlainAddress } from "./conn_transport.ts";
import { formatAddress, toListenError } from "./listen_error.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { AcceptHandler, Listener } from "./transport.ts";
import { webSocketTransport } from "./websocket_transport.ts";

// `mqttv3.1` is what clients asked for before the name was registered.
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"];
const CLOSE_GRACE = 1_000;

/**
 * Opens a WebSocket listener, with TLS if the listener has a certificate.
 *
 * `Deno.serve` cannot stop accepting and keep its connections. Closing the
 * listener therefore refuses every further request, and frees the port when the
 * last connection has ended; {@linkcode Listener.close} may be called again to
 * wait for that.
 *
 * @param config The listener.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @returns The running listener.
 * @throws {ListenError} If the address cannot be listened on.
 */
export function listenWebSocket(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
): Listener {
  return new WebSocketListener(config, accept, logger);
}

class WebSocketListener implements Listener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly #config: ListenerConfig;
  readonly #accept: AcceptHandler;
  readonly #limit: ConnectionLimit;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets: Set<WebSocket> = new Set();
  readonly #lastEnded: PromiseWithResolvers<void> = Promise.withResolvers();
  #closing = false;
  #shutdown: Promise<void> | undefined;

  constructor(config: ListenerConfig, accept: AcceptHandler, logger: Logger) {
    this.#config = config;
    this.#accept = accept;
    this.#limit = new ConnectionLimit(config.maxConnections, logger);
    this.#server = serve(
      config,
      (request, info) => this.#answer(request, info),
    );
    const { hostname, port } = this.#server.addr;
    this.name = config.name;
    this.address = formatAddress(hostname, port);
    this.port = port;
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const socket of this.#sockets) {
      if (socket.readyState <= WebSocket.OPEN) return;
    }
    if (this.#sockets.size > 0) await this.#waitForLast();
    await this.#stop();
  }

  #answer(request: Request, info: Deno.ServeHandlerInfo): Response {
    const refusal = this.#closing
      ? new Response("The broker is stopping.\n", { status: 503 })
      : refuse(request, this.#config.websocket);
    if (refusal) return refusal;
    if (!this.#limit.take()) {
      return new Response("Too many connections.\n", { status: 503 });
    }
    // Not to be had any more once the request is upgraded.
    const { hostname, port } = info.remoteAddr as Deno.NetAddr;
    let upgrade: Deno.WebSocketUpgrade;
    try {
      const protocol = chooseSubprotocol(request);
      upgrade = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 0 });
    } catch (error) {
      this.#limit.release();
      const why = error instanceof Error ? error.message : String(error);
      return new Response(`${why}\n`, { status: 400 });
    }
    this.#hold(upgrade.socket);
    const address = toPlainAddress(hostname);
    const secure = this.#config.tls !== undefined;
    this.#accept(webSocketTransport(upgrade.socket, { address, port, secure }));
    return upgrade.response;
  }

  #hold(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.addEventListener("close", () => {
      this.#sockets.delete(socket);
      this.#limit.release();
      if (!this.#closing || this.#sockets.size > 0) return;
      this.#lastEnded.resolve();
      this.#stop();
    });
  }

  // A peer that does not answer the closing handshake is not waited for.
  async #waitForLast(): Promise<void> {
    const timer = setTimeout(this.#lastEnded.resolve, CLOSE_GRACE);
    await this.#lastEnded.promise;
    clearTimeout(timer);
  }

  #stop(): Promise<void> {
    this.#shutdown ??= this.#server.shutdown();
    return this.#shutdown;
  }
}

function serve(
  config: ListenerConfig,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const { hostname, port, tls } = config;
  const onListen = () => {};
  try {
    return tls
      ? Deno.serve(
        { hostname, port, onListen, cert: tls.cert, key: tls.key },
        handler,
      )
      : Deno.serve({ hostname, port, onListen }, handler);
  } catch (error) {
    throw toListenError(config, error);
  }
}

function refuse(
  request: Request,
  options: ListenerConfig["websocket"],
): Response | undefined {
  const { headers, url } = request;
  if (options.path !== "*" && new URL(url).pathname !== options.path) {
    return new Response("Not found.\n", { status: 404 });
  }
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("This is an MQTT broker: connect with a WebSocket.\n", {
      status: 426,
      headers: { upgrade: "websocket" },
    });
  }
  // Only browsers send an origin, and they cannot leave it out.
  const origin = headers.get("origin");
  if (origin && options.origins.length && !options.origins.includes(origin)) {
    return new Response("This origin is not allowed.\n", { status: 403 });
  }
  if (!chooseSubprotocol(request)) {
    return new Response(
      'Ask for the WebSocket subprotocol "mqtt" (Sec-WebSocket-Protocol).\n',
      { status: 400 },
    );
  }
}

// [MQTT-6.0.0-3] The client offers "mqtt". [MQTT-6.0.0-4] The server selects it.
function chooseSubprotocol(request: Request): string | undefined {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  const offered = header.split(",").map((name) => name.trim());
  return SUBPROTOCOLS.find((name) => offered.includes(name));
}
