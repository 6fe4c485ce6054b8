/**
 * Makes sure that one broker only has a store.
 *
 * @module
 */

import { StoreError } from "./store.ts";

/** Holds the file of a store for one broker. */
export class FileLock {
  readonly #file: Deno.FsFile;

  /**
   * Locks the file of a store, by a file beside it. The lock ends with the process,
   * however that dies; the file stays, because who deletes it while another opens it
   * breaks the lock.
   *
   * @param path The file of the store.
   * @throws {StoreError} If another broker has it.
   */
  constructor(path: string) {
    const name = `${path}.lock`;
    this.#file = Deno.openSync(name, {
      create: true,
      write: true,
      mode: 0o600,
    });
    if (this.#file.tryLockSync(true)) return;
    this.#file.close();
    throw new StoreError(
      "locked",
      `Cannot open the store "${path}": another broker has it; stop that one, or choose another file in store.path`,
    );
  }

  /** Lets others have the file. */
  release(): void {
    // To close the file does not do: a child process that another thread is starting
    // has it open, too, until its own program runs.
    this.#file.unlockSync();
    this.#file.close();
  }
}
