import type { Packet } from "../../codec/mod.ts";

/** One packet and its bytes, for the tests of both directions. */
export interface Sample {
  readonly description: string;
  readonly version: 3 | 4 | 5;
  readonly bytes: Uint8Array;
  readonly packet: Packet;
  readonly from?: "client" | "server";
  /** The bytes are valid, but not those that `encode()` writes. */
  readonly decodeOnly?: true;
}
