import { assert, assertEquals, assertFalse } from "@std/assert";
import { decodeUtf8, isUtf8 } from "../../codec/mod.ts";

const VALID: readonly string[] = [
  ...["", "a", "/", "\u0001\u001f\u007f", "\u0080\u07ff", "\u0800\uffff"],
  ...["\ufeff", "\ufeffa\ufeff", "\ufdd0\ufffe", "\ud7ff\ue000"],
  ...["\u{10000}\u{10ffff}", "sensor/1/temperature", "söme/tøpic/€/😀"],
  "a".repeat(48) + "é" + "b".repeat(8),
  ...["x".repeat(7), "x".repeat(8), "x".repeat(47), "x".repeat(48)],
  ...["x".repeat(49), "x".repeat(7) + "é", "x".repeat(8) + "é"],
  ...["x".repeat(500), "é".repeat(500)],
];

for (const [index, value] of VALID.entries()) {
  Deno.test(`isUtf8() and decodeUtf8() accept the text ${index}: ${JSON.stringify(value.slice(0, 20))}`, () => {
    const bytes = new TextEncoder().encode(value);
    const padded = new Uint8Array(bytes.length + 6).fill(0xff);
    padded.set(bytes, 3);
    assert(isUtf8(padded, 3, 3 + bytes.length));
    assertEquals(decodeUtf8(padded, 3, 3 + bytes.length), value);
  });
}

const INVALID: readonly (readonly [description: string, number[]])[] = [
  ["U+0000 [MQTT-1.5.4-2]", [0x61, 0x00, 0x62]],
  ["U+0000 after another character", [0xc3, 0xa9, 0x00]],
  ["U+0000 in two bytes", [0xc0, 0x80]],
  ["an overlong character of two bytes", [0xc1, 0xbf]],
  ["an overlong character of three bytes", [0xe0, 0x9f, 0xbf]],
  ["an overlong character of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["the first surrogate [MQTT-1.5.4-1]", [0xed, 0xa0, 0x80]],
  ["the last surrogate [MQTT-1.5.4-1]", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["a character above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["the lead byte F5", [0xf5, 0x80, 0x80, 0x80]],
  ["the byte FF", [0xff]],
  ["a continuation without a lead", [0x61, 0x80]],
  ["a lead at the end of two bytes", [0x61, 0xc3]],
  ["a lead at the end of three bytes", [0xe2, 0x82]],
  ["a lead at the end of four bytes", [0xf0, 0x9f, 0x98]],
  ["a lead before ASCII", [0xc3, 0x28]],
  ["a bad third byte", [0xe2, 0x82, 0x28]],
  ["a bad fourth byte", [0xf0, 0x9f, 0x98, 0x28]],
];

for (const [description, bytes] of INVALID) {
  Deno.test(`isUtf8() refuses ${description}`, () => {
    // What follows would complete a character that is cut off.
    const padded = Uint8Array.from([0x61, ...bytes, 0x80, 0x80]);
    assertFalse(isUtf8(padded, 1, 1 + bytes.length));
  });
}

Deno.test("isUtf8() agrees with TextDecoder about all sequences of two bytes and many of four", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const check = (bytes: Uint8Array) => {
    let expected = !bytes.includes(0);
    try {
      decoder.decode(bytes);
    } catch {
      expected = false;
    }
    assertEquals(isUtf8(bytes, 0, bytes.length), expected, bytes.join(" "));
  };
  const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2];
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) check(Uint8Array.of(a, b));
    if (a < 0xc0) continue;
    for (const b of edges) {
      for (const c of edges) {
        check(Uint8Array.of(a, b, c));
        for (const d of edges) check(Uint8Array.of(a, b, c, d));
      }
    }
  }
});
