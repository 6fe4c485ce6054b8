/**
 * Writes keys and certificates.
 *
 * @module
 */

import {
  type CommandContext,
  createFile,
  type FlagValues,
  print,
  withProgress,
} from "../mod.ts";
import type { AUTHORITY_FLAGS, OUTPUT_FLAGS } from "./flags.ts";
import { type KeyKind, type KeyPair, keyPem, makeKeys } from "./keys.ts";

/** Paths of a key and its certificate. */
export interface OutputFiles {
  /** The key. */
  readonly key: string;
  /** The certificate. */
  readonly certificate: string;
  /** Whether they may replace others. */
  readonly force: boolean;
}

/**
 * Where a key and its certificate are written, if they may.
 *
 * @param flags The flags.
 * @param name Their name without its end.
 * @returns The paths. The folder exists.
 * @throws {Error} If they exist and may not be replaced.
 */
export async function outputFiles(
  flags: FlagValues<typeof OUTPUT_FLAGS>,
  name: string,
): Promise<OutputFiles> {
  const folder = flags["output-dir"];
  const files = {
    key: inFolder(folder, `${name}.key`),
    certificate: inFolder(folder, `${name}.crt`),
    force: flags.force,
  };
  if (folder !== undefined) await Deno.mkdir(folder, { recursive: true });
  if (flags.force) return files;
  // Both or none, and before anything takes long.
  for (const path of [files.key, files.certificate]) {
    if (!await exists(path)) continue;
    throw new Error(
      `Cannot write "${path}": it exists already; --force replaces it`,
    );
  }
  return files;
}

/** The files of the authority. */
export function authorityFiles(
  flags: FlagValues<typeof AUTHORITY_FLAGS & typeof OUTPUT_FLAGS>,
): { key: string; certificate: string } {
  const folder = flags["output-dir"];
  return {
    key: flags["ca-key"] ?? inFolder(folder, "ca.key"),
    certificate: flags["ca-crt"] ?? inFolder(folder, "ca.crt"),
  };
}

/** Makes keys, and says so if it takes long. */
export async function makeKeysVisibly(
  kind: KeyKind,
  { stderr }: CommandContext,
): Promise<KeyPair> {
  return await withProgress(
    stderr,
    `Making a key (${kind})`,
    () => makeKeys(kind),
  );
}

/** Writes a key, which is for the owner alone, and its certificate. */
export async function writeFiles(
  { key, certificate, force }: OutputFiles,
  keys: KeyPair,
  pem: string,
  { stdout }: CommandContext,
): Promise<void> {
  const remedy = "--force replaces it";
  await createFile(key, await keyPem(keys), { mode: 0o600, force, remedy });
  await createFile(certificate, pem, { force, remedy });
  print(stdout, `Created "${key}" and "${certificate}"`);
}

function inFolder(folder: string | undefined, name: string): string {
  return folder === undefined ? name : `${folder.replace(/\/+$/, "")}/${name}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
