/**
 * Who may talk to the admin listener.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a host is this machine, whatever a name server says. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i;

/**
 * Whether an address is reachable from this machine only.
 *
 * @param hostname Name or address; IPv6 with or without brackets.
 * @returns Whether it is.
 */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/**
 * Whether a browser has been sent here by a page of somebody else's. Such a page
 * cannot hide where it comes from; but it can have a name that leads to this machine,
 * so that without a token only the machine's own names are taken.
 *
 * @param request The request.
 * @param hasToken Whether a token protects the listener.
 * @returns Why the request is refused, or `undefined`.
 */
export function strangerProblem(
  { headers, url }: Request,
  hasToken: boolean,
): string | undefined {
  const { host, hostname } = new URL(url);
  if (!hasToken && !isLoopback(hostname)) {
    return "without a token only localhost is answered";
  }
  const origin = headers.get("origin");
  if (origin !== null && hostOf(origin) !== host) {
    return "requests of other origins are refused";
  }
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return "requests of other sites are refused";
  }
  return undefined;
}

/** The host of an origin; that of a page without one is nobody's. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/**
 * Whether a request has shown the token. Takes the same time whatever it has shown.
 *
 * @param headers The request's.
 * @param token The token; absent: everybody may.
 * @returns Whether it has.
 */
export function isAuthorised(
  headers: Headers,
  token: string | undefined,
): boolean {
  if (token === undefined) return true;
  const [, shown = ""] =
    /^Bearer +([^\s]+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
