/**
 * Makes sure that one broker only has a store.
 *
 * @module
 */

import { StoreError } from "./store.ts";

/**
 * Locks the file of a store, by a file beside it. The lock ends with the process,
 * however that dies; the file stays, because who deletes it while another opens it
 * breaks the lock.
 *
 * @param path The file of the store.
 * @returns The lock; closing it ends it.
 * @throws {StoreError} If another broker has it.
 */
export function lockFile(path: string): Deno.FsFile {
  const name = `${path}.lock`;
  const file = Deno.openSync(name, { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new StoreError(
    "locked",
    `Cannot open the store "${path}": another broker has it; stop that one, or choose another file in store.path`,
  );
}
