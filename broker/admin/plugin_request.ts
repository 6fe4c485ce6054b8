/**
 * Has a plugin answer a request, whatever the plugin does.
 *
 * @module
 */

import { TIMED_OUT, withTimeLimit } from "../../plugins/time_limit.ts";
import type { Route } from "../services/routes.ts";
import { plain } from "./answer.ts";

/** Most bytes of a request's body. */
const LARGEST_BODY = 1 << 20;

/** What is known of a request. */
export interface PluginRequest {
  /** The request. */
  readonly request: Request;
  /** What stands for the parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** Address of the client. */
  readonly remoteAddress: string;
  /** Milliseconds for body and answer. */
  readonly timeLimit: number;
}

/**
 * Asks a plugin.
 *
 * @param route The plugin's route.
 * @param what The request.
 * @returns The plugin's answer, or one that says that there is none.
 */
export async function askPlugin(
  route: Route,
  what: PluginRequest,
): Promise<Response> {
  const { signal: end } = route;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, end]);
  const ended = Promise.withResolvers<Response>();
  const gone = (): void => ended.resolve(plain(503, "the plugin has ended"));
  end.addEventListener("abort", gone);
  try {
    const answer = await withTimeLimit(
      Promise.race([answerOf(route, what, signal), ended.promise]),
      what.timeLimit,
    );
    if (answer !== TIMED_OUT) return answer;
    over.abort();
    route.logger.error(`No answer to ${route.method} ${pathOf(what)}`, {
      milliseconds: what.timeLimit,
    });
    return plain(503, "there was no answer in time");
  } finally {
    end.removeEventListener("abort", gone);
  }
}

async function answerOf(
  route: Route,
  what: PluginRequest,
  signal: AbortSignal,
): Promise<Response> {
  const { request, params, remoteAddress } = what;
  const { url, method, headers } = request;
  try {
    const body = await readBody(request);
    if (body === undefined) return plain(413, "the body is too large");
    const own = new Request(url, {
      method,
      headers,
      signal,
      ...(request.body !== null && { body }),
    });
    const answer = await route.handler(own, { params, remoteAddress });
    if (answer instanceof Response) return answer;
    throw new TypeError("its handler returned no Response");
  } catch (error) {
    if (!signal.aborted) {
      route.logger.error(`Cannot answer ${method} ${pathOf(what)}`, { error });
    }
    return plain(500, "the plugin failed");
  }
}

/** The whole body, or `undefined` if it is too large. */
async function readBody(
  { body, headers }: Request,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array(0);
  if (Number(headers.get("content-length")) > LARGEST_BODY) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function pathOf({ request }: PluginRequest): string {
  return new URL(request.url).pathname;
}
