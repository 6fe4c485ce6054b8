/** The admin listener of a configuration. */

import { isLoopback } from "../admin/guard.ts";
import { parseBind } from "./bind.ts";
import type { ConfigProblem } from "./config_error.ts";
import { cannotRead, readTls } from "./tls_files.ts";
import type { AdminConfig, AdminInput } from "./types.ts";
import { mismatch } from "./values.ts";

const DEFAULT_BIND = "127.0.0.1:8080";
const DEFAULT_PORT = 8080;
/** Who can be asked by everybody must not be guessed. */
const SHORTEST_TOKEN = 16;

/**
 * Checks the admin listener, and reads its files.
 *
 * @param input As it is written.
 * @param path Gives the path of one of its keys as it was written.
 * @param problems Gets what is wrong.
 * @returns The listener; not to be used if there are problems.
 */
export function resolveAdmin(
  input: AdminInput,
  path: (key: string) => string,
  problems: ConfigProblem[],
): AdminConfig {
  const report = (key: string, message: string): void => {
    problems.push({ path: path(key), message });
  };
  const { bind = DEFAULT_BIND, ssl = false } = input;
  const address = parseBind(bind, DEFAULT_PORT);
  if (address === undefined) {
    report(
      "bind",
      mismatch('an address such as "127.0.0.1:8080" or "[::1]:8080"', bind),
    );
  }
  const token = readToken(input, report);
  const given = input.token !== undefined || input.tokenFile !== undefined;
  if (address !== undefined && !given && !isLoopback(address.hostname)) {
    report(
      "bind",
      "lets others than this machine in: add a token or a token-file, or bind it to 127.0.0.1",
    );
  }
  const { certfile, keyfile } = input;
  const tls = ssl ? readTls({ certfile, keyfile }, path, problems) : undefined;
  if (!ssl && (certfile ?? keyfile) !== undefined) {
    report(
      certfile === undefined ? "keyfile" : "certfile",
      "needs ssl: on. With ssl: off the listener works without encryption",
    );
  }
  return {
    hostname: address?.hostname ?? "",
    port: address?.port ?? 0,
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls: { cert: tls.cert, key: tls.key } }),
  };
}

function readToken(
  { token, tokenFile }: AdminInput,
  report: (key: string, message: string) => void,
): string | undefined {
  if (tokenFile === undefined) {
    if (token !== undefined) checkToken(token, "token", report);
    return token;
  }
  if (token !== undefined) {
    report("token", "is set, and so is token-file: remove one of them");
    return undefined;
  }
  try {
    const content = Deno.readTextFileSync(tokenFile).trim();
    checkToken(content, "tokenFile", report);
    return content;
  } catch (error) {
    report("tokenFile", cannotRead(tokenFile, error));
    return undefined;
  }
}

function checkToken(
  token: string,
  key: string,
  report: (key: string, message: string) => void,
): void {
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return;
  report(
    key,
    `must hold at least ${SHORTEST_TOKEN} letters, digits and signs without spaces: make one with "openssl rand -hex 32"`,
  );
}
