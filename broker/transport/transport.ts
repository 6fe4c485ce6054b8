/**
 * The one shape that every network connection has inside the broker.
 *
 * @module
 */

import type { PeerCertificate } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { Place } from "../limits/gate.ts";

/**
 * How the bytes travel. `external` is a connection that a host program brought.
 *
 * @example
 * ```ts
 * import type { Broker, Transport, TransportKind } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const SECRET: readonly TransportKind[] = ["tls", "wss", "unix"];
 *
 * // Brings the broker only what others cannot read on its way.
 * async function bring(broker: Broker, transport: Transport): Promise<void> {
 *   if (!SECRET.includes(transport.kind)) return transport.close();
 *   await broker.handleTransport(transport);
 * }
 *
 * await using broker = await TestBroker.start();
 * const used: TransportKind[] = [];
 * for (const kind of ["ws", "wss"] as const) {
 *   await bring(broker.broker, {
 *     kind,
 *     remoteAddress: "192.0.2.1",
 *     remotePort: 50000,
 *     read() {
 *       used.push(kind);
 *       return Promise.resolve(null);
 *     },
 *     write: ({ length }) => Promise.resolve(length),
 *     close() {},
 *   });
 * }
 * assertEquals(used, ["wss"]);
 * ```
 */
export type TransportKind = "tcp" | "tls" | "ws" | "wss" | "unix" | "external";

/**
 * A connected byte stream. `Deno.Conn` fits it nearly as it is, so that the
 * fastest transport costs no layer.
 *
 * `read` and `write` are never called again before the earlier call of the same
 * method has settled.
 *
 * @example
 * ```ts
 * import type { Transport } from "@dinomq/broker";
 * import { TestBroker, TestClient } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function transportOf(conn: Deno.TcpConn): Transport {
 *   let isOpen = true;
 *   return {
 *     kind: "tcp",
 *     remoteAddress: conn.remoteAddr.hostname,
 *     remotePort: conn.remoteAddr.port,
 *     read: (into) => conn.read(into),
 *     write: (bytes) => conn.write(bytes),
 *     close() {
 *       if (isOpen) conn.close();
 *       isOpen = false;
 *     },
 *   };
 * }
 *
 * await using broker = await TestBroker.start();
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const conn = await Deno.connect({ port: listener.addr.port });
 * broker.broker.handleTransport(transportOf(await listener.accept()));
 * await using client = await TestClient.connect(transportOf(conn), {});
 * assertEquals(client.code, 0);
 * ```
 */
export interface Transport {
  /** How the bytes travel. */
  readonly kind: TransportKind;
  /** Address of the peer; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the peer; 0 for a Unix socket. */
  readonly remotePort: number;
  /** The client's certificate, if it showed one and the listener verified it. */
  readonly peerCertificate?: PeerCertificate;
  /**
   * Reads what has arrived, at least one byte, into `into`.
   *
   * @param into Where the bytes go. When the promise is fulfilled others use it: no
   *   more may be written to it.
   * @returns The number of bytes, or `null` when the peer has ended the stream.
   * @throws {Error} If the connection broke or was closed on this side.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes some of `bytes`; the caller repeats the call for the rest.
   *
   * @param bytes What to send. The caller does not change it before the promise settles.
   * @returns The number of bytes taken, at least one.
   * @throws {Error} If the connection broke or was closed.
   */
  write(bytes: Uint8Array): Promise<number>;
  /**
   * Ends the sending direction, so that the peer reads what was written up to the
   * end. Absent where the transport cannot do that.
   */
  closeWrite?(): Promise<void>;
  /** Closes both directions at once. Never throws; a second call does nothing. */
  close(): void;
}

/**
 * A running listener.
 *
 * @example
 * ```ts
 * import { Broker, type Listener } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new Broker({
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 * });
 * await broker.start();
 * const [{ address, port }]: readonly Listener[] = broker.listeners;
 * assertEquals(address, `127.0.0.1:${port}`);
 * await broker.shutdown();
 * assertEquals(broker.listeners, []);
 * ```
 */
export interface Listener {
  /** The name of the listener in the configuration. */
  readonly name: string;
  /** Where it listens, for the log: `127.0.0.1:1883`, `unix:/run/mqtt.sock`. */
  readonly address: string;
  /** The port in use (also when 0 was asked for); 0 for a Unix socket. */
  readonly port: number;
  /** Stops accepting. Connections that were accepted stay open. */
  close(): Promise<void>;
}

/** A listener as the broker has it. */
export interface RunningListener extends Listener {
  /**
   * Uses other settings for the connections that come from now on. Address and
   * kind stay what they are.
   *
   * @param config The listener.
   */
  update(config: ListenerConfig): void;
}

/** Takes over a connection that a listener accepted, and its place. */
export type AcceptHandler = (transport: Transport, place: Place) => void;
