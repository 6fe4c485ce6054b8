/**
 * The options of `auth_jwt`.
 *
 * @module
 */

import * as v from "valibot";
import type { StandardSchema } from "../mod.ts";
import { type Algorithm, ALGORITHMS, isSymmetric } from "./algorithms.ts";

/** The options of `auth_jwt`. */
export interface AuthJwtOptions {
  /** The key of HS algorithms. */
  secretKey?: string;
  /** PEM file with a public key or a certificate. */
  publicKeyFile?: string;
  /** File with a JSON Web Key Set. */
  jwksFile?: string;
  /** Address of a JSON Web Key Set. */
  jwksUrl?: string;
  /** The algorithms that are accepted. Default: `HS256` with `secretKey`, else none. */
  algorithms?: Algorithm[];
  /** aMQTT's option for a single algorithm. */
  algorithm?: Algorithm;
  /** Name of the claim that must be the user name. Default: `sub`. */
  userClaim: string;
  /** Who must have issued a token. Default: anybody. */
  issuer?: string | string[];
  /** Whom a token must be meant for. Default: anybody. */
  audience?: string | string[];
  /** Seconds that clocks may differ. Default: 0. */
  clockTolerance: number;
  /** Seconds that a key set is used without being read again. Default: 600. */
  jwksMaxAge: number;
  /** Seconds between two readings because of an unknown key. Default: 30. */
  jwksMinInterval: number;
  /** Seconds that reading a key set may take. Default: 4. */
  timeout: number;
}

const TextSchema = v.pipe(v.string(), v.nonEmpty());
const NamesSchema = v.optional(
  v.union([TextSchema, v.pipe(v.array(TextSchema), v.nonEmpty())]),
);
const AlgorithmSchema = v.picklist(
  ALGORITHMS,
  `it must be one of ${ALGORITHMS.join(", ")}`,
);

/** The options that say where keys come from. */
const SOURCES = [
  "secretKey",
  "publicKeyFile",
  "jwksFile",
  "jwksUrl",
] as const;

/** The schema of the options. */
export const authJwtSchema: StandardSchema<AuthJwtOptions> = v.pipe(
  v.strictObject({
    secretKey: v.optional(TextSchema),
    publicKeyFile: v.optional(TextSchema),
    jwksFile: v.optional(TextSchema),
    jwksUrl: v.optional(
      v.pipe(
        v.string(),
        v.url(),
        v.regex(/^https?:/i, "it must begin with https:// or http://"),
      ),
    ),
    algorithms: v.optional(v.pipe(v.array(AlgorithmSchema), v.nonEmpty())),
    algorithm: v.optional(AlgorithmSchema),
    userClaim: v.optional(TextSchema, "sub"),
    issuer: NamesSchema,
    audience: NamesSchema,
    clockTolerance: seconds(0, 300, 0),
    jwksMaxAge: seconds(1, 86_400, 600),
    jwksMinInterval: seconds(1, 3600, 30),
    timeout: seconds(0.001, 60, 4),
  }),
  v.check(
    (options) =>
      SOURCES.filter((name) => options[name] !== undefined).length === 1,
    'exactly one of "secret-key", "public-key-file", "jwks-file" and "jwks-url" must be set',
  ),
  v.check(
    ({ algorithm, algorithms }) =>
      algorithm === undefined || algorithms === undefined,
    'both "algorithm" and "algorithms" are set; remove "algorithm"',
  ),
  v.check(
    ({ secretKey, algorithm, algorithms }) =>
      secretKey !== undefined || algorithm !== undefined ||
      algorithms !== undefined,
    '"algorithms" must say which algorithms are accepted, such as [RS256]',
  ),
  v.check(
    (options) =>
      allowedAlgorithms(options).every((algorithm) =>
        isSymmetric(algorithm) === (options.secretKey !== undefined)
      ),
    'HS algorithms go with "secret-key", all others with "public-key-file", "jwks-file" or "jwks-url"',
  ),
);

/** The algorithms that are accepted. */
export function allowedAlgorithms(
  { algorithm, algorithms }: Pick<AuthJwtOptions, "algorithm" | "algorithms">,
): Algorithm[] {
  return algorithms ?? [algorithm ?? "HS256"];
}

function seconds(minimum: number, maximum: number, byDefault: number) {
  return v.optional(
    v.pipe(v.number(), v.minValue(minimum), v.maxValue(maximum)),
    byDefault,
  );
}
