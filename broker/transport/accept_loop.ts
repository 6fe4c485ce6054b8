/** Accepts the connections of a `Deno.Listener`. @module */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate, Place } from "../limits/gate.ts";
import { AddressSet } from "../limits/address.ts";
import { toPlainAddress } from "./conn_transport.ts";
import { ConnectionLimit, RepeatedWarning } from "./connection_limit.ts";
import {
  type ProxiedPeer,
  ProxyError,
  readProxyHeader,
} from "./proxy_protocol.ts";

const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 1_000;

/** Who has come, and the place that was given to the connection. */
export interface Incoming {
  /** IP address of the client; empty: it has none. */
  readonly address: string;
  /** Port of the client. */
  readonly port: number;
  /** To be released when the connection has ended. */
  readonly place: Place;
}

/** What an {@linkcode AcceptLoop} works with. */
export interface AcceptLoopOptions<Connection extends Deno.Conn> {
  /** The listener, which then belongs to the loop. */
  listener: { accept(): Promise<Connection>; close(): void };
  /** Its configuration. */
  config: ListenerConfig;
  /** Lets connections in. */
  gate: ConnectionGate;
  /** Takes over a connection and its place, unless it throws. */
  handle: (connection: Connection, incoming: Incoming) => void;
  /** Where failures are reported. */
  logger: Logger;
}

/**
 * Accepts until it is closed. What goes wrong with one connection, or for a
 * while with all (no file descriptors left), does not end it.
 */
export class AcceptLoop<Connection extends Deno.Conn> {
  readonly #options: AcceptLoopOptions<Connection>;
  readonly #limit: ConnectionLimit;
  readonly #warning: RepeatedWarning;
  readonly #ended: Promise<void>;
  #config: ListenerConfig;
  /** Who may say whose connection it is; absent: nobody is asked. */
  #proxies: AddressSet | undefined;
  /** Connections whose PROXY header is being read. */
  readonly #headers = new Set<Connection>();
  #closed = false;
  #endPause: () => void = () => {};

  /**
   * Starts accepting.
   *
   * @param options What to accept from and what to do with it.
   */
  constructor(options: AcceptLoopOptions<Connection>) {
    this.#options = options;
    this.#config = options.config;
    this.#proxies = proxiesOf(options.config);
    this.#limit = new ConnectionLimit(options.gate, options.config);
    this.#warning = new RepeatedWarning(options.logger);
    this.#ended = this.#run();
  }

  /** How many connections are open. */
  get open(): number {
    return this.#limit.open;
  }

  /**
   * Uses other settings from now on.
   *
   * @param config The listener.
   */
  update(config: ListenerConfig): void {
    this.#config = this.#limit.config = config;
    this.#proxies = proxiesOf(config);
  }

  /**
   * Stops accepting.
   *
   * @returns When the loop has ended. A second call waits too.
   */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#options.listener.close();
      for (const connection of this.#headers) this.#drop(connection);
      this.#endPause();
    }
    return this.#ended;
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.#closed) {
      try {
        const connection = await this.#options.listener.accept();
        pause = FIRST_PAUSE;
        this.#handOver(connection);
      } catch (error) {
        if (this.#closed) return;
        const message = error instanceof Error ? error.message : String(error);
        this.#warning.warn(`Cannot accept a connection: ${message}`);
        await this.#pause(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  #handOver(connection: Connection): void {
    const peer = connection.remoteAddr;
    const isNet = peer.transport === "tcp";
    const address = isNet ? toPlainAddress(peer.hostname) : "";
    const port = isNet ? peer.port : 0;
    if (this.#proxies !== undefined && !this.#proxies.has(address)) {
      this.#options.gate.report(
        "proxyProtocol",
        address,
        `Connection refused: the listener "${this.#config.name}" is for proxies, and this address is not in proxy-from`,
      );
      return connection.close();
    }
    if (!this.#limit.take(address)) return connection.close();
    if (this.#proxies === undefined) this.#admit(connection, address, port);
    else void this.#readHeader(connection, address, port);
  }

  /** A proxy says whose connection it is before anything else. */
  async #readHeader(
    connection: Connection,
    address: string,
    port: number,
  ): Promise<void> {
    const { gate } = this.#options;
    const { connectTimeout } = this.#config.limits;
    this.#headers.add(connection);
    const timer = setTimeout(() => {
      gate.report(
        "connectTimeout",
        address,
        "Connection closed: its PROXY header was not complete in time",
      );
      this.#drop(connection);
    }, connectTimeout * 1000);
    let peer: ProxiedPeer | undefined;
    try {
      peer = await readProxyHeader(connection);
    } catch (error) {
      if (error instanceof ProxyError) {
        gate.report("proxyProtocol", address, `${error.message}; closed`);
      }
      this.#drop(connection);
    }
    clearTimeout(timer);
    if (this.#headers.delete(connection)) {
      this.#admit(connection, peer?.address ?? address, peer?.port ?? port);
    } else this.#limit.release();
  }

  /** Closes a connection whose header is being read. */
  #drop(connection: Connection): void {
    if (this.#headers.delete(connection)) connection.close();
  }

  /** The connection has a place of the listener; it needs one of the broker, too. */
  #admit(connection: Connection, address: string, port: number): void {
    const { gate, handle, logger } = this.#options;
    const place = gate.admit(address, this.#config.limits);
    if (place === undefined) {
      this.#limit.release();
      return connection.close();
    }
    place.onRelease = this.#limit.release;
    try {
      handle(connection, { address, port, place });
    } catch (error) {
      // The peer may be gone already: then setting socket options throws.
      logger.debug("A connection ended while it was accepted", { error });
      place.release();
      connection.close();
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#endPause = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}

function proxiesOf({ proxyFrom }: ListenerConfig): AddressSet | undefined {
  return proxyFrom && new AddressSet(proxyFrom);
}
