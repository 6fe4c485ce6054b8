import { assertEquals, assertThrows } from "@std/assert";
import { decode, PacketError } from "../../codec/mod.ts";
import { data } from "./bytes.ts";

/** A frame that must be refused. */
export interface Refusal {
  readonly description: string;
  readonly bytes: Uint8Array;
  readonly error: number;
  /** Versions in which it is refused. Default: all. */
  readonly versions?: readonly (3 | 4 | 5)[];
  readonly from?: "client" | "server";
}

/** The versions before MQTT 5. */
export const OLD = [3, 4] as const;

/** MQTT 5. */
export const NEW = [5] as const;

/** A string that is not UTF-8. */
export const BAD: Uint8Array = data(0xc3, 0x28);

/** A string with U+0000. */
export const NUL: Uint8Array = data(0x61, 0, 0x62);

/** Declares a test for each frame and version. */
export function testRefusals(cases: readonly Refusal[]): void {
  for (
    const { description, bytes, error, versions = [...OLD, ...NEW], from }
      of cases
  ) {
    for (const version of versions) {
      Deno.test(`decode() refuses ${description} (version ${version})`, () => {
        const thrown = assertThrows(
          () => decode(bytes, version, { from }),
          PacketError,
        );
        assertEquals(thrown.reasonCode, error, thrown.message);
        // The check finds it, not mqtt-packet.
        assertEquals(thrown.cause, undefined);
      });
    }
  }
}
