/**
 * The options that `auth_http` and `topic_http` share.
 *
 * @module
 */

import * as v from "valibot";
import type { StandardSchema } from "../mod.ts";
import type { ResponseMode } from "./answer.ts";

/** How parameters are sent. */
export type ParamsMode = "json" | "form";

/** The options of both plugins. */
export interface HttpOptions {
  /** Host name or address of the server. */
  host: string;
  /** Port of the server. */
  port: number;
  /** Method of the request. Default: `get`. */
  requestMethod: "get" | "post" | "put";
  /** Whether parameters are sent as JSON or as a form. Default: `json`. */
  paramsMode: ParamsMode;
  /** What of the response is the answer. Default: `json`. */
  responseMode: ResponseMode;
  /** Whether the server is asked over TLS. Default: `false`. */
  withTls: boolean;
  /** PEM file of the authority that signed the server's certificate. Default: those that Deno trusts. */
  cafile?: string;
  /** The header `User-Agent`. Default: `dinomq`. */
  userAgent: string;
  /** Path of the question whether a user may do everything; `null`: nobody may. Default: `null`. */
  superuserUri: string | null;
  /** Seconds until an answer is late. Default: 4. */
  timeout: number;
  /** Seconds that an answer is remembered. */
  cacheTtl: number;
  /** How many answers are remembered at most. Default: 10000. */
  cacheSize: number;
  /** How many requests are under way at most. Default: 50. */
  maxRequests: number;
}

/** What the two plugins do not have in common. */
export interface HttpSchemaOptions {
  /** Name of the option with the path that is asked. */
  uri: string;
  /** Its default. */
  defaultUri: string;
  /** Default of `cacheTtl`. */
  cacheTtl: number;
}

const TextSchema = v.pipe(v.string(), v.nonEmpty());

/** aMQTT wants an IPv6 address in brackets, `node:http` without. */
const HostSchema = v.pipe(
  TextSchema,
  v.transform((host) => host.replace(/^\[(.*)\]$/, "$1")),
);

const HeaderSchema = v.pipe(
  v.string(),
  v.regex(/^[ -~]+$/, "it must be printable ASCII"),
);

const UriSchema = v.pipe(
  v.string(),
  v.regex(/^\/[!"$-~]*$/, "it must be a path that begins with a slash"),
);

/**
 * Makes the schema of a plugin's options.
 *
 * @param options What it does not share.
 * @returns The schema.
 */
export function httpSchema<Options extends HttpOptions>(
  options: HttpSchemaOptions,
): StandardSchema<Options> {
  const schema = v.strictObject({
    host: HostSchema,
    port: integer(1, 65535),
    requestMethod: mode(["get", "post", "put"]),
    paramsMode: mode(["json", "form"]),
    responseMode: mode(["json", "status", "text"]),
    withTls: v.optional(v.boolean(), false),
    cafile: v.optional(TextSchema),
    userAgent: v.optional(HeaderSchema, "dinomq"),
    superuserUri: v.optional(v.nullable(UriSchema), null),
    timeout: v.optional(
      v.pipe(v.number(), v.gtValue(0), v.maxValue(60)),
      4,
    ),
    cacheTtl: v.optional(
      v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)),
      options.cacheTtl,
    ),
    cacheSize: v.optional(integer(1, 1_000_000), 10_000),
    maxRequests: v.optional(integer(1, 1000), 50),
    [options.uri]: v.optional(UriSchema, options.defaultUri),
  });
  return schema as StandardSchema<unknown> as StandardSchema<Options>;
}

function integer(minimum: number, maximum: number) {
  return v.pipe(
    v.number(),
    v.integer(),
    v.minValue(minimum),
    v.maxValue(maximum),
  );
}

/** One of some names, in upper or lower case; the first is the default. */
function mode<const Names extends readonly [string, ...string[]]>(
  names: Names,
) {
  return v.optional(
    v.pipe(v.string(), v.toLowerCase(), v.picklist(names)),
    names[0],
  );
}
