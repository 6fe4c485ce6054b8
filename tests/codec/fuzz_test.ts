import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decode, encode, PacketError } from "../../codec/mod.ts";
import { checkProperty } from "../_property.ts";
import { essence, frame } from "./bytes.ts";
import { SAMPLES } from "./samples.ts";

const VERSIONS = [3, 4, 5] as const;
const SENDERS = ["client", "server"] as const;
const versions = fc.constantFrom(...VERSIONS);
const senders = fc.constantFrom(...SENDERS);

/**
 * Decodes bytes that may be anything: the result is a packet that survives a round
 * trip, or a PacketError that our own check found.
 *
 * @returns Whether it was a packet.
 */
function tryDecode(
  bytes: Uint8Array,
  version: 3 | 4 | 5,
  from: "client" | "server",
): boolean {
  let packet;
  try {
    packet = decode(bytes, version, { from });
  } catch (error) {
    assert(error instanceof PacketError, `${error} for ${bytes.join(" ")}`);
    assert(error.reasonCode >= 0x80);
    assertEquals(error.cause, undefined, `${error} for ${bytes.join(" ")}`);
    return false;
  }
  // A CONNECT that is well formed, but must be refused: encode() does not write it.
  if (
    packet.cmd === "connect" && packet.clientId === "" &&
    (packet.protocolVersion === 3 ||
      packet.protocolVersion === 4 && !packet.clean)
  ) return true;
  const again = decode(encode(packet, version), version, { from });
  assertEquals(essence(again), essence(packet), bytes.join(" "));
  return true;
}

Deno.test("decode() gives a packet or a PacketError for every truncated body", () => {
  for (const { bytes } of SAMPLES) {
    const start = bytes[1] < 0x80 ? 2 : 3;
    for (let end = start; end <= bytes.length; end++) {
      const shorter = frame(bytes[0], bytes.subarray(start, end));
      for (const version of VERSIONS) {
        for (const from of SENDERS) tryDecode(shorter, version, from);
      }
    }
  }
});

Deno.test("decode() gives a packet or a PacketError for every changed byte", () => {
  let packets = 0;
  for (const { bytes, version, from = "client" } of SAMPLES) {
    for (let at = 0; at < Math.min(bytes.length, 200); at++) {
      for (const value of [0, 1, 2, 3, 0x23, 0x26, 0x7f, 0x80, 0xc3, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        if (tryDecode(changed, version, from)) packets++;
      }
    }
  }
  assert(packets > 1000, `only ${packets} packets`);
});

/** First bytes of packets that have a body, and any. */
const firstBytes = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[0x30, 0x32, 0x40, 0x62, 0x82, 0xa2, 0x90, 0xb0, 0xe0, 0xf0],
    ),
  },
  { weight: 1, arbitrary: fc.nat(255) },
);

/** Bodies; small values make valid lengths likely. */
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 23, size: "max" }),
  fc.uint8Array({ maxLength: 23, size: "max", max: 7 }),
);

Deno.test("decode() gives a packet or a PacketError for random bodies", () => {
  let packets = 0;
  const decodes = fc.property(
    firstBytes,
    bodies,
    versions,
    senders,
    (first, body, version, from) => {
      if (tryDecode(frame(first, body), version, from)) packets++;
    },
  );
  checkProperty(decodes, 60_000);
  assert(packets > 500, `only ${packets} packets`);
});

Deno.test("decode() gives a packet or a PacketError for samples with many changes", () => {
  const changes = fc.array(
    fc.record({
      at: fc.nat(0xffff),
      value: fc.oneof(fc.nat(255), fc.nat(47)),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const decodes = fc.property(
    fc.nat(SAMPLES.length - 1),
    changes,
    (index, changes) => {
      const sample = SAMPLES[index];
      const bytes = sample.bytes.slice();
      for (const { at, value } of changes) bytes[at % bytes.length] = value;
      tryDecode(bytes, sample.version, sample.from ?? "client");
    },
  );
  checkProperty(decodes, 40_000);
});

Deno.test("decode() gives a packet or a PacketError for any bytes", () => {
  const decodes = fc.property(
    fc.uint8Array({ maxLength: 39, size: "max" }),
    versions,
    senders,
    (bytes, version, from) => void tryDecode(bytes, version, from),
  );
  checkProperty(decodes, 20_000);
});
