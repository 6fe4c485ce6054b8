/**
 * Tokens and keys for tests, signed by another library than the one that checks them.
 *
 * @module
 */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/jsonwebtoken@9.0.10"
import jwt from "jsonwebtoken";
import AuthJwt, { type AuthJwtOptions } from "../../../plugins/auth_jwt.ts";
import {
  checkedOptions,
  type FakeContext,
  fakeContext,
  fakeSession,
} from "./_context.ts";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A key pair that fits an algorithm, another one than the last. */
export function makeKeys(algorithm: string): KeyPair {
  switch (algorithm) {
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ES384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "ES512":
      return generateKeyPairSync("ec", { namedCurve: "P-521" });
    case "EdDSA":
    case "Ed25519":
      return generateKeyPairSync("ed25519");
    default:
      return rsaKeys[rsaTurn++ % 2] ??= generateKeyPairSync("rsa", {
        modulusLength: 2048,
      });
  }
}

// Two take turns: making one takes long.
const rsaKeys: KeyPair[] = [];
let rsaTurn = 0;

/** A public key in PEM form. */
export function pem({ publicKey }: KeyPair): string {
  return publicKey.export({ type: "spki", format: "pem" }) as string;
}

/** A public key as a member of a JSON Web Key Set. */
export function jwk({ publicKey }: KeyPair, kid?: string): object {
  return { ...publicKey.export({ format: "jwk" }), ...(kid && { kid }) };
}

/** Signs claims. */
export function makeToken(
  claims: object,
  key: string | KeyPair,
  algorithm = "HS256",
  kid?: string,
): string {
  const secret = typeof key === "string" ? key : key.privateKey;
  if (algorithm === "EdDSA" || algorithm === "Ed25519") {
    // jsonwebtoken does not know these.
    const part = (value: object) =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: algorithm, kid })}.${part(claims)}`;
    const signature = sign(null, Buffer.from(text), secret as KeyObject);
    return `${text}.${signature.toString("base64url")}`;
  }
  return jwt.sign(claims, secret as jwt.Secret, {
    algorithm: algorithm as jwt.Algorithm,
    ...(kid && { keyid: kid }),
  });
}

/** An `auth_jwt` without a broker. */
export interface TestAuth {
  readonly plugin: AuthJwt;
  readonly fake: FakeContext<AuthJwtOptions>;
  /** Logs in. */
  login(username: string | undefined, token?: string): Promise<unknown>;
}

/** Makes an `auth_jwt`. */
export async function makeAuth(options: object): Promise<TestAuth> {
  const config = await checkedOptions<AuthJwtOptions>(AuthJwt, options);
  const fake = fakeContext(config);
  const plugin = new AuthJwt(fake.context);
  const login = async (username: string | undefined, token?: string) => {
    const password = token === undefined
      ? undefined
      : new TextEncoder().encode(token);
    const session = fakeSession({ username, password, attributes: new Map() });
    return await plugin.authenticate({ session });
  };
  return { plugin, fake, login };
}

/** Runs `body` with a folder for files. */
export async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
