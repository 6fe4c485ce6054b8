/**
 * The server that is asked.
 *
 * @module
 */

import http from "node:http";
import https from "node:https";
import { AnswerCache } from "../_backend/answer_cache.ts";
import { Gate } from "../_backend/gate.ts";
import { readOptionFile } from "../_backend/option_file.ts";
import type { BaseContext } from "../mod.ts";
import { type Answer, lifetime, readAnswer } from "./answer.ts";
import type { HttpOptions } from "./options.ts";
import { type HttpReply, send } from "./send.ts";

/** What the server is told. */
export type Parameters = Readonly<Record<string, string | number | null>>;

/** A question to the server. */
export interface Question {
  /** Path of the server. */
  readonly uri: string;
  /** The client that it is about. */
  readonly clientId: string;
  /** The question as a text under which the answer is remembered. */
  readonly key: string;
  /** What the server is told. */
  readonly parameters: Parameters;
}

/** Options of {@linkcode HttpBackend}. */
export interface HttpBackendOptions {
  /** Whether an answer may be remembered. Default: every one. */
  remembers?: (answer: Answer) => boolean;
}

/** How many questions wait for a request at most. */
const MAX_WAITING = 10_000;

/** Asks a server, a bounded number of questions at one time, and remembers the answers. */
export class HttpBackend {
  readonly #context: Pick<BaseContext, "count" | "signal">;
  readonly #config: HttpOptions;
  readonly #agent: http.Agent;
  readonly #gate: Gate;
  readonly #cache: AnswerCache<Answer>;
  readonly #remembers: (answer: Answer) => boolean;

  /**
   * Prepares everything. Nothing is asked yet.
   *
   * @param context Counters of the plugin.
   * @param config Its options, as long as this is in use.
   * @param options Which answers are remembered.
   * @throws {Error} If the file of the authority cannot be read.
   */
  constructor(
    context: Pick<BaseContext, "count" | "signal">,
    config: HttpOptions,
    { remembers = () => true }: HttpBackendOptions = {},
  ) {
    this.#context = context;
    this.#config = config;
    this.#remembers = remembers;
    const { withTls, cafile, maxRequests, cacheSize } = config;
    const pool = { keepAlive: true, maxSockets: maxRequests };
    this.#agent = withTls
      ? new https.Agent({
        ...pool,
        ca: cafile && readOptionFile("cafile", cafile),
      })
      : new http.Agent(pool);
    this.#gate = new Gate({ places: maxRequests, maxWaiting: MAX_WAITING });
    this.#cache = new AnswerCache({ size: cacheSize });
  }

  /**
   * Asks, unless the answer is remembered.
   *
   * @param question The question.
   * @returns The answer; a promise only if the server is asked. It is rejected if the
   * server does not answer, and then says why.
   */
  ask(question: Question): Answer | Promise<Answer> {
    return this.#cache.answer(
      question.clientId,
      question.key,
      () => this.#askServer(question),
    );
  }

  /** Forgets the answers about a client. */
  forget(clientId: string): void {
    this.#cache.forget(clientId);
  }

  /** Ends what is under way. The plugin's signal has aborted before. */
  close(): void {
    this.#gate.close();
    this.#agent.destroy();
  }

  async #askServer(
    { uri, parameters }: Question,
  ): Promise<{ answer: Answer; seconds: number }> {
    const config = this.#config;
    const { signal } = this.#context;
    try {
      const reply = await this.#exchange(uri, parameters);
      const { responseMode, cacheTtl } = config;
      const answer = readAnswer(responseMode, reply);
      const seconds = cacheTtl > 0 && this.#remembers(answer)
        ? lifetime(reply, cacheTtl)
        : 0;
      return { answer, seconds };
    } catch (cause) {
      if (signal.aborted) return { answer: false, seconds: 0 };
      this.#context.count("failedRequests");
      throw new Error(
        `Cannot ask ${addressOf(config)}${uri}: ${
          cause instanceof Error ? cause.message : String(cause)
        }`,
        { cause },
      );
    }
  }

  async #exchange(uri: string, parameters: Parameters): Promise<HttpReply> {
    const config = this.#config;
    const { signal } = this.#context;
    const timeout = config.timeout * 1000;
    const deadline = performance.now() + timeout;
    const leave = await this.#gate.enter(timeout);
    try {
      this.#context.count("requests");
      return await send({
        tls: config.withTls,
        agent: this.#agent,
        host: config.host,
        port: config.port,
        ...compose(config, uri, parameters),
        deadline,
        signal,
      });
    } finally {
      leave();
    }
  }
}

function addressOf({ withTls, host, port }: HttpOptions): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${withTls ? "https" : "http"}://${name}:${port}`;
}

function compose(
  { requestMethod, paramsMode, userAgent }: HttpOptions,
  uri: string,
  parameters: Parameters,
) {
  const method = requestMethod.toUpperCase();
  const headers: Record<string, string> = {
    "User-Agent": userAgent,
    "Accept": "*/*",
  };
  const isJson = paramsMode === "json";
  const text = isJson ? JSON.stringify(parameters) : new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, `${value ?? ""}`]),
  ).toString();
  if (!isJson && method === "GET") {
    const path = `${uri}${uri.includes("?") ? "&" : "?"}${text}`;
    return { method, path, headers, body: undefined };
  }
  const body = new TextEncoder().encode(text);
  headers["Content-Type"] = isJson
    ? "application/json"
    : "application/x-www-form-urlencoded";
  headers["Content-Length"] = `${body.length}`;
  return { method, path: uri, headers, body };
}
