/**
 * The files of the flags for TLS.
 *
 * @module
 */

const CERTIFICATE = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** What TLS is told, as files, a folder or a text. */
export interface TlsSources {
  /** File with authorities. */
  cafile?: string;
  /** Folder with authorities. */
  capath?: string;
  /** Text with authorities. */
  cadata?: string;
  /** File with the client's certificate. */
  cert?: string;
  /** File with its private key. */
  key?: string;
}

/** The same as PEM texts. */
export interface TlsTexts {
  /** Authorities; without them those that the runtime knows count. */
  ca?: string[];
  /** The client's certificate. */
  cert?: string;
  /** Its private key. */
  key?: string;
}

/**
 * Reads the files.
 *
 * @param sources The files.
 * @returns Their texts.
 * @throws {Error} If one cannot be read or has no certificate or key in it.
 */
export async function readTlsFiles(sources: TlsSources): Promise<TlsTexts> {
  const { cafile, capath, cadata, cert, key } = sources;
  const ca: string[] = [];
  if (cafile !== undefined) ca.push(await readPem("--cafile", cafile));
  if (capath !== undefined) ca.push(...await readFolder(capath));
  if (cadata !== undefined) {
    if (!CERTIFICATE.test(cadata)) {
      throw new Error("Cannot use --cadata: there is no certificate in it");
    }
    ca.push(cadata);
  }
  return {
    ...(ca.length > 0 && { ca }),
    ...(cert !== undefined && { cert: await readPem("--cert", cert) }),
    ...(key !== undefined && { key: await readPem("--key", key, KEY) }),
  };
}

async function readPem(
  flag: string,
  file: string,
  pattern = CERTIFICATE,
): Promise<string> {
  const text = await tryTo(flag, file, () => Deno.readTextFile(file));
  if (pattern.test(text)) {
    if (!text.includes("ENCRYPTED")) return text;
    throw new Error(
      `Cannot use ${flag} "${file}": the key is encrypted; ` +
        `"openssl pkey -in ${file} -out FILE" decrypts it`,
    );
  }
  throw new Error(
    `Cannot use ${flag} "${file}": there is no ${
      pattern === KEY ? "private key" : "certificate"
    } in PEM form in it`,
  );
}

async function readFolder(folder: string): Promise<string[]> {
  const texts = await tryTo("--capath", folder, async () => {
    const names = (await Array.fromAsync(Deno.readDir(folder)))
      .map(({ name }) => name)
      .filter((name) => /\.(pem|crt|cer)$/i.test(name));
    return await Promise.all(
      names.map((name) => Deno.readTextFile(`${folder}/${name}`)),
    );
  });
  const certificates = texts.filter((text) => CERTIFICATE.test(text));
  if (certificates.length > 0) return certificates;
  throw new Error(
    `Cannot use --capath "${folder}": no .pem, .crt or .cer file in it has a certificate`,
  );
}

async function tryTo<T>(
  flag: string,
  path: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot use ${flag} "${path}": ${why}`, { cause });
  }
}
