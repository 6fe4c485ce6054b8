/**
 * Answering HTTP requests.
 *
 * @module
 */

/**
 * What is known of a request beside itself.
 *
 * @example
 * ```ts
 * import type { HttpRequestInfo } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * // Answers `context.http.route("GET", "/devices/:id", device)`.
 * function device(
 *   _request: Request,
 *   { params, remoteAddress }: HttpRequestInfo,
 * ): Response {
 *   if (remoteAddress !== "127.0.0.1") return new Response(null, { status: 403 });
 *   return Response.json({ id: params.id });
 * }
 *
 * const info = { params: { id: "pump" }, remoteAddress: "127.0.0.1" };
 * const response = device(new Request("http://localhost/devices/pump"), info);
 * assertEquals(await response.json(), { id: "pump" });
 * ```
 */
export interface HttpRequestInfo {
  /** What stands for the `:name` parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** Address of the client. */
  readonly remoteAddress: string;
}

/**
 * Answers a request. Its body is there already; its signal aborts when the time for the
 * answer is over, or the plugin ends.
 *
 * @example
 * ```ts
 * import type { BrokerContext, HttpHandler } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // For `context.http.route("POST", "/publish/:topic", publisher(context))`.
 * function publisher(context: BrokerContext): HttpHandler {
 *   return async (request, { params }) => {
 *     const topic = decodeURIComponent(params.topic);
 *     context.publish(topic, await request.bytes());
 *     return new Response(null, { status: 202 });
 *   };
 * }
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * await client.subscribe("home/door");
 * const request = new Request("http://localhost", { method: "POST", body: "open" });
 * const info = { params: { topic: "home%2Fdoor" }, remoteAddress: "127.0.0.1" };
 * assertEquals((await publisher(broker.context)(request, info)).status, 202);
 * assertEquals((await client.receive()).text, "open");
 * ```
 */
export type HttpHandler = (
  request: Request,
  info: HttpRequestInfo,
) => Response | Promise<Response>;

/**
 * HTTP routes of a plugin on the admin listener, which the key `admin` opens.
 *
 * @example
 * ```ts
 * import { BasePlugin } from "@dinomq/broker/plugins";
 *
 * // `/plugins/Export/retained.json` has the retained messages, as a download.
 * class Export extends BasePlugin {
 *   override onBrokerPreStart(): void {
 *     const { http, retained } = this.context;
 *     http.route("GET", "/retained.json", async () => {
 *       const texts: Record<string, string> = {};
 *       for await (const { topic, payload } of retained.scan("#")) {
 *         texts[topic] = new TextDecoder().decode(payload);
 *       }
 *       return Response.json(texts);
 *     });
 *   }
 * }
 * ```
 */
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
