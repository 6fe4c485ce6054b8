/** The transport of TLS connections. @module */

import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "../../plugins/mod.ts";
import type { CipherStream } from "./cipher_stream.ts";
import type { Transport, TransportKind } from "./transport.ts";

const LINGER = 2_000;
const LARGEST_WRITE = 64 * 1024;

/** Who is at the other end of a TLS connection. */
export interface TlsPeer {
  /** IP address. */
  address: string;
  /** Port. */
  port: number;
  /** The client's certificate, if it was verified. */
  certificate: PeerCertificate | undefined;
}

/** A TLS socket, after its handshake, as a {@linkcode Transport}. */
export class TlsTransport implements Transport {
  /** How the bytes travel. */
  readonly kind: TransportKind = "tls";
  /** Address of the peer. */
  readonly remoteAddress: string;
  /** Port of the peer. */
  readonly remotePort: number;
  /** The client's certificate, if it was verified. */
  readonly peerCertificate?: PeerCertificate;
  readonly #socket: TLSSocket;
  readonly #cipher: CipherStream;
  #ended = false;
  #closed = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #failWriter: ((error: Error) => void) | undefined;

  /**
   * Wraps a socket, which then belongs to the transport.
   *
   * @param socket The socket.
   * @param cipher The stream that carries its encrypted bytes.
   * @param peer Who is at the other end.
   */
  constructor(socket: TLSSocket, cipher: CipherStream, peer: TlsPeer) {
    this.#socket = socket;
    this.#cipher = cipher;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.peerCertificate = peer.certificate;
    socket.on("readable", () => this.#wakeReader?.());
    socket.on("end", () => this.#end());
    socket.on("error", (error: Error) => this.#fail(error));
    cipher.on("error", (error: Error) => this.#fail(error));
    cipher.on("close", () => this.#fail(closedError()));
  }

  /** @inheritDoc */
  async read(into: Uint8Array): Promise<number | null> {
    while (true) {
      if (this.#closed) throw closedError();
      const count = this.#take(into);
      if (count > 0) return count;
      if (this.#ended) return null;
      if (this.#failure) throw this.#failure;
      this.#cipher.grant();
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
      this.#wakeReader = undefined;
    }
  }

  /** @inheritDoc */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#failure) return Promise.reject(this.#failure);
    // A part at a time, so that a slow reader can be told from one that does not read.
    const part = bytes.subarray(0, LARGEST_WRITE);
    return new Promise((resolve, reject) => {
      this.#failWriter = reject;
      this.#socket.write(part, (error?: Error | null) => {
        this.#failWriter = undefined;
        if (error) reject(error);
        else resolve(part.length);
      });
    });
  }

  /** @inheritDoc */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wakeReader?.();
    if (this.#failWriter || this.#failure) return this.#destroy(closedError());
    // Lets the alert that ends TLS go out, but does not wait for a peer that
    // takes nothing.
    const timer = setTimeout(() => this.#destroy(closedError()), LINGER);
    this.#cipher.once("close", () => clearTimeout(timer));
    this.#cipher.once("finish", () => this.#destroy(closedError()));
    // Bytes that nobody has read would keep the socket from ending the stream.
    this.#socket.end(() => this.#cipher.end());
  }

  #take(into: Uint8Array): number {
    const length = Math.min(this.#socket.readableLength, into.length);
    // With nothing there, this asks for more.
    const chunk: Uint8Array | null = this.#socket.read(length);
    if (length === 0 || chunk === null) return 0;
    into.set(chunk);
    return chunk.length;
  }

  #end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  // After this, nothing is left open and nobody waits.
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#destroy(this.#failure);
    this.#wakeReader?.();
  }

  #destroy(error: Error): void {
    this.#failWriter?.(error);
    this.#failWriter = undefined;
    this.#socket.destroy();
    this.#cipher.destroy();
  }
}

function closedError(): Error {
  return new Error("Cannot use the TLS connection: it is closed");
}
