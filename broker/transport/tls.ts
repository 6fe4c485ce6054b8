/**
 * Listens for TLS connections, with or without client certificates.
 *
 * TLS is that of `node:tls`, over streams of our own. `Deno.listenTls` cannot ask
 * for client certificates, cannot switch Nagle's algorithm off, and keeps the
 * socket of a client that never completes its handshake even after `close()`.
 *
 * @module
 */

import {
  createServer,
  type TlsOptions as NodeTlsOptions,
  type TLSSocket,
} from "node:tls";
import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate } from "../limits/gate.ts";
import { AcceptLoop, type Incoming } from "./accept_loop.ts";
import { CipherStream } from "./cipher_stream.ts";
import { formatAddress } from "./listen_error.ts";
import { openTcp } from "./tcp.ts";
import { TlsTransport } from "./tls_transport.ts";
import { VerifiedCertificates } from "./verified_certificates.ts";
import type { AcceptHandler, RunningListener } from "./transport.ts";

type ListenerTls = NonNullable<ListenerConfig["tls"]>;

/**
 * Opens a TLS listener. A connection is handed over when its handshake is
 * complete; a client that does not complete it within the time for a CONNECT is
 * dropped and holds up nobody else.
 *
 * @param config The listener; `tls` is set.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @param gate Lets connections in.
 * @returns The running listener.
 * @throws {ListenError} If the address cannot be listened on.
 */
export function listenTls(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
  gate: ConnectionGate,
): RunningListener {
  let tls = config.tls!;
  let nodeOptions = toNodeOptions(config, tls);
  let verified = new VerifiedCertificates();
  const handshakes = new Set<CipherStream>();
  // The place is taken before the handshake, so that unfinished ones count too.
  const handle = (conn: Deno.TcpConn, { address, port, place }: Incoming) => {
    conn.setNoDelay(true);
    conn.setKeepAlive(true);
    const cipher = new CipherStream(conn);
    handshakes.add(cipher);
    place.evict = () => cipher.destroy();
    cipher.once("close", () => {
      handshakes.delete(cipher);
      place.release();
    });
    const { clientCertificate } = tls;
    const known = verified;
    const fail = (error: Error) =>
      logger.debug("A TLS handshake failed", {
        listener: config.name,
        peer: formatAddress(address, port),
        error: error.message,
      });
    shakeHands(cipher, nodeOptions, fail, (socket) => {
      handshakes.delete(cipher);
      const certificate = clientCertificate === "none"
        ? undefined
        : known.certificateOf(socket);
      if (clientCertificate === "required" && certificate === undefined) {
        fail(new Error("the resumed session has no verified certificate"));
        cipher.destroy();
        return;
      }
      accept(
        new TlsTransport(socket, cipher, { address, port, certificate }),
        place,
      );
    });
  };
  const { listener, address, port } = openTcp(config);
  const loop = new AcceptLoop({ listener, config, gate, handle, logger });
  return {
    name: config.name,
    address,
    port,
    close: () => {
      for (const cipher of handshakes) cipher.destroy();
      return loop.close();
    },
    update: (config) => {
      const next = config.tls!;
      // What was verified before proves nothing to other authorities.
      if (next.ca !== tls.ca) verified = new VerifiedCertificates();
      tls = next;
      nodeOptions = toNodeOptions(config, tls);
      loop.update(config);
    },
  };
}

function toNodeOptions(
  { limits }: ListenerConfig,
  tls: ListenerTls,
): NodeTlsOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ca: tls.ca,
    minVersion: "TLSv1.2",
    requestCert: tls.clientCertificate !== "none",
    rejectUnauthorized: tls.clientCertificate === "required",
    handshakeTimeout: limits.connectTimeout * 1000,
    allowHalfOpen: true,
  };
}

// The server never listens. One for each connection, because a server does not
// say which of its streams a socket, or a failure, belongs to.
function shakeHands(
  cipher: CipherStream,
  options: NodeTlsOptions,
  failed: (error: Error) => void,
  done: (socket: TLSSocket) => void,
): void {
  const server = createServer(options);
  const fail = (error: Error, socket?: TLSSocket) => {
    failed(error);
    socket?.destroy();
    cipher.destroy();
  };
  server.once("tlsClientError", fail);
  // The server would only notice at the end of the time.
  const leave = () => fail(new Error("the client left"));
  cipher.once("end", leave);
  cipher.on("error", fail);
  server.once("secureConnection", (socket: TLSSocket) => {
    cipher.off("end", leave);
    cipher.off("error", fail);
    done(socket);
  });
  server.emit("connection", cipher);
}
