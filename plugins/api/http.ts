/**
 * Answering HTTP requests.
 *
 * @module
 */

/** What is known of a request beside itself. */
export interface HttpRequestInfo {
  /** What stands for the `:name` parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** Address of the client. */
  readonly remoteAddress: string;
}

/**
 * Answers a request. Its body is there already; its signal aborts when the time for the
 * answer is over, or the plugin ends.
 */
export type HttpHandler = (
  request: Request,
  info: HttpRequestInfo,
) => Response | Promise<Response>;

/** HTTP routes of a plugin on the admin listener, which the key `admin` opens. */
export interface HttpService {
  /**
   * Answers the requests to `/plugins/<plugin>/…`, until the plugin ends. Who asks
   * has shown the token of the admin listener, if it has one.
   *
   * A handler that throws is answered for with 500 and nothing else; the error is
   * logged. One that takes longer than 10 seconds is answered for with 503, and a
   * request whose body is larger than 1 MiB with 413.
   *
   * @param method Such as `GET`, which answers `HEAD` too.
   * @param path What follows `/plugins/<plugin>`: begins with `/`, and has the syntax
   * of `URLPattern`, such as `/devices/:id`.
   * @param handler Makes the answer.
   * @returns Removes the route.
   * @throws {TypeError} If method or path are not valid, or the plugin has the route already.
   *
   * @example
   * ```ts
   * import { BasePlugin } from "@dinomq/broker/plugins";
   *
   * class Who extends BasePlugin {
   *   override onBrokerPreStart(): void {
   *     this.context.http.route("GET", "/clients/:id", (_request, { params }) => {
   *       const session = this.context.getSession(params.id);
   *       if (session === undefined) return new Response(null, { status: 404 });
   *       return Response.json({ connected: session.connected });
   *     });
   *   }
   * }
   * ```
   */
  route(method: string, path: string, handler: HttpHandler): () => void;
}
