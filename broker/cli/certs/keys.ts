/**
 * Private keys: new ones, and those of files.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** The kinds of keys that are made. */
export type KeyKind = "P-256" | "RSA-2048" | "RSA-4096";

/** How a key signs. */
export type SigningAlgorithm =
  | { name: "ECDSA"; namedCurve: string; hash: string }
  | { name: "RSASSA-PKCS1-v1_5"; hash: string }
  | { name: "Ed25519" };

/** A key that signs certificates. */
export interface SigningKey {
  /** How it signs. */
  readonly algorithm: SigningAlgorithm;
  /** The private key. */
  readonly privateKey: CryptoKey;
}

/** A new pair of keys. */
export interface KeyPair extends SigningKey {
  /** The public key. */
  readonly publicKey: CryptoKey;
}

const CURVES: Readonly<Record<string, [curve: string, hash: string]>> = {
  prime256v1: ["P-256", "SHA-256"],
  secp384r1: ["P-384", "SHA-384"],
};

/** Makes a pair of keys. With RSA this may take seconds. */
export async function makeKeys(kind: KeyKind): Promise<KeyPair> {
  if (kind === "P-256") {
    const algorithm = {
      name: "ECDSA",
      namedCurve: "P-256",
      hash: "SHA-256",
    } as const;
    const pair = await crypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ]);
    return { algorithm, ...pair };
  }
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
  const pair = await crypto.subtle.generateKey(
    {
      ...algorithm,
      modulusLength: Number(kind.slice(4)),
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ["sign", "verify"],
  );
  return { algorithm, privateKey: pair.privateKey, publicKey: pair.publicKey };
}

/** A private key as a PEM text. */
export async function keyPem({ privateKey }: SigningKey): Promise<string> {
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  const lines = Buffer.from(bytes).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${lines.trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

/**
 * Reads a private key that signs.
 *
 * @param pem PKCS#8, PKCS#1 or SEC 1.
 * @param name The file, for messages.
 * @param publicKey The public key of its certificate, as SPKI.
 * @returns The key.
 * @throws {Error} If it is no key, encrypted, of an unknown kind or of another
 *   certificate.
 */
export async function readSigningKey(
  pem: string,
  name: string,
  publicKey: ArrayBuffer,
): Promise<SigningKey> {
  if (pem.includes("ENCRYPTED")) {
    throw new Error(
      `Cannot use the key "${name}": it is encrypted; ` +
        `"openssl pkey -in ${name} -out FILE" decrypts it`,
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new Error(
      `Cannot use the key "${name}": there is no private key in PEM form in it`,
      { cause },
    );
  }
  const own = createPublicKey(key).export({ format: "der", type: "spki" });
  if (!own.equals(Buffer.from(publicKey))) {
    throw new Error(
      `Cannot use the key "${name}": it does not belong to the certificate`,
    );
  }
  const algorithm = algorithmOf(key, name);
  const privateKey = await crypto.subtle.importKey(
    "pkcs8",
    new Uint8Array(key.export({ format: "der", type: "pkcs8" })),
    algorithm,
    false,
    ["sign"],
  );
  return { algorithm, privateKey };
}

function algorithmOf(key: KeyObject, name: string): SigningAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (type === "ed25519") return { name: "Ed25519" };
  const curve = CURVES[details?.namedCurve ?? ""];
  if (type === "ec" && curve !== undefined) {
    return { name: "ECDSA", namedCurve: curve[0], hash: curve[1] };
  }
  throw new Error(
    `Cannot use the key "${name}": keys of the kind ${
      details?.namedCurve ?? type
    } are not supported; RSA, P-256, P-384 and Ed25519 are`,
  );
}
