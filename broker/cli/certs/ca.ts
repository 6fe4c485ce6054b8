/**
 * The command `certs ca`: makes an authority that signs certificates.
 *
 * @module
 */

import { type Command, defineCommand, UsageError } from "../mod.ts";
import {
  daysOf,
  keyKindOf,
  OUTPUT_FLAGS,
  SUBJECT_FLAGS,
  subjectOf,
} from "./flags.ts";
import { makeAuthority } from "./issue.ts";
import { makeKeysVisibly, outputFiles, writeFiles } from "./output.ts";

const FLAGS = {
  cn: { value: "NAME", help: 'Its name. Default: "DinoMQ CA"' },
  days: { value: "DAYS", help: "How long it is valid. Default: 3650" },
  rsa: { help: "An RSA key of 4096 bits instead of an elliptic curve, P-256" },
  ...SUBJECT_FLAGS,
  ...OUTPUT_FLAGS,
} as const;

const ca: Command = defineCommand({
  summary: "Makes an authority: ca.key and ca.crt.",
  usage: ["[OPTIONS]"],
  flags: FLAGS,
  notes: `
Example:
  certs ca --cn "Our plant" --org-name "Dino Ltd" --output-dir certs`,
  run: async ({ flags, operands }, context) => {
    if (operands.length > 0) {
      throw new UsageError(
        `Cannot use "${operands[0]}": a name is given with --cn`,
      );
    }
    const subject = subjectOf(flags, flags.cn ?? "DinoMQ CA");
    const days = daysOf(flags.days, 3650);
    const files = await outputFiles(flags, "ca");
    const keys = await makeKeysVisibly(keyKindOf(flags.rsa, 4096), context);
    const pem = await makeAuthority({ subject, keys, days });
    await writeFiles(files, keys, pem, context);
  },
});

export default ca;
