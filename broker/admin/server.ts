/**
 * The admin listener: health, metrics and the routes of plugins over HTTP.
 *
 * @module
 */

import type { Logger } from "../../plugins/mod.ts";
import { withTimeLimit } from "../../plugins/time_limit.ts";
import type { AdminConfig } from "../config/mod.ts";
import {
  CONTENT_TYPES,
  exposition,
  formatFor,
  type Metric,
} from "../metrics/exposition.ts";
import type { PluginRoutes, Route } from "../services/routes.ts";
import type { NotReady } from "../services/readiness.ts";
import { formatAddress, toListenError } from "../transport/listen_error.ts";
import { plain } from "./answer.ts";
import { isAuthorised, strangerProblem } from "./guard.ts";
import { askPlugin } from "./plugin_request.ts";

// Milliseconds that a plugin has for an answer, and that answers have when the
// broker stops.
const TIME_LIMIT = 10_000;
const LAST_ANSWERS = 1000;
/** Most requests to plugins at one time. */
const MOST_REQUESTS = 100;

/** What the listener shows. */
export interface AdminSource {
  /** The metrics as they are now. */
  readonly metrics: () => Iterable<Metric>;
  /** The routes of plugins. */
  readonly routes: PluginRoutes;
  /** What the broker and its plugins wait for. */
  readonly waiting: () => readonly NotReady[];
  /** Where failures go. */
  readonly logger: Logger;
  /** Milliseconds that a plugin has for an answer. Default: 10000. */
  readonly timeLimit?: number;
}

/** The admin listener while it is open. */
export class AdminServer {
  #config: AdminConfig;
  readonly #source: AdminSource;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #connections = new AbortController();
  /** Answers that are not delivered yet. */
  readonly #answers = new Set<Promise<void>>();
  #requests = 0;

  /**
   * Opens the listener.
   *
   * @param config Where, and who may come.
   * @param source What it shows.
   * @throws {ListenError} If it cannot be opened.
   */
  constructor(config: AdminConfig, source: AdminSource) {
    this.#config = config;
    this.#source = source;
    this.#server = this.#open(config);
  }

  /** Where it listens, such as `http://127.0.0.1:8080`. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    const scheme = this.#config.tls === undefined ? "http" : "https";
    return `${scheme}://${formatAddress(hostname, port)}`;
  }

  /**
   * Takes another token and another certificate into use; the address stays.
   *
   * @param config The new configuration.
   */
  async update(config: AdminConfig): Promise<void> {
    const before = this.#config.tls;
    const { tls } = config;
    const { hostname, port } = this.#server.addr;
    this.#config = { ...this.#config, token: config.token };
    if (tls === undefined || before === undefined) return;
    if (tls.cert === before.cert && tls.key === before.key) return;
    this.#config = { ...this.#config, tls };
    await this.#stop();
    try {
      this.#server = this.#open({ ...this.#config, hostname, port });
    } catch (error) {
      this.#source.logger.error("The admin listener is closed", { error });
    }
  }

  /** Closes the listener and, after a moment, what is under way. */
  async close(): Promise<void> {
    await this.#stop();
  }

  #open(config: AdminConfig): Deno.HttpServer<Deno.NetAddr> {
    const { hostname, port, tls } = config;
    this.#connections = new AbortController();
    try {
      return Deno.serve(
        {
          hostname,
          port,
          signal: this.#connections.signal,
          onListen() {},
          onError: (error) => {
            this.#source.logger.error("Cannot answer", { error });
            return plain(500, "the broker failed");
          },
          ...(tls !== undefined && { cert: tls.cert, key: tls.key }),
        },
        (request, info) => {
          this.#follow(info.completed);
          return this.#answer(request, info);
        },
      );
    } catch (error) {
      throw toListenError(
        { name: "admin", type: "tcp", hostname, port, path: "" },
        error,
        "admin.bind",
      );
    }
  }

  async #stop(): Promise<void> {
    // An answer without an end must not keep the listener open.
    await withTimeLimit(Promise.all(this.#answers), LAST_ANSWERS);
    this.#connections.abort();
    await this.#server.finished;
  }

  #follow(completed: Promise<void>): void {
    const delivered = completed.catch(() => {}).then(() => {
      this.#answers.delete(delivered);
    });
    this.#answers.add(delivered);
  }

  #answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Response | Promise<Response> {
    const { token } = this.#config;
    const stranger = strangerProblem(request, token !== undefined);
    if (stranger !== undefined) return plain(403, stranger);
    const { pathname } = new URL(request.url);
    const known = isAuthorised(request.headers, token);
    // Whoever looks after the process has no token.
    const health = this.#health(pathname, known);
    if (health !== undefined) return readOnly(request, () => health);
    if (!known) {
      return plain(401, "the token is missing or wrong", {
        "www-authenticate": 'Bearer realm="DinoMQ"',
      });
    }
    if (pathname === "/metrics") {
      return readOnly(request, () => this.#metrics(request));
    }
    return this.#plugin(request, pathname, info);
  }

  #health(pathname: string, known: boolean): Response | undefined {
    if (pathname === "/healthz") return plain(200, "ok");
    if (pathname !== "/readyz") return undefined;
    const waiting = this.#source.waiting();
    if (waiting.length === 0) return plain(200, "ready");
    const reasons = known
      ? waiting.map(({ plugin, reason }) => `${plugin}: ${reason}`)
      : [];
    return plain(503, ["not ready", ...reasons].join("\n"));
  }

  #metrics({ headers }: Request): Response {
    const format = formatFor(headers.get("accept"));
    return new Response(exposition(this.#source.metrics(), format), {
      headers: {
        "content-type": CONTENT_TYPES[format],
        "cache-control": "no-store",
      },
    });
  }

  async #plugin(
    request: Request,
    pathname: string,
    { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    const { method } = request;
    const found: { route: Route; params: Record<string, string> }[] = [];
    for (const route of this.#source.routes.values()) {
      const match = route.pattern.exec({ pathname });
      if (match === null) continue;
      const params = match.pathname.groups as Record<string, string>;
      found.push({ route, params });
    }
    if (found.length === 0) return plain(404, "there is nothing here");
    const of = (name: string) =>
      found.find(({ route }) => route.method === name);
    const chosen = of(method) ?? (method === "HEAD" ? of("GET") : undefined);
    if (chosen === undefined) {
      const allow = found.map(({ route }) => route.method).join(", ");
      return plain(405, "the method is not allowed", { allow });
    }
    if (this.#requests >= MOST_REQUESTS) {
      return plain(503, "too many requests are under way", {
        "retry-after": "1",
      });
    }
    this.#requests++;
    try {
      return await askPlugin(chosen.route, {
        request,
        params: chosen.params,
        remoteAddress: remoteAddr.hostname,
        timeLimit: this.#source.timeLimit ?? TIME_LIMIT,
      });
    } finally {
      this.#requests--;
    }
  }
}

function readOnly({ method }: Request, answer: () => Response): Response {
  if (method === "GET" || method === "HEAD") return answer();
  return plain(405, "the method is not allowed", { allow: "GET, HEAD" });
}
