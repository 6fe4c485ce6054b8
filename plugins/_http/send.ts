/**
 * One HTTP request. `node:http` and not `fetch()`, which refuses to send a body
 * with GET, as aMQTT does by default.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";

/** A request. */
export interface HttpRequest {
  /** Whether TLS is used. */
  readonly tls: boolean;
  /** Keeps connections open between requests. */
  readonly agent: http.Agent;
  /** Host name or address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
  /** `GET`, `POST` or `PUT`. */
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Body. */
  readonly body: Uint8Array | undefined;
  /** When the response must be complete, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** A complete response. */
export interface HttpReply {
  /** Status code. */
  readonly status: number;
  /** Header `Cache-Control`. */
  readonly cacheControl: string | undefined;
  /** Body. */
  readonly body: string;
}

const MAX_BODY = 65_536;
const CLOSED = "the connection was closed";

/**
 * Sends a request and reads the response, at most 64 KiB of it. Redirects are not
 * followed: the password stays with the server that it is meant for.
 *
 * @param request The request.
 * @returns The response.
 * @throws {Error} If there is no complete response in time.
 */
export async function send(request: HttpRequest): Promise<HttpReply> {
  const first = new Exchange(request);
  try {
    return await first.reply;
  } catch (error) {
    // The server closed a kept connection just when we used it again.
    if (!first.wasStale) throw error;
    return await new Exchange(request).reply;
  }
}

/** One attempt. */
class Exchange {
  readonly reply: Promise<HttpReply>;
  #request: ClientRequest | undefined;
  #responded = false;
  #ended = false;

  constructor(request: HttpRequest) {
    const { signal, deadline } = request;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let abort: (() => void) | undefined;
    this.reply = new Promise<HttpReply>((resolve, reject) => {
      const stop = (why: string) => {
        this.#ended = true;
        // First, since what destroy() reports differs with how far it was.
        reject(new Error(why));
        this.#request?.destroy();
      };
      abort = () => stop("it was closed");
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort);
      timer = setTimeout(
        () => stop("no answer in time"),
        Math.max(0, deadline - performance.now()),
      );
      this.#send(request, resolve, reject, stop);
    }).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort!);
    });
  }

  /** Whether it failed because a kept connection was gone. */
  get wasStale(): boolean {
    return !this.#ended && !this.#responded &&
      this.#request?.reusedSocket === true;
  }

  #send(
    { tls, agent, host, port, method, path, headers, body }: HttpRequest,
    resolve: (reply: HttpReply) => void,
    reject: (error: Error) => void,
    stop: (why: string) => void,
  ): void {
    const request = (tls ? https : http).request(
      { agent, host, port, method, path, headers },
      (response: IncomingMessage) => {
        this.#responded = true;
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          chunks.push(chunk);
          if (length > MAX_BODY) {
            stop(`the response is longer than ${MAX_BODY} bytes`);
          }
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            cacheControl: response.headers["cache-control"],
            body: Buffer.concat(chunks).toString(),
          }));
        response.on("close", () => reject(new Error(CLOSED)));
      },
    );
    this.#request = request;
    // Stays: a request that is destroyed may report an error afterwards.
    request.on("error", reject);
    request.on("close", () => {
      if (!this.#responded) reject(new Error(CLOSED));
    });
    request.end(body);
  }
}
