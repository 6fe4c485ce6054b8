/**
 * The algorithms that sign tokens.
 *
 * @module
 */

/** Every algorithm that may be allowed. There is no `none`. */
export const ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Name of an algorithm. */
export type Algorithm = typeof ALGORITHMS[number];

/** What a public key tells about itself. */
export interface KeyKind {
  /** `RSA`, `EC` or `OKP`. */
  readonly kty?: string;
  /** Curve of an elliptic key. */
  readonly crv?: string;
  /** Length of an RSA modulus in bits. */
  readonly modulusLength?: number;
}

/** Whether an algorithm needs a secret key that both sides have. */
export function isSymmetric(algorithm: Algorithm): boolean {
  return algorithm.startsWith("HS");
}

/**
 * Says why a public key and an algorithm do not go together.
 *
 * @param key The key.
 * @param algorithm The algorithm.
 * @returns What is wrong, or `undefined`.
 */
export function keyProblem(
  key: KeyKind,
  algorithm: Algorithm,
): string | undefined {
  const kind = key.crv ?? key.kty ?? "of an unknown kind";
  const fits = CURVES[algorithm] === undefined
    ? key.kty === "RSA"
    : key.crv === CURVES[algorithm];
  if (!fits) return `a key that is ${kind} cannot check ${algorithm}`;
  // [RFC 7518, section 3.3]
  if (key.modulusLength !== undefined && key.modulusLength < 2048) {
    return `it has ${key.modulusLength} bits, at least 2048 are needed`;
  }
  return undefined;
}

const CURVES: Readonly<Partial<Record<Algorithm, string>>> = {
  ES256: "P-256",
  ES384: "P-384",
  ES512: "P-521",
  EdDSA: "Ed25519",
  Ed25519: "Ed25519",
};
