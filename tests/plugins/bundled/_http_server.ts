/**
 * A real HTTP server for plugins under test. That of `node:http`, because
 * `Deno.serve()` hides the body of a GET request.
 *
 * @module
 */

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { Buffer } from "node:buffer";

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What the server answers; nothing: never. */
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Answers a request. */
export type Handler = (
  request: SeenRequest,
) => Reply | undefined | Promise<Reply | undefined>;

/** An HTTP server on a free port of 127.0.0.1. */
export class HttpServer implements AsyncDisposable {
  readonly #server: http.Server;
  /** The requests so far. */
  readonly requests: SeenRequest[] = [];
  /** Answers requests; may be replaced. */
  handler: Handler;
  /** How many connections there were. */
  connections = 0;
  /** How many connections are open. */
  open = 0;
  /** The most connections that were open at one time. */
  peak = 0;

  private constructor(handler: Handler, tls?: { cert: string; key: string }) {
    this.handler = handler;
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void this.#handle(request, response);
    this.#server = tls
      ? https.createServer(tls, listener) as unknown as http.Server
      : http.createServer(listener);
    this.#server.on("connection", (socket) => {
      this.connections++;
      this.open++;
      this.peak = Math.max(this.peak, this.open);
      socket.on("close", () => this.open--);
    });
  }

  /** Starts a server. */
  static async start(
    handler: Handler,
    tls?: { cert: string; key: string },
  ): Promise<HttpServer> {
    const server = new HttpServer(handler, tls);
    await new Promise<void>((resolve) =>
      server.#server.listen(0, "127.0.0.1", resolve)
    );
    return server;
  }

  /** The port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The options of a plugin that ask this server. */
  get address(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  /** Stops, also what was never answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // The client has left.
      return;
    }
    const url = new URL(request.url ?? "/", "http://server");
    const seen = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(seen);
    const reply = await this.handler(seen);
    if (reply === undefined) return;
    response.writeHead(reply.status ?? 200, reply.headers);
    response.end(reply.body ?? "");
  }
}
