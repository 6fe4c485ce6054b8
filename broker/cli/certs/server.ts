/**
 * The command `certs server`: makes the certificate of a broker.
 *
 * @module
 */

import { isIP } from "node:net";
import type { JsonGeneralName } from "@peculiar/x509";
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
  cn: {
    value: "HOST",
    help: "Name or address by which clients know the broker",
  },
  host: {
    value: "HOST",
    many: true,
    help: "Another name or address. Repeatable",
  },
  days: { value: "DAYS", help: "How long it is valid. Default: 365" },
  rsa: { help: "An RSA key of 2048 bits instead of an elliptic curve, P-256" },
  ...SUBJECT_FLAGS,
  ...AUTHORITY_FLAGS,
  ...OUTPUT_FLAGS,
} as const;

const server: Command = defineCommand({
  summary: "Makes the certificate of a broker: server.key and server.crt.",
  usage: ["[OPTIONS] --cn HOST"],
  flags: FLAGS,
  notes: `
It is also for the address 127.0.0.1.

Example:
  certs server --cn broker.example.org --host 192.168.1.5 --output-dir certs`,
  run: async ({ flags, operands }, context) => {
    const { cn } = flags;
    if (cn === undefined || operands.length > 0) {
      throw new UsageError("Cannot make a certificate: give --cn HOST");
    }
    const subject = subjectOf(flags, cn);
    const names = [...new Set([cn, ...flags.host, "127.0.0.1"])].map(hostName);
    const days = daysOf(flags.days, 365);
    const ca = authorityFiles(flags);
    const files = await outputFiles(flags, "server");
    const authority = await readAuthority(ca.certificate, ca.key);
    const keys = await makeKeysVisibly(keyKindOf(flags.rsa, 2048), context);
    const request = { subject, keys, days, names, use: "server" } as const;
    const pem = await makeCertificate(authority, request);
    await writeFiles(files, keys, pem, context);
  },
});

export default server;

function hostName(host: string): JsonGeneralName {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0) return { type: "ip", value: address };
  if (/^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(host)) {
    return { type: "dns", value: host };
  }
  throw new UsageError(
    `Cannot use the host "${host}": it must be a name such as broker.example.org or an address`,
  );
}
