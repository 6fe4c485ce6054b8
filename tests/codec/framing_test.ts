import { assertEquals, assertThrows } from "@std/assert";
import {
  checkFixedHeader,
  frameSize,
  PacketError,
  ReasonCode,
} from "../../codec/mod.ts";
import { join } from "./bytes.ts";
import { SAMPLES } from "./samples.ts";

const SIZES: readonly (readonly [description: string, number[], number])[] = [
  ["nothing", [], 0],
  ["a first byte", [0xc0], 0],
  ["an empty body", [0xc0, 0], 2],
  ["a body that has not arrived", [0x30, 127], 129],
  ["half a length", [0x30, 0x80], 0],
  ["the smallest length of two bytes", [0x30, 0x80, 1], 131],
  ["the largest length of two bytes", [0x30, 0xff, 0x7f], 16_386],
  ["the smallest length of three bytes", [0x30, 0x80, 0x80, 1], 16_388],
  ["three quarters of a length", [0x30, 0xff, 0xff, 0xff], 0],
  [
    "the smallest length of four bytes",
    [0x30, 0x80, 0x80, 0x80, 1],
    2_097_157,
  ],
  [
    "the largest length of four bytes",
    [0x30, 0xff, 0xff, 0xff, 0x7f],
    268_435_460,
  ],
];

for (const [description, bytes, size] of SIZES) {
  Deno.test(`frameSize() measures ${description}`, () => {
    const padded = Uint8Array.from([9, 9, ...bytes, 9]);
    assertEquals(
      frameSize(padded, 2, 2 + bytes.length, Number.MAX_SAFE_INTEGER),
      size,
    );
  });
}

const BAD_LENGTHS: readonly (readonly number[])[] = [
  [0x30, 0x80, 0x80, 0x80, 0x80],
  [0x30, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x30, 0x80, 0],
  [0x30, 0xff, 0x80, 0],
  [0x30, 0xff, 0xff, 0xff, 0],
];

for (const bytes of BAD_LENGTHS) {
  Deno.test(`frameSize() refuses the header ${bytes.join(" ")} [MQTT-1.5.5-1]`, () => {
    const error = assertThrows(
      () => frameSize(Uint8Array.from(bytes), 0, bytes.length, Infinity),
      PacketError,
    );
    assertEquals(error.reasonCode, ReasonCode.MalformedPacket);
  });
}

Deno.test("frameSize() refuses a frame above the limit before its body arrives", () => {
  const header = Uint8Array.of(0x30, 0x80, 1);
  assertEquals(frameSize(header, 0, 3, 131), 131);
  const error = assertThrows(() => frameSize(header, 0, 3, 130), PacketError);
  assertEquals(error.reasonCode, ReasonCode.PacketTooLarge);
});

Deno.test("frameSize() finds the same frames wherever the stream is cut", () => {
  const frames = SAMPLES.map(({ bytes }) => bytes);
  const stream = join(...frames);
  const expected = frames.map((bytes) => bytes.length);
  for (const chunk of [1, 2, 3, 5, 7, 64, 1000, stream.length]) {
    const sizes: number[] = [];
    let start = 0;
    for (let end = 0; end < stream.length;) {
      end = Math.min(end + chunk, stream.length);
      while (true) {
        const size = frameSize(stream, start, end, 4096);
        if (size === 0 || start + size > end) break;
        sizes.push(size);
        start += size;
      }
    }
    assertEquals(sizes, expected);
  }
});

/** The first bytes that each version allows. */
const FIRST_BYTES: Readonly<Record<3 | 4 | 5, readonly number[]>> = (() => {
  const publish = [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3a, 0x3b, 0x3c, 0x3d];
  const old = [
    ...[0x10, 0x20, ...publish, 0x40, 0x50, 0x62, 0x70],
    ...[0x82, 0x90, 0xa2, 0xb0, 0xc0, 0xd0, 0xe0],
  ];
  return {
    3: [...old, 0x6a, 0x8a, 0xaa].sort((a, b) => a - b),
    4: old,
    5: [...old, 0xf0],
  };
})();

for (const version of [3, 4, 5] as const) {
  Deno.test(`checkFixedHeader() allows exactly the first bytes of version ${version} [MQTT-2.1.3-1]`, () => {
    const allowed: number[] = [];
    for (let byte = 0; byte < 256; byte++) {
      try {
        checkFixedHeader(byte, version);
        allowed.push(byte);
      } catch (error) {
        if (!(error instanceof PacketError)) throw error;
        assertEquals(error.reasonCode, ReasonCode.MalformedPacket);
      }
    }
    assertEquals(allowed, FIRST_BYTES[version]);
  });
}
