/**
 * One connection to a directory.
 *
 * @module
 */

import {
  Client,
  type Entry,
  ResultCodeError,
  type SearchOptions,
} from "ldapts";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  type ConnectionOptions,
  type PeerCertificate,
} from "node:tls";

/** Where a connection goes, and who uses it. */
export interface LdapTarget {
  /** URL of the server. */
  readonly server: string;
  /** Whether STARTTLS comes first. */
  readonly startTls: boolean;
  /** The authorities that are trusted, PEM; absent: those of the system. */
  readonly ca: string | undefined;
  /** The account that the connection belongs to; absent: none yet. */
  readonly account?: { readonly dn: string; readonly password: string };
}

/**
 * A connection that connects when it is first used, and never a second time: a new
 * one in its place would be neither encrypted by STARTTLS nor bound.
 */
export class LdapConnection {
  readonly #target: LdapTarget;
  readonly #client: Client;
  readonly #sockets: Socket[] = [];
  #ready: Promise<void> | undefined;

  /**
   * Creates the connection. Nothing is sent yet.
   *
   * @param target The server.
   */
  constructor(target: LdapTarget) {
    this.#target = target;
    const isTls = /^ldaps:/i.test(target.server);
    this.#client = new Client({
      url: target.server,
      // Time limits are the pool's.
      timeout: 0,
      connectTimeout: 0,
      ...(isTls && { tlsOptions: this.#tlsOptions() }),
      createConnection: ((port: number, host: string) =>
        this.#once(() =>
          connectTcp(port, host)
        )) as typeof connectTcp,
      createSecureConnection: ((
        ...args: [ConnectionOptions] | [number, string, ConnectionOptions]
      ) =>
        args.length === 1
          ? this.#keep(connectTls(args[0]))
          : this.#once(() => connectTls(...args))) as typeof connectTls,
    });
  }

  /**
   * Searches the whole tree below a distinguished name.
   *
   * @param baseDn The distinguished name.
   * @param options Filter, attributes and limits.
   * @returns The entries.
   * @throws {Error} If the directory refuses it or cannot be reached.
   */
  async search(baseDn: string, options: SearchOptions): Promise<Entry[]> {
    await this.#connected();
    const { searchEntries } = await this.#client.search(baseDn, options);
    return searchEntries;
  }

  /**
   * Proves a password; the connection belongs to that account from now on.
   *
   * @param dn Distinguished name of the account.
   * @param password Its password, not empty.
   * @throws {Error} If the directory refuses it or cannot be reached.
   */
  async bind(dn: string, password: string): Promise<void> {
    await this.#connected();
    await this.#client.bind(dn, password);
  }

  /**
   * Whether the connection can be used again.
   *
   * @param error What the last use ended with.
   * @returns Whether it can.
   */
  isUsable(error?: unknown): boolean {
    // An answer of the server, if only a refusal, leaves the connection as it is.
    const isFine = error === undefined || error instanceof ResultCodeError;
    return isFine && this.#client.isConnected &&
      (this.#target.account === undefined || this.#client.isBound) &&
      this.#sockets.every((socket) => !socket.destroyed);
  }

  /** Ends the connection, whatever it is doing. */
  end(): void {
    for (const socket of this.#sockets) {
      // Nobody listens any more to a connection that was not there yet.
      socket.on("error", () => {});
      socket.destroy();
    }
  }

  #connected(): Promise<void> {
    return this.#ready ??= this.#connect();
  }

  async #connect(): Promise<void> {
    const { startTls, account } = this.#target;
    if (startTls) await this.#client.startTLS(this.#tlsOptions());
    if (account === undefined) return;
    try {
      await this.#client.bind(account.dn, account.password);
    } catch (cause) {
      if (!(cause instanceof ResultCodeError)) throw cause;
      throw new Error(
        `the account "${account.dn}" was refused: ${cause.message}; check "bind-dn" and "bind-password"`,
        { cause },
      );
    }
  }

  #tlsOptions(): ConnectionOptions {
    const { ca, server } = this.#target;
    const host = new URL(server).hostname.replace(/^\[(.*)\]$/, "$1");
    return {
      ...(ca !== undefined && { ca }),
      ...(isIP(host) === 0 && { servername: host }),
      // After STARTTLS there is only a socket, and no name to compare with.
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
    };
  }

  #once(connect: () => Socket): Socket {
    if (this.#sockets.length > 0) throw new Error("the connection has ended");
    return this.#keep(connect());
  }

  #keep<S extends Socket>(socket: S): S {
    this.#sockets.push(socket);
    return socket;
  }
}
