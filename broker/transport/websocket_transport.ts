/** The transport of WebSockets. @module */

import type { Transport, TransportKind } from "./transport.ts";

const UNREAD_LIMIT = 4 * 1024 * 1024;
const UNSENT_LIMIT = 1024 * 1024;
const LARGEST_MESSAGE = 64 * 1024;
const FIRST_POLL = 1;
const LONGEST_POLL = 50;

const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;

/**
 * What is known of the peer of a WebSocket.
 *
 * @example
 * ```ts
 * import type { WebSocketPeer } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // Behind a proxy for TLS, which alone is believed.
 * function peerOf(request: Request, remote: Deno.NetAddr): WebSocketPeer {
 *   const { hostname, port } = remote;
 *   if (hostname !== "10.0.0.1") return { address: hostname, port };
 *   const address = request.headers.get("x-real-ip") ?? hostname;
 *   return { address, port, secure: true };
 * }
 *
 * const headers = { "x-real-ip": "192.0.2.7" };
 * const request = new Request("http://localhost/mqtt", { headers });
 * const remote = {
 *   transport: "tcp",
 *   hostname: "10.0.0.1",
 *   port: 50000,
 * } as const;
 * assertEquals(peerOf(request, remote).address, "192.0.2.7");
 * const other = { ...remote, hostname: "192.0.2.66" };
 * assertEquals(peerOf(request, other).address, "192.0.2.66");
 * ```
 */
export interface WebSocketPeer {
  /** IP address of the peer. */
  address: string;
  /** Port of the peer. */
  port: number;
  /** Whether the connection is encrypted (`wss:`). Default: `false`. */
  secure?: boolean;
}

/**
 * Makes a WebSocket a transport for `Broker.handleTransport()`.
 *
 * The socket may still be connecting. Which subprotocol it speaks is up to the
 * caller; MQTT clients ask for `mqtt`. Set `idleTimeout: 0` when upgrading a
 * request: MQTT has its own keep alive.
 *
 * A WebSocket cannot be told to wait: if more than 4 MiB that nobody has read
 * are there when a message arrives, the socket is closed with code 1008.
 *
 * @param socket The WebSocket, which then belongs to the transport.
 * @param peer Who is at the other end.
 * @returns The transport.
 *
 * @example
 * ```ts
 * import { Broker, webSocketTransport } from "@dinomq/broker";
 * import { TestClient } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = new Broker({
 *   listeners: { external: { type: "external" } },
 *   plugins: ["auth_anonymous"],
 * });
 * await broker.start();
 * const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
 * await using server = Deno.serve(options, (request, { remoteAddr }) => {
 *   const peer = { address: remoteAddr.hostname, port: remoteAddr.port };
 *   const { socket, response } = Deno.upgradeWebSocket(request, {
 *     protocol: "mqtt",
 *     idleTimeout: 0,
 *   });
 *   broker.handleTransport(webSocketTransport(socket, peer));
 *   return response;
 * });
 *
 * const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}`, "mqtt");
 * const peer = { address: "127.0.0.1", port: server.addr.port };
 * await using client = await TestClient.connect(
 *   webSocketTransport(socket, peer),
 *   {},
 * );
 * assertEquals(client.code, 0);
 * ```
 */
export function webSocketTransport(
  socket: WebSocket,
  peer: WebSocketPeer,
): Transport {
  return new WebSocketTransport(socket, peer);
}

interface PendingRead {
  into: Uint8Array;
  resolve: (count: number | null) => void;
  reject: (error: Error) => void;
}

class WebSocketTransport implements Transport {
  readonly kind: TransportKind;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: WebSocket;
  // Messages that nobody has read, from `#next` on; of the first, `#offset` bytes are read.
  #messages: Uint8Array[] = [];
  #next = 0;
  #offset = 0;
  #unread = 0;
  #ended = false;
  #closed = false;
  #failure: Error | undefined;
  #pendingRead: PendingRead | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(socket: WebSocket, peer: WebSocketPeer) {
    this.#socket = socket;
    this.kind = peer.secure ? "wss" : "ws";
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#wakeWriter?.());
    socket.addEventListener("message", (event) => this.#receive(event.data));
    socket.addEventListener("error", (event) => {
      const why = (event as ErrorEvent).message || "the connection broke";
      this.#failure ??= new Error(`Cannot use the WebSocket: ${why}`);
    });
    socket.addEventListener("close", () => this.#end());
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#unread > 0) return Promise.resolve(this.#take(into));
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(closedError());
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#pendingRead = { into, resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    const ready = this.#socket.readyState === WebSocket.OPEN &&
      this.#socket.bufferedAmount <= UNSENT_LIMIT;
    if (!ready || this.#closed) return this.#writeLater(bytes);
    try {
      return Promise.resolve(this.#send(bytes));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): void {
    this.#closeWith(NORMAL_CLOSURE, closedError());
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    if (!(data instanceof ArrayBuffer)) {
      // [MQTT-6.0.0-1] Packets travel in binary messages only.
      const why = "Cannot use the WebSocket: the client sent a text message";
      return this.#closeWith(UNSUPPORTED_DATA, new Error(why));
    }
    if (this.#unread > UNREAD_LIMIT) {
      const why = `Cannot use the WebSocket: ${this.#unread} bytes wait unread`;
      return this.#closeWith(POLICY_VIOLATION, new Error(why));
    }
    // [MQTT-6.0.0-2] A message may hold several packets, or a part of one.
    if (data.byteLength === 0) return;
    this.#messages.push(new Uint8Array(data));
    this.#unread += data.byteLength;
    const pending = this.#pendingRead;
    if (!pending) return;
    this.#pendingRead = undefined;
    pending.resolve(this.#take(pending.into));
  }

  #take(into: Uint8Array): number {
    let count = 0;
    while (count < into.length && this.#next < this.#messages.length) {
      const message = this.#messages[this.#next];
      const end = Math.min(
        message.length,
        this.#offset + into.length - count,
      );
      into.set(message.subarray(this.#offset, end), count);
      count += end - this.#offset;
      this.#offset = end;
      if (end < message.length) break;
      this.#next++;
      this.#offset = 0;
    }
    this.#unread -= count;
    this.#forgetRead();
    return count;
  }

  #forgetRead(): void {
    if (this.#unread === 0) this.#messages.length = 0;
    else if (this.#next < 64) return;
    else this.#messages.splice(0, this.#next);
    this.#next = 0;
  }

  // The broker uses its buffer again once the promise settles, but the socket
  // sends later: hence the copy.
  #send(bytes: Uint8Array): number {
    const message = bytes.slice(0, LARGEST_MESSAGE);
    this.#socket.send(message as Uint8Array<ArrayBuffer>);
    return message.length;
  }

  async #writeLater(bytes: Uint8Array): Promise<number> {
    let pause = FIRST_POLL;
    while (true) {
      const state = this.#socket.readyState;
      if (this.#closed || state > WebSocket.OPEN) {
        throw this.#failure ?? closedError();
      }
      const isOpen = state === WebSocket.OPEN;
      if (isOpen && this.#socket.bufferedAmount <= UNSENT_LIMIT) {
        return this.#send(bytes);
      }
      // No event says that the buffer has become smaller; `open` is one.
      await this.#pause(isOpen ? pause : undefined);
      pause = Math.min(pause * 2, LONGEST_POLL);
    }
  }

  async #pause(milliseconds: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = milliseconds === undefined
      ? undefined
      : setTimeout(resolve, milliseconds);
    this.#wakeWriter = resolve;
    await promise;
    clearTimeout(timer);
    this.#wakeWriter = undefined;
  }

  #closeWith(code: number, why: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= why;
    this.#messages = [];
    this.#unread = 0;
    this.#settle();
    try {
      this.#socket.close(code);
    } catch {
      // It is closed, as it should be.
    }
  }

  #end(): void {
    this.#ended = true;
    this.#settle();
  }

  #settle(): void {
    this.#wakeWriter?.();
    const pending = this.#pendingRead;
    this.#pendingRead = undefined;
    if (this.#failure) pending?.reject(this.#failure);
    else pending?.resolve(null);
  }
}

function closedError(): Error {
  return new Error("Cannot use the WebSocket: it is closed");
}
