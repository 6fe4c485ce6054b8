/**
 * Signs what is sent, as the Standard Webhooks specification says.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** The key of a secret: `whsec_` and base64, or any text. */
export function keyOf(secret: string): Uint8Array {
  return secret.startsWith("whsec_")
    ? Buffer.from(secret.slice("whsec_".length), "base64")
    : Buffer.from(secret);
}

/**
 * Makes the headers that say which batch it is, when it was sent and by whom.
 *
 * @param id Identifier of the batch, the same whenever it is sent again.
 * @param body The body.
 * @param key The key; without it nothing is signed.
 * @param now Milliseconds since 1970.
 * @returns The headers.
 */
export function signatureHeaders(
  id: string,
  body: string,
  key: Uint8Array | undefined,
  now: number,
): Record<string, string> {
  const timestamp = `${Math.floor(now / 1000)}`;
  const headers: Record<string, string> = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
  };
  if (key !== undefined) {
    const signature = createHmac("sha256", key)
      .update(`${id}.${timestamp}.${body}`).digest("base64");
    headers["webhook-signature"] = `v1,${signature}`;
  }
  return headers;
}
