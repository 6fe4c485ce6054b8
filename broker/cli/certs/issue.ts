/**
 * Makes certificates and reads the one of the authority.
 *
 * @module
 */

// Before @peculiar/x509, which needs it.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { SubjectName } from "./flags.ts";
import { type KeyPair, readSigningKey, type SigningKey } from "./keys.ts";

const HOUR = 3600_000;
const DAY = 24 * HOUR;

/** Who signs. */
export interface Authority {
  /** Its certificate. */
  readonly certificate: X509Certificate;
  /** Its key. */
  readonly key: SigningKey;
}

/** What a certificate of an authority is about. */
export interface AuthorityRequest {
  /** Its name. */
  readonly subject: SubjectName;
  /** Its keys. */
  readonly keys: KeyPair;
  /** How long it is valid. */
  readonly days: number;
}

/** What a signed certificate is about. */
export interface CertificateRequest extends AuthorityRequest {
  /** Whether it is for a server or for a client. */
  readonly use: "server" | "client";
  /** Other names. */
  readonly names: JsonGeneralName[];
}

/** Makes the certificate of an authority, which signs itself. Returns it as PEM. */
export async function makeAuthority(
  { subject, keys, days }: AuthorityRequest,
): Promise<string> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new Name(subject),
    ...validity(days),
    keys,
    signingAlgorithm: keys.algorithm,
    extensions: [
      // It signs for servers and devices, not for other authorities.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(
        KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

/** Makes a certificate that an authority signs. Returns it as PEM. */
export async function makeCertificate(
  { certificate: issuer, key }: Authority,
  { subject, keys, days, use, names }: CertificateRequest,
): Promise<string> {
  const { notBefore, notAfter } = validity(days);
  const isRsa = keys.algorithm.name === "RSASSA-PKCS1-v1_5";
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(
      // Older versions of TLS encrypt with RSA.
      KeyUsageFlags.digitalSignature |
        (isRsa ? KeyUsageFlags.keyEncipherment : 0),
      true,
    ),
    new ExtendedKeyUsageExtension([
      use === "server"
        ? ExtendedKeyUsage.serverAuth
        : ExtendedKeyUsage.clientAuth,
    ]),
    new SubjectAlternativeNameExtension(names),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new Name(subject),
    issuer: issuer.subjectName,
    // Beyond the authority's own time it would be of no use.
    notBefore: notBefore > issuer.notBefore ? notBefore : issuer.notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    publicKey: keys.publicKey,
    signingKey: key.privateKey,
    signingAlgorithm: key.algorithm,
    extensions,
  });
  return `${certificate.toString("pem")}\n`;
}

/**
 * Reads the certificate and the key of an authority.
 *
 * @param certificateFile File of the certificate.
 * @param keyFile File of the key.
 * @returns Who signs.
 * @throws {Error} If it cannot sign.
 */
export async function readAuthority(
  certificateFile: string,
  keyFile: string,
): Promise<Authority> {
  const pem = await readText(certificateFile, "--ca-crt");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new Error(
      `Cannot use the certificate "${certificateFile}": there is none in PEM form in it`,
      { cause },
    );
  }
  if (!certificate.getExtension(BasicConstraintsExtension)?.ca) {
    throw new Error(
      `Cannot use the certificate "${certificateFile}": it is not that of an authority`,
    );
  }
  if (certificate.notAfter < new Date()) {
    throw new Error(
      `Cannot use the certificate "${certificateFile}": it expired on ${
        certificate.notAfter.toISOString().slice(0, 10)
      }`,
    );
  }
  const key = await readSigningKey(
    await readText(keyFile, "--ca-key"),
    keyFile,
    certificate.publicKey.rawData,
  );
  return { certificate, key };
}

async function readText(file: string, flag: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? `there is no such file; "certs ca" makes an authority, ${flag} names another`
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read "${file}": ${why}`, { cause });
  }
}

/** Clocks differ: it begins an hour ago. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  // X.509 knows whole seconds.
  const now = Math.floor(Date.now() / 1000) * 1000;
  return {
    notBefore: new Date(now - HOUR),
    notAfter: new Date(now + days * DAY),
  };
}

/** Positive, and never the same twice. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = bytes[0] & 0x3f | 0x40;
  return bytes.toHex();
}
