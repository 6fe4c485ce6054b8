/** Which client certificates a TLS listener has verified. @module */

import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "../../plugins/mod.ts";
import { ExpiringTable } from "../limits/expiring_table.ts";
import { certificateUris } from "./certificate_uris.ts";

// A ticket of a session is good for a shorter time.
const MEMORY = 7 * 24 * 3600 * 1000;

/**
 * Tells the certificate of a client.
 *
 * A client may resume a TLS session with a ticket, and then shows no certificate.
 * Deno 2.9 takes tickets that any listener of the process has given, also one that
 * asks for no certificate or trusts other authorities. So a resumed session proves
 * only what this listener has seen before in a full handshake.
 */
export class VerifiedCertificates {
  readonly #fingerprints = new ExpiringTable<true>();

  /**
   * The certificate that a client has proved to have.
   *
   * @param socket A socket after its handshake.
   * @returns The certificate; `undefined` if there is none that this listener verified.
   */
  certificateOf(socket: TLSSocket): PeerCertificate | undefined {
    // The verdict of the chain check; what failed it proves nothing.
    if (!socket.authorized) return undefined;
    const certificate = socket.getPeerCertificate();
    const fingerprint256 = certificate?.fingerprint256;
    if (!fingerprint256) return undefined;
    const now = performance.now();
    if (
      socket.isSessionReused() &&
      this.#fingerprints.get(fingerprint256, now) === undefined
    ) return undefined;
    this.#fingerprints.set(fingerprint256, true, now + MEMORY, now);
    const name: unknown = certificate.subject?.CN;
    return {
      commonName: Array.isArray(name)
        ? String(name.at(-1))
        : String(name ?? ""),
      subjectAltName: certificate.subjectaltname ?? "",
      uris: certificateUris(certificate.raw),
      fingerprint256,
    };
  }
}
