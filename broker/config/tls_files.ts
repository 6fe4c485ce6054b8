import { createPrivateKey, X509Certificate } from "node:crypto";
import { isAbsolute } from "node:path";
import type { ConfigProblem } from "./config_error.ts";
import type { ListenerConfig, ListenerInput } from "./types.ts";

type Tls = NonNullable<ListenerConfig["tls"]>;
type Path = (key: string) => string;

/**
 * Reads the files that a listener with TLS needs.
 *
 * @param listener The listener with what it inherits.
 * @param path Gives the path of one of its keys.
 * @param problems Gets what is wrong.
 * @returns The texts, or `undefined` if something is wrong.
 */
export function readTls(
  listener: ListenerInput,
  path: Path,
  problems: ConfigProblem[],
): Tls | undefined {
  const { certfile, keyfile, cadata, cafile, capath } = listener;
  if (certfile === undefined || keyfile === undefined) {
    problems.push(missingPair(listener, path));
    return undefined;
  }
  const cert = readPem(certfile, CERTIFICATE, path("certfile"), problems);
  const key = readPem(keyfile, KEY, path("keyfile"), problems);
  const authorities: (string | undefined)[] = [];
  if (cafile !== undefined) {
    authorities.push(
      readPem(cafile, CERTIFICATE, path("cafile"), problems),
    );
  }
  if (capath !== undefined) {
    authorities.push(readFolder(capath, path("capath"), problems));
  }
  if (cadata !== undefined) {
    authorities.push(
      checkPem(cadata, "The text", CERTIFICATE, path("cadata"), problems),
    );
  }
  const hasAuthorities = authorities.length > 0;
  const clientCertificate = listener.clientCertificate ??
    (hasAuthorities ? "optional" : "none");
  if (clientCertificate !== "none" && !hasAuthorities) {
    problems.push({
      path: path("clientCertificate"),
      message:
        `is "${clientCertificate}", but nobody is named who issues such certificates: add cafile, capath or cadata`,
    });
  }
  if (cert === undefined || key === undefined) return undefined;
  if (!belongTogether(cert, key)) {
    problems.push({
      path: path("keyfile"),
      message:
        "is not the key of the certificate: name the one that certfile was made with",
    });
  }
  const tls: Tls = { cert, key, clientCertificate };
  if (hasAuthorities) tls.ca = authorities.join("\n");
  return tls;
}

function missingPair(listener: ListenerInput, path: Path): ConfigProblem {
  const { certfile, keyfile } = listener;
  if (certfile === undefined && keyfile === undefined) {
    return { path: path("ssl"), message: "is on: add certfile and keyfile" };
  }
  const [given, missing] = certfile === undefined
    ? ["keyfile", "certfile"]
    : ["certfile", "keyfile"];
  return { path: path(given), message: `is of no use alone: add ${missing}` };
}

/** A client that connects would find out too late. */
function belongTogether(cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

interface PemKind {
  readonly pattern: RegExp;
  readonly name: string;
  readonly parse: (content: string) => unknown;
}

const CERTIFICATE: PemKind = {
  pattern: /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/,
  name: "certificate",
  parse: (content) => new X509Certificate(content),
};
const KEY: PemKind = {
  pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  name: "private key",
  parse: createPrivateKey,
};

function readPem(
  file: string,
  kind: PemKind,
  path: string,
  problems: ConfigProblem[],
): string | undefined {
  try {
    const content = Deno.readTextFileSync(file);
    return checkPem(content, JSON.stringify(file), kind, path, problems);
  } catch (error) {
    problems.push({ path, message: cannotRead(file, error) });
    return undefined;
  }
}

function checkPem(
  content: string,
  where: string,
  kind: PemKind,
  path: string,
  problems: ConfigProblem[],
): string | undefined {
  const problem = pemProblem(content, where, kind);
  if (problem === undefined) return content;
  problems.push({ path, message: `cannot be used: ${problem}` });
  return undefined;
}

function pemProblem(
  content: string,
  where: string,
  { pattern, name, parse }: PemKind,
): string | undefined {
  if (!pattern.test(content)) {
    return `${where} holds no ${name} in PEM form, which begins with "-----BEGIN"`;
  }
  try {
    parse(content);
  } catch {
    return /ENCRYPTED/.test(content)
      ? `the ${name} in ${where} is encrypted: decrypt it with "openssl pkey"`
      : `the ${name} in ${where} is damaged: make the file anew`;
  }
}

/** The certificates of a folder. Folders made by `c_rehash` have links with other names to them. */
function readFolder(
  folder: string,
  path: string,
  problems: ConfigProblem[],
): string | undefined {
  try {
    const contents = new Set<string>();
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    for (const name of names.filter((name) => /\.(pem|crt|cer)$/i.test(name))) {
      const file = `${folder}/${name}`;
      const content = Deno.readTextFileSync(file);
      if (!CERTIFICATE.pattern.test(content)) continue;
      const where = JSON.stringify(file);
      if (checkPem(content, where, CERTIFICATE, path, problems) === undefined) {
        return undefined;
      }
      contents.add(content);
    }
    if (contents.size > 0) return [...contents].join("\n");
    problems.push({
      path,
      message: `cannot be used: no .pem, .crt or .cer file in ${
        JSON.stringify(folder)
      } holds a certificate`,
    });
  } catch (error) {
    problems.push({ path, message: cannotRead(folder, error) });
  }
  return undefined;
}

/** Why a file cannot be read, in words. */
export function cannotRead(file: string, error: unknown): string {
  return `cannot be read: ${reasonOf(file, error)}`;
}

function reasonOf(file: string, error: unknown): string {
  const name = JSON.stringify(file);
  if (error instanceof Deno.errors.NotFound) {
    return `${name} does not exist: create it or correct the path` +
      (isAbsolute(file) ? "" : ", which starts at the working directory");
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `the system denies access to ${name}`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `Deno was not allowed to read ${name}: add --allow-read=${file}`;
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return `${name} is a folder: name a file`;
  }
  return error instanceof Error ? error.message : String(error);
}
