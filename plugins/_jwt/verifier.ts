/**
 * Checks tokens.
 *
 * @module
 */

import { createPublicKey } from "node:crypto";
import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import { readOptionFile } from "../_backend/option_file.ts";
import type { Logger } from "../mod.ts";
import { keyProblem } from "./algorithms.ts";
import { type KeyFinder, openKeySet } from "./key_set.ts";
import { allowedAlgorithms, type AuthJwtOptions } from "./options.ts";
import type { VerifiedToken } from "./verified_token.ts";

/** Any key, or what finds one. */
type Key = Uint8Array | JsonWebKey | KeyFinder;

/** Checks signature, times, issuer and audience. */
export class TokenVerifier {
  readonly #key: Key;
  readonly #options: JWTVerifyOptions;
  readonly #tolerance: number;
  readonly #reload: (() => Promise<void>) | undefined;

  /**
   * Prepares the key. A key set is not read yet.
   *
   * @param options The options of the plugin.
   * @param logger Where warnings are written.
   * @throws {Error} If a file cannot be read or holds no key that fits.
   */
  constructor(options: AuthJwtOptions, logger: Logger) {
    const { secretKey, publicKeyFile, jwksFile } = options;
    const { issuer, audience, clockTolerance } = options;
    this.#tolerance = clockTolerance;
    this.#options = {
      algorithms: allowedAlgorithms(options),
      clockTolerance,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    if (secretKey !== undefined) {
      this.#key = secretOf(secretKey, options, logger);
    } else if (publicKeyFile !== undefined) {
      this.#key = publicKeyOf(publicKeyFile, options);
    } else {
      // Here and not at the first login.
      if (jwksFile !== undefined) readOptionFile("jwks-file", jwksFile);
      const { findKey, reload } = openKeySet(options);
      this.#key = findKey;
      this.#reload = reload;
    }
  }

  /**
   * Reads the key set, if there is one.
   *
   * @throws {Error} If it cannot be read.
   */
  async warmUp(): Promise<void> {
    await this.#reload?.();
  }

  /**
   * Checks a token.
   *
   * @param text The token.
   * @returns The token, or why it is refused.
   * @throws {Error} If it could not be checked.
   */
  async verify(text: string): Promise<VerifiedToken | string> {
    try {
      const claims = await this.#verify(text);
      return {
        claims,
        expiresAt: claims.exp === undefined
          ? Infinity
          : (claims.exp + this.#tolerance) * 1000,
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) return error.message;
      throw error;
    }
  }

  async #verify(text: string): Promise<JWTPayload> {
    const key = this.#key;
    if (typeof key !== "function") {
      return (await jwtVerify(text, key, this.#options)).payload;
    }
    try {
      return (await jwtVerify(text, key, this.#options)).payload;
    } catch (error) {
      // A token need not name its key: then each that fits is tried.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const candidate of error) {
        try {
          return (await jwtVerify(text, candidate, this.#options)).payload;
        } catch (failure) {
          if (!(failure instanceof errors.JWSSignatureVerificationFailed)) {
            throw failure;
          }
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

function secretOf(
  secret: string,
  options: AuthJwtOptions,
  logger: Logger,
): Uint8Array {
  const bytes = new TextEncoder().encode(secret);
  const bits = Math.min(
    ...allowedAlgorithms(options).map((name) => Number(name.slice(2))),
  );
  // [RFC 7518, section 3.2]
  if (bytes.length * 8 < bits) {
    logger.warn(
      `"secret-key" has ${bytes.length} bytes and can be guessed: at least ${
        bits / 8
      } random bytes are needed`,
    );
  }
  return bytes;
}

function publicKeyOf(file: string, options: AuthJwtOptions): JsonWebKey {
  const text = readOptionFile("public-key-file", file);
  let key;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw new Error(
      `Cannot use the public key "${file}": it is not a public key or certificate in PEM form`,
      { cause },
    );
  }
  const jwk = key.export({ format: "jwk" }) as JsonWebKey;
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  for (const algorithm of allowedAlgorithms(options)) {
    const problem = keyProblem({ ...jwk, modulusLength }, algorithm);
    if (problem !== undefined) {
      throw new Error(`Cannot use the public key "${file}": ${problem}`);
    }
  }
  return jwk;
}
