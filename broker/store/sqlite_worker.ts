/**
 * The thread that writes to a SQLite store, so that no client waits for a disk but
 * those who want their messages on it.
 *
 * @module
 */

import {
  openDatabase,
  type SqliteSettings,
  storeError,
} from "./sqlite_schema.ts";
import { SqliteWriter } from "./sqlite_writer.ts";
import type { StoreProblem } from "./store.ts";

/** What the store asks of the thread. */
export type WorkerRequest =
  | { readonly open: SqliteSettings }
  | {
    /** The buffer of a batch; it comes back with the answer. */
    readonly buffer: Uint8Array<ArrayBuffer>;
    /** How much of it is used. */
    readonly length: number;
    /** Whether the batch could not be written before. */
    readonly again: boolean;
  }
  | { readonly close: true };

/** What the thread answers. */
export interface WorkerAnswer {
  /** The buffer of the batch. */
  readonly buffer?: Uint8Array<ArrayBuffer>;
  /** Why it could not be done. */
  readonly error?: { readonly problem: StoreProblem; readonly message: string };
}

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(answer: WorkerAnswer, transfer: Transferable[]): void;
};

let settings: SqliteSettings;
let db: ReturnType<typeof openDatabase> | undefined;
let writer: SqliteWriter;

port.onmessage = ({ data }) => {
  const buffer = "buffer" in data ? data.buffer : undefined;
  const transfer = buffer === undefined ? [] : [buffer.buffer];
  try {
    if ("open" in data) {
      settings = data.open;
      db = openDatabase(settings);
      writer = new SqliteWriter(db);
    } else if ("close" in data) {
      db?.close();
    } else {
      writer.write(data.buffer.subarray(0, data.length), data.again);
    }
    port.postMessage({ buffer }, transfer);
  } catch (error) {
    const { problem, message } = storeError(error, settings.path, "write to");
    port.postMessage({ buffer, error: { problem, message } }, transfer);
  }
};
