/**
 * Why a connection could not be made, and what may help.
 *
 * @module
 */

import { safeText } from "../../log_values.ts";
import type { ClientSettings } from "./settings.ts";

const UNTRUSTED =
  "nobody who is trusted signed its certificate; name the authority with --cafile";

/** Codes of sockets and of TLS. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there; is the broker running?",
  ECONNRESET: "it reset the connection; does it speak TLS?",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "it does not answer",
  ENOTFOUND: "the host is not known",
  EAI_AGAIN: "the host could not be looked up",
  ENOENT: "there is no such socket",
  EACCES: "the rights of the socket do not allow it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is the clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another host; --insecure accepts that",
};

/** Codes of CONNACK that a user name or password may be the reason of. */
const CREDENTIALS = [4, 5, 0x86, 0x87];

/**
 * The error of a connection that could not be made.
 *
 * @param error What happened; `undefined` if the connection just ended.
 * @param settings Where the client wanted to connect to.
 * @returns An error with a message for people.
 */
export function explainFailure(
  error: Error | undefined,
  { address, options }: ClientSettings,
): Error {
  return new Error(
    `Connection failed: cannot connect to ${address}: ${
      safeText(reasonOf(error, options))
    }`,
    { cause: error },
  );
}

function reasonOf(
  error: Error | undefined,
  options: ClientSettings["options"],
): string {
  if (error === undefined) {
    const isTls = /^(mqtts|wss)$/.test(options.protocol ?? "");
    return `it closed the connection without an answer; ${
      isTls
        ? "does it want a client certificate (--cert, --key)?"
        : "does it want TLS (--cafile) or another version (-V)?"
    }`;
  }
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return REASONS[code] ?? error.message;
  if (/^connack timeout$/i.test(error.message)) {
    return `it did not answer in ${options.connectTimeout! / 1000} seconds`;
  }
  if (typeof code !== "number") return error.message;
  const reason = error.message.replace(/^Connection refused: /, "");
  return `it refused the client: ${reason}${
    CREDENTIALS.includes(code) ? "; check -u and -P" : ""
  }`;
}
