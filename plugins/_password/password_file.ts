/**
 * Reads a password file.
 *
 * @module
 */

import type { Logger } from "../mod.ts";
import { parseHash, type PasswordHash } from "./hash.ts";

/** The hashes of the users, by user name. */
export type PasswordTable = ReadonlyMap<string, PasswordHash>;

/**
 * Reads a password file. Lines that cannot be used are logged and left out; the
 * log never shows their content but the user name.
 *
 * @param path Path of the file.
 * @param logger Where warnings are written.
 * @returns The hash of each user.
 * @throws {Error} If the file cannot be read.
 */
export function readPasswordFile(path: string, logger: Logger): PasswordTable {
  return parsePasswordFile(readText(path), path, logger);
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? 'there is no such file; create it or correct "password-file"'
      : cause instanceof Deno.errors.NotCapable
      ? `permission is lacking; run with --allow-read=${path}`
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read the password file "${path}": ${why}`, {
      cause,
    });
  }
}

function parsePasswordFile(
  text: string,
  path: string,
  logger: Logger,
): PasswordTable {
  const users = new Map<string, PasswordHash>();
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const warn = (why: string) =>
      logger.warn(
        `Cannot use line ${index + 1} of the password file "${path}": ${why}`,
      );
    const colon = line.indexOf(":");
    if (colon < 1 || colon === line.length - 1) {
      warn('it is not of the form "username:hash"');
      continue;
    }
    const username = line.slice(0, colon);
    const hash = parseHash(line.slice(colon + 1));
    if (typeof hash === "string") {
      warn(`${hash}; the user "${username}" is denied`);
      // Nor does an earlier line of the same user count: the last one was meant.
      users.delete(username);
      continue;
    }
    if (users.has(username)) {
      logger.warn(
        `Line ${
          index + 1
        } of the password file "${path}" replaces an earlier line of the user "${username}"`,
      );
    }
    users.set(username, hash);
  }
  warnOfWeakHashes(users, path, logger);
  return users;
}

function warnOfWeakHashes(
  users: PasswordTable,
  path: string,
  logger: Logger,
): void {
  const weak = [...users.values()]
    .filter(({ kind }) => kind === "sha-crypt" || kind === "sha512");
  if (weak.length === 0) return;
  logger.warn(
    `${weak.length} hashes of the password file "${path}" are of the deprecated kinds $5$ and $6$; argon2id is better`,
  );
}
