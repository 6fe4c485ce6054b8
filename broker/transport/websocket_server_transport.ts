/** The transport of WebSockets that a listener of the broker accepted. @module */

import type { PeerCertificate } from "../../plugins/mod.ts";
import type { Transport, TransportKind } from "./transport.ts";
import {
  CloseCode,
  closeFrame,
  encodeFrame,
  LARGEST_PAYLOAD,
  Opcode,
  WebSocketDecoder,
  WebSocketError,
} from "./websocket_frames.ts";
import { writeAll } from "./websocket_handshake.ts";

// How long a client has to answer the closing handshake.
const LINGER = 1000;

/** What a {@linkcode WebSocketServerTransport} is made of. */
export interface WebSocketServerOptions {
  /** What the client sent behind its handshake. */
  rest: Uint8Array;
  /** Longest frame in bytes; 0: any. */
  maxFrameSize: number;
  /** Called when the client sent a frame that is longer. */
  onTooBig: () => void;
}

/**
 * Frames over another transport. Reads and writes are those of the connection
 * underneath: who does not read makes the client wait, and a frame takes no more
 * memory than what is read of it.
 */
export class WebSocketServerTransport implements Transport {
  readonly kind: TransportKind;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly peerCertificate?: PeerCertificate;
  /** Resolves when the connection underneath is closed. */
  readonly ended: Promise<void>;
  readonly #inner: Transport;
  readonly #decoder: WebSocketDecoder;
  readonly #onTooBig: () => void;
  readonly #end: () => void;
  #rest: Uint8Array;
  #reader: PromiseWithResolvers<number | null> | undefined;
  /** What is being read from the connection underneath. */
  #reading: Promise<unknown> = Promise.resolve();
  /** What is being written, one frame behind the other. */
  #writing: Promise<void> = Promise.resolve();
  #pong: Uint8Array | undefined;
  #sentClose: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;

  /**
   * Wraps a connection after its handshake; it then belongs to the transport.
   *
   * @param inner The connection.
   * @param options Limits.
   */
  constructor(inner: Transport, options: WebSocketServerOptions) {
    this.#inner = inner;
    this.#rest = options.rest;
    this.#decoder = new WebSocketDecoder(options.maxFrameSize);
    this.#onTooBig = options.onTooBig;
    this.kind = inner.kind === "tls" ? "wss" : "ws";
    this.remoteAddress = inner.remoteAddress;
    this.remotePort = inner.remotePort;
    this.peerCertificate = inner.peerCertificate;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** Whether it is closed, or about to be. */
  get closing(): boolean {
    return this.#closed;
  }

  /** @inheritDoc */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(closedError());
    if (this.#decoder.closed) return Promise.resolve(null);
    const reader = Promise.withResolvers<number | null>();
    this.#reader = reader;
    this.#reading = this.#fill(into);
    return reader.promise;
  }

  /** @inheritDoc */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#closed || this.#sentClose || this.#decoder.closed) {
      throw this.#failure ?? closedError();
    }
    const part = bytes.subarray(0, LARGEST_PAYLOAD);
    await this.#send(encodeFrame(Opcode.Binary, part));
    return part.length;
  }

  /** @inheritDoc */
  closeWrite(): Promise<void> {
    return this.#sendClose(CloseCode.Normal);
  }

  /** @inheritDoc */
  close(): void {
    this.#closeWith(CloseCode.Normal, closedError());
  }

  /** Reads until there are bytes of a packet, or no more will come. Never rejects. */
  async #fill(into: Uint8Array): Promise<void> {
    try {
      for (;;) {
        const count = await this.#readInner(into);
        if (this.#closed) return;
        if (count === null) {
          throw new Error(
            "Cannot use the WebSocket: the client left without a closing handshake",
          );
        }
        const size = this.#decoder.decode(into, count);
        if (this.#decoder.ping !== undefined) this.#answerPing();
        // The client waits for the answer.
        if (this.#decoder.closed) this.closeWrite().catch(() => {});
        if (size > 0) return this.#settle(size);
        if (this.#decoder.closed) return this.#settle(null);
      }
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (!(error instanceof WebSocketError)) return this.#fail(failure);
      if (error.code === CloseCode.TooBig) this.#onTooBig();
      this.#closeWith(error.code, failure);
    }
  }

  #readInner(into: Uint8Array): Promise<number | null> {
    const rest = this.#rest;
    if (rest.length === 0) return this.#inner.read(into);
    const count = Math.min(rest.length, into.length);
    into.set(rest.subarray(0, count));
    this.#rest = rest.subarray(count);
    return Promise.resolve(count);
  }

  /** Of several Pings only the last one needs an answer (RFC 6455, section 5.5.3). */
  #answerPing(): void {
    const waits = this.#pong !== undefined;
    this.#pong = this.#decoder.ping;
    this.#decoder.ping = undefined;
    if (waits || this.#sentClose) return;
    this.#queue(() => {
      const pong = encodeFrame(Opcode.Pong, this.#pong!);
      this.#pong = undefined;
      return pong;
    }).catch(() => {});
  }

  #send(frame: Uint8Array): Promise<void> {
    return this.#queue(() => frame);
  }

  #queue(frame: () => Uint8Array): Promise<void> {
    const written = this.#writing.then(() => writeAll(this.#inner, frame()));
    // Whoever sent it hears of a failure; those behind it fail for themselves.
    this.#writing = written.catch(() => {});
    return written;
  }

  #sendClose(code: number): Promise<void> {
    return this.#sentClose ??= this.#send(closeFrame(code));
  }

  #closeWith(code: number, why: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= why;
    this.#settleFailed();
    void this.#finish(code);
  }

  /**
   * The closing handshake, then the end. What the client sends meanwhile is read:
   * otherwise closing could take the Close frame from it.
   */
  async #finish(code: number): Promise<void> {
    const timer = setTimeout(() => this.#inner.close(), LINGER);
    try {
      await this.#sendClose(code);
      await this.#reading;
      const bytes = new Uint8Array(4096);
      while (!this.#decoder.closed) {
        const count = await this.#readInner(bytes);
        if (count === null) break;
        this.#decoder.decode(bytes, count);
      }
    } catch {
      // The end comes all the same.
    }
    clearTimeout(timer);
    this.#inner.close();
    this.#end();
  }

  #fail(error: Error): void {
    this.#closed = true;
    this.#failure ??= error;
    this.#settleFailed();
    this.#inner.close();
    this.#end();
  }

  #settle(count: number | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(count);
  }

  #settleFailed(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(this.#failure);
  }
}

function closedError(): Error {
  return new Error("Cannot use the WebSocket: it is closed");
}
