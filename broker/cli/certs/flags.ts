/**
 * The flags that the commands of `certs` share.
 *
 * @module
 */

import type { JsonAttributeObject } from "@peculiar/x509";
import { type FlagValues, UsageError, wholeNumber } from "../mod.ts";
import type { KeyKind } from "./keys.ts";

/** Who it is for, and where it is written. */
export const SUBJECT_FLAGS = {
  country: { heading: "Subject", value: "CODE", help: "Country, two letters" },
  state: { value: "NAME", help: "State or province" },
  locality: { value: "NAME", help: "City" },
  "org-name": { value: "NAME", help: "Organisation" },
} as const;

/** Where the files are written. */
export const OUTPUT_FLAGS = {
  "output-dir": {
    heading: "Files",
    value: "FOLDER",
    help: "Where the files are written. Default: the working directory",
  },
  force: { help: "Replace files that exist" },
} as const;

/** Who signs. */
export const AUTHORITY_FLAGS = {
  "ca-key": {
    heading: "Authority",
    value: "FILE",
    help: "Its private key. Default: ca.key where the files are written",
  },
  "ca-crt": {
    value: "FILE",
    help: "Its certificate. Default: ca.crt where the files are written",
  },
} as const;

/** Names of a subject, as X.509 abbreviates them. */
export type SubjectName = Record<string, JsonAttributeObject[]>[];

/**
 * The name of a subject.
 *
 * @param flags The flags.
 * @param commonName Its common name.
 * @returns The name, from the country to the common name.
 * @throws {UsageError} If a part cannot be in a certificate.
 */
export function subjectOf(
  flags: FlagValues<typeof SUBJECT_FLAGS>,
  commonName: string,
): SubjectName {
  const { country, state, locality } = flags;
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country)) {
    throw new UsageError(
      `Cannot use --country "${country}": it must have two letters, such as DE`,
    );
  }
  // X.509 has a limit for each.
  checkLength("--state", state, 128);
  checkLength("--locality", locality, 128);
  checkLength("--org-name", flags["org-name"], 64);
  checkLength("the common name", commonName, 64);
  const parts = {
    C: country?.toUpperCase(),
    ST: state,
    L: locality,
    O: flags["org-name"],
    CN: commonName,
  };
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    // A plain text would be read as an expression with quotes and escapes.
    .map(([name, value]) => ({
      [name]: [
        name === "C" ? { printableString: value! } : { utf8String: value! },
      ],
    }));
}

function checkLength(
  what: string,
  text: string | undefined,
  limit: number,
): void {
  if (text === undefined || (text !== "" && text.length <= limit)) return;
  throw new UsageError(
    `Cannot use ${what} "${text}": it must have 1 to ${limit} characters`,
  );
}

/** How long it is valid, in days. */
export function daysOf(text: string | undefined, usual: number): number {
  return text === undefined ? usual : wholeNumber("--days", text, 1, 36500);
}

/** What kind of key it gets. */
export function keyKindOf(isRsa: boolean, bits: 2048 | 4096): KeyKind {
  return isRsa ? `RSA-${bits}` : "P-256";
}
