/** The transport of TCP and Unix sockets. @module */

import type { Place } from "../limits/gate.ts";
import type { Incoming } from "./accept_loop.ts";
import type { Transport, TransportKind } from "./transport.ts";

/**
 * A `Deno.Conn` as a {@linkcode Transport}: nothing stands between the caller and
 * the connection's own promises.
 */
export class ConnTransport implements Transport {
  /** How the bytes travel. */
  readonly kind: TransportKind;
  /** Address of the peer; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the peer; 0 for a Unix socket. */
  readonly remotePort: number;
  readonly #conn: Deno.Conn;
  readonly #place: Place;
  #closed = false;

  /**
   * Wraps a connection, which then belongs to the transport.
   *
   * @param conn The connection.
   * @param kind How the bytes travel.
   * @param incoming Who it is; the place is released when the transport is closed.
   */
  constructor(
    conn: Deno.Conn,
    kind: "tcp" | "unix",
    { address, port, place }: Incoming,
  ) {
    this.#conn = conn;
    this.#place = place;
    this.kind = kind;
    this.remoteAddress = address;
    this.remotePort = port;
  }

  /** @inheritDoc */
  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  /** @inheritDoc */
  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  /** @inheritDoc */
  closeWrite(): Promise<void> {
    return (this.#conn as Deno.TcpConn).closeWrite();
  }

  /** @inheritDoc */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // The connection had closed itself, which is what was wanted.
    }
    this.#place.release();
  }
}

/**
 * Undoes the IPv6 spelling that IPv4 peers of a `[::]` listener have, so that a
 * rule for an address holds on every listener.
 *
 * @param address An IP address.
 * @returns `192.0.2.1` for `::ffff:192.0.2.1`; other addresses as they are.
 */
export function toPlainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".")
    ? address.slice(7)
    : address;
}
