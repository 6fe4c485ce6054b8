import { assert, assertEquals } from "@std/assert";
import { decode, encode, PacketError } from "../../codec/mod.ts";
import { essence, frame } from "./bytes.ts";
import { SAMPLES } from "./samples.ts";

const VERSIONS = [3, 4, 5] as const;
const SENDERS = ["client", "server"] as const;

/** Random numbers that are the same in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    const mixed = Math.imul(state ^ state >>> 12, 0x297a2d39);
    return ((mixed ^ mixed >>> 15) >>> 0) % below;
  };
}

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

Deno.test("decode() gives a packet or a PacketError for random bodies", () => {
  const random = createRandom(1);
  let packets = 0;
  for (let round = 0; round < 60_000; round++) {
    // Small values make valid lengths likely.
    const below = random(2) === 0 ? 256 : 8;
    const body = Uint8Array.from({ length: random(24) }, () => random(below));
    const first = [0x30, 0x32, 0x40, 0x62, 0x82, 0xa2, 0x90, 0xb0, 0xe0, 0xf0];
    const bytes = frame(
      random(4) === 0 ? random(256) : first[random(first.length)],
      body,
    );
    if (tryDecode(bytes, VERSIONS[round % 3], SENDERS[random(2)])) packets++;
  }
  assert(packets > 500, `only ${packets} packets`);
});

Deno.test("decode() gives a packet or a PacketError for samples with many changes", () => {
  const random = createRandom(2);
  for (let round = 0; round < 40_000; round++) {
    const sample = SAMPLES[random(SAMPLES.length)];
    const bytes = sample.bytes.slice();
    for (let change = random(4); change >= 0; change--) {
      bytes[random(bytes.length)] = random(2) ? random(256) : random(48);
    }
    tryDecode(bytes, sample.version, sample.from ?? "client");
  }
});

Deno.test("decode() gives a PacketError for bytes that are no frame", () => {
  const random = createRandom(3);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: random(40) }, () => random(256));
    tryDecode(bytes, VERSIONS[random(3)], SENDERS[random(2)]);
  }
});
