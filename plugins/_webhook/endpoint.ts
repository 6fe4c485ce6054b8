/**
 * The server that gets the events.
 *
 * @module
 */

import { readOptionFile } from "../_backend/option_file.ts";
import type { WebhookOptions } from "./options.ts";
import { keyOf, signatureHeaders } from "./signature.ts";

/** What became of one request. */
export type Outcome =
  | { readonly delivered: true }
  | {
    readonly delivered: false;
    /** Why not. */
    readonly why: string;
    /** Whether it may be delivered later. */
    readonly retry: boolean;
    /** Seconds that the server asks to wait. */
    readonly retryAfter?: number;
  };

/** Sends batches. */
export class Endpoint {
  readonly #options: WebhookOptions;
  readonly #key: Uint8Array | undefined;
  readonly #authority: string | undefined;
  #client: Deno.HttpClient | undefined;

  /**
   * Prepares everything. Nothing is sent yet.
   *
   * @param options Address, secret and time limit.
   * @throws {Error} If the file of the authority cannot be read.
   */
  constructor(options: WebhookOptions) {
    const { secret, cafile } = options;
    this.#options = options;
    this.#key = secret === undefined ? undefined : keyOf(secret);
    this.#authority = cafile && readOptionFile("cafile", cafile);
  }

  /**
   * Sends a batch once. Redirects are not followed.
   *
   * @param id Identifier of the batch.
   * @param body The batch as JSON.
   * @param signal Ends the request.
   * @returns What became of it; never rejects.
   */
  async send(id: string, body: string, signal: AbortSignal): Promise<Outcome> {
    const { url, headers, timeout } = this.#options;
    if (this.#authority !== undefined) {
      this.#client ??= Deno.createHttpClient({ caCerts: [this.#authority] });
    }
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error("no response in time")),
      timeout * 1000,
    );
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "user-agent": "dinomq",
          ...headers,
          "content-type": "application/json",
          ...signatureHeaders(id, body, this.#key, Date.now()),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([signal, late.signal]),
        client: this.#client,
      });
      await response.body?.cancel();
      return outcomeOf(response);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { delivered: false, why, retry: true };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes what is kept open. */
  close(): void {
    this.#client?.close();
  }
}

const MAY_RETRY: ReadonlySet<number> = new Set([408, 425, 429]);

function outcomeOf({ ok, status, headers }: Response): Outcome {
  if (ok) return { delivered: true };
  const retryAfter = /^\d{1,9}$/.exec(headers.get("retry-after") ?? "")?.[0];
  return {
    delivered: false,
    why: `the status is ${status}`,
    retry: status >= 500 || MAY_RETRY.has(status),
    ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }),
  };
}
