/** Makes the certificates that the tests need, with the `openssl` of the machine. */

/** A certificate and its private key, as PEM texts. */
export interface CertificatePair {
  cert: string;
  key: string;
}

/** What {@linkcode makeCertificates} makes. */
export interface TestCertificates {
  /** The authority that signed `server` and `client`. */
  ca: CertificatePair;
  /** For `localhost` and `127.0.0.1`. */
  server: CertificatePair;
  /** CN `device-1`, SAN `spiffe://example.org/device/1`. */
  client: CertificatePair;
  /** Like `client`, but signed by an impostor: another CA of the same name. */
  otherClient: CertificatePair;
}

const CLIENT_EXTENSIONS =
  "subjectAltName=URI:spiffe://example.org/device/1,DNS:device-1\nextendedKeyUsage=clientAuth\n";

/** Makes the certificates in `dir`, where they stay as `<name>.pem` and `<name>.key`. */
export async function makeCertificates(dir: string): Promise<TestCertificates> {
  const [ca] = await Promise.all([
    makeAuthority(dir, "ca"),
    makeAuthority(dir, "other_ca"),
  ]);
  const [server, client, otherClient] = await Promise.all([
    makeSigned(
      dir,
      "server",
      "ca",
      "localhost",
      "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    ),
    makeSigned(dir, "client", "ca", "device-1", CLIENT_EXTENSIONS),
    makeSigned(dir, "other_client", "other_ca", "device-1", CLIENT_EXTENSIONS),
  ]);
  return { ca, server, client, otherClient };
}

async function makeAuthority(
  dir: string,
  name: string,
): Promise<CertificatePair> {
  await openssl(dir, [
    ...[
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
    ],
    ...["-nodes", "-keyout", `${name}.key`, "-out", `${name}.pem`],
    ...["-days", "30", "-subj", "/CN=Test CA"],
  ]);
  return readPair(dir, name);
}

/** Makes one more certificate in the folder of {@linkcode makeCertificates}, signed by `ca`. */
export function makeClientCertificate(
  dir: string,
  name: string,
  extensions: string,
): Promise<CertificatePair> {
  return makeSigned(dir, name, "ca", name, extensions);
}

async function makeSigned(
  dir: string,
  name: string,
  authority: string,
  commonName: string,
  extensions: string,
): Promise<CertificatePair> {
  await Deno.writeTextFile(`${dir}/${name}.ext`, extensions);
  await openssl(dir, [
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`],
    ...["-subj", `/CN=${commonName}`],
  ]);
  await openssl(dir, [
    ...[
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
      "-days",
      "30",
    ],
    ...["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`],
    ...["-set_serial", `${crypto.getRandomValues(new Uint32Array(1))[0]}`],
    ...["-extfile", `${name}.ext`],
  ]);
  return readPair(dir, name);
}

async function openssl(dir: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args,
    cwd: dir,
  }).output();
  if (!success) {
    throw new Error(`Cannot run openssl: ${new TextDecoder().decode(stderr)}`);
  }
}

async function readPair(dir: string, name: string): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([
    Deno.readTextFile(`${dir}/${name}.pem`),
    Deno.readTextFile(`${dir}/${name}.key`),
  ]);
  return { cert, key };
}
