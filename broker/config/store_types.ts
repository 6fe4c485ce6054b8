/** The store in a configuration: as it is written, and filled in. @module */

import type { Size } from "./limit_types.ts";

/** A store as it is written. */
export interface StoreInput {
  /** What kind of store. */
  type: "memory" | "sqlite";
  /** File of the store; needed for `sqlite`. */
  path?: string;
  /**
   * What an acknowledged message survives: the death of the process, or the loss of
   * power too, which is slower. Default: `"process"`.
   */
  durability?: "process" | "power";
  /** Most bytes of the file; 0: no limit. Default: 0. */
  maxSize?: Size;
  /** Whether the file is deleted when the broker is shut down. Default: `false`. */
  clearOnShutdown?: boolean;
}

/** A store with everything filled in. */
export type StoreConfig = { type: "memory" } | {
  /** A SQLite file. */
  type: "sqlite";
  /** The file. */
  path: string;
  /** What an acknowledged message survives. */
  durability: "process" | "power";
  /** Bytes; 0: no limit. */
  maxSize: number;
  /** Whether the file is deleted when the broker is shut down. */
  clearOnShutdown: boolean;
};
