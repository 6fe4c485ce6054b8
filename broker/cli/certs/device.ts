/**
 * The command `certs device`: makes the certificate of a client.
 *
 * @module
 */

import { type Command, defineCommand, UsageError } from "../mod.ts";
import {
  AUTHORITY_FLAGS,
  daysOf,
  keyKindOf,
  OUTPUT_FLAGS,
  SUBJECT_FLAGS,
  subjectOf,
} from "./flags.ts";
import { makeCertificate, readAuthority } from "./issue.ts";
import {
  authorityFiles,
  makeKeysVisibly,
  outputFiles,
  writeFiles,
} from "./output.ts";

const FLAGS = {
  "device-id": { value: "ID", help: "The device's client identifier" },
  uri: {
    value: "DOMAIN",
    help: "The domain of its SPIFFE identity, such as example.org",
  },
  days: { value: "DAYS", help: "How long it is valid. Default: 365" },
  rsa: { help: "An RSA key of 2048 bits instead of an elliptic curve, P-256" },
  ...SUBJECT_FLAGS,
  ...AUTHORITY_FLAGS,
  ...OUTPUT_FLAGS,
} as const;

/** Names of the authority's and the broker's files. */
const RESERVED = ["ca", "server"];

const device: Command = defineCommand({
  summary: "Makes the certificate of a client: ID.key and ID.crt.",
  usage: ["[OPTIONS] --device-id ID --uri DOMAIN"],
  flags: FLAGS,
  notes: `
The certificate has the names spiffe://DOMAIN/device/ID and ID.local.

Example:
  certs device --device-id sensor-7 --uri example.org --output-dir certs`,
  run: async ({ flags, operands }, context) => {
    const { uri, "device-id": id } = flags;
    if (id === undefined || uri === undefined || operands.length > 0) {
      throw new UsageError(
        "Cannot make a certificate: give --device-id ID and --uri DOMAIN",
      );
    }
    checkPart("--device-id", id);
    checkPart("--uri", uri);
    if (RESERVED.includes(id.toLowerCase())) {
      throw new UsageError(
        `Cannot use --device-id "${id}": ${id}.key is another's; choose another`,
      );
    }
    const subject = subjectOf(flags, id);
    const days = daysOf(flags.days, 365);
    const ca = authorityFiles(flags);
    const files = await outputFiles(flags, id);
    const authority = await readAuthority(ca.certificate, ca.key);
    const keys = await makeKeysVisibly(keyKindOf(flags.rsa, 2048), context);
    const pem = await makeCertificate(authority, {
      ...{ subject, keys, days },
      use: "client",
      names: [
        { type: "url", value: `spiffe://${uri}/device/${id}` },
        { type: "dns", value: `${id}.local` },
      ],
    });
    await writeFiles(files, keys, pem, context);
  },
});

export default device;

/** What a SPIFFE identity, a host name and a file name can all hold. */
function checkPart(flag: string, text: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text)) return;
  throw new UsageError(
    `Cannot use ${flag} "${text}": it may have letters, digits, ".", "_" and "-" only`,
  );
}
