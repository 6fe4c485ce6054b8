/**
 * The options of `webhook`.
 *
 * @module
 */

import * as v from "valibot";
import type { StandardSchema } from "../mod.ts";
import { EVENT_KINDS, type WebhookEventName } from "./events.ts";

/** The options of `webhook`. */
export interface WebhookOptions {
  /** Where events are sent. */
  url: string;
  /** Signs what is sent: `whsec_` and base64, or any text. Default: nothing is signed. */
  secret?: string;
  /** Further headers, such as `Authorization`. */
  headers: Record<string, string>;
  /** PEM file of the authority that signed the server's certificate. Default: those that Deno trusts. */
  cafile?: string;
  /** The events that are sent. */
  events: WebhookEventName[];
  /** Filters of which one must select the topic of a message. Default: `#` and `$SYS/#`. */
  topics?: string[];
  /** How many events are sent at one time at most. Default: 100. */
  batchSize: number;
  /** Seconds that an event waits for others at most. Default: 1. */
  batchDelay: number;
  /** How many events wait at most. Default: 10000. */
  maxQueuedEvents: number;
  /** How long they are together at most, in characters. Default: 16777216. */
  maxQueuedLength: number;
  /** Seconds until a response is late. Default: 10. */
  timeout: number;
  /** How often a batch is sent again. Default: 5. */
  maxRetries: number;
  /** Seconds until it is sent again for the first time at most, doubled each time. Default: 1. */
  retryDelay: number;
}

const TextSchema = v.pipe(v.string(), v.nonEmpty());
const NAMES = Object.keys(EVENT_KINDS) as WebhookEventName[];

/** The schema of the options. */
export const webhookSchema: StandardSchema<WebhookOptions> = v.strictObject({
  url: v.pipe(
    v.string(),
    v.url(),
    v.regex(/^https?:/i, "it must begin with https:// or http://"),
  ),
  secret: v.optional(v.pipe(
    TextSchema,
    v.check(
      (secret) =>
        !secret.startsWith("whsec_") ||
        /^whsec_[A-Za-z0-9+/]{4,}={0,2}$/.test(secret),
      "what follows whsec_ must be base64",
    ),
  )),
  headers: v.optional(
    v.pipe(
      v.record(v.string(), v.string()),
      v.check(isHeaders, "it is not a map of header names to values"),
    ),
    {},
  ),
  cafile: v.optional(TextSchema),
  events: v.optional(
    v.pipe(
      v.array(v.picklist(NAMES, `it must be one of ${NAMES.join(", ")}`)),
      v.nonEmpty(),
    ),
    [
      "broker_client_connected",
      "broker_client_disconnected",
      "broker_client_subscribed",
      "broker_client_unsubscribed",
    ],
  ),
  topics: v.optional(v.array(TextSchema)),
  batchSize: integer(1, 10_000, 100),
  batchDelay: seconds(0, 60, 1),
  maxQueuedEvents: integer(1, 1_000_000, 10_000),
  maxQueuedLength: integer(1024, 1 << 30, 1 << 24),
  timeout: seconds(0.001, 60, 10),
  maxRetries: integer(0, 100, 5),
  retryDelay: seconds(0.001, 60, 1),
});

function isHeaders(headers: Record<string, string>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}

function integer(minimum: number, maximum: number, byDefault: number) {
  return v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(minimum),
      v.maxValue(maximum),
    ),
    byDefault,
  );
}

function seconds(minimum: number, maximum: number, byDefault: number) {
  return v.optional(
    v.pipe(v.number(), v.minValue(minimum), v.maxValue(maximum)),
    byDefault,
  );
}
