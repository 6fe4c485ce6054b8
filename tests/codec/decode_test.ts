import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, PacketError } from "../../codec/mod.ts";
import { essence, frame, properties, text } from "./bytes.ts";
import { SAMPLES } from "./samples.ts";

for (const { description, version, bytes, packet, from } of SAMPLES) {
  Deno.test(`decode() reads ${description}`, () => {
    assertEquals(essence(decode(bytes, version, { from })), essence(packet));
  });
}

for (const { description, version, bytes } of SAMPLES) {
  Deno.test(`decode() refuses every piece of ${description}`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const piece = bytes.subarray(0, length);
      const error = assertThrows(() => decode(piece, version), PacketError);
      assertEquals(error.reasonCode, 0x81);
    }
  });
}

Deno.test("decode() refuses more than one frame", () => {
  const error = assertThrows(
    () => decode(Uint8Array.of(0xc0, 0, 0xc0, 0), 4),
    PacketError,
  );
  assertEquals(error.reasonCode, 0x81);
});

Deno.test("decode() takes the version of a CONNECT from the packet", () => {
  const bytes = frame(0x10, text("MQTT"), 5, 2, 0, 0, 0, text("c"));
  const packet = decode(bytes, 3);
  assert(packet.cmd === "connect");
  assertEquals(packet.protocolVersion, 5);
});

Deno.test("decode() does not let a CONNECT change how later packets are read", () => {
  decode(frame(0x10, text("MQTT"), 5, 2, 0, 0, 0, text("c")), 4);
  const publish = decode(frame(0x30, text("t"), 0, 7), 4);
  assert(publish.cmd === "publish");
  assertEquals([...publish.payload], [0, 7]);
});

Deno.test("decode() reads a packet after one that it refused", () => {
  assertThrows(() => decode(frame(0x40, 0, 1, 0x77), 5), PacketError);
  assertEquals(decode(frame(0x40, 0, 2), 5).messageId, 2);
});

Deno.test("decode() returns a packet that shares no memory with the frame", () => {
  const bytes = frame(0x30, text("t"), 1, 2);
  const packet = decode(bytes, 4);
  bytes.fill(0xff);
  assert(packet.cmd === "publish");
  assertEquals([...packet.payload], [1, 2]);
});

Deno.test("decode() reads a frame in the middle of a larger buffer", () => {
  const bytes = frame(0x30, text("t"), 1, 2);
  const buffer = new Uint8Array(bytes.length + 20).fill(0xff);
  buffer.set(bytes, 7);
  const packet = decode(buffer.subarray(7, 7 + bytes.length), 4);
  assert(packet.cmd === "publish");
  assertEquals([...packet.payload], [1, 2]);
});

Deno.test("decode() keeps empty values of a user property that is repeated", () => {
  const pair = (name: string, value: string) => [38, text(name), text(value)];
  const packet = decode(
    frame(
      ...[0x30, text("t")],
      properties(
        ...[...pair("a", ""), ...pair("b", "1"), ...pair("a", "2")],
        ...pair("a", ""),
      ),
    ),
    5,
  );
  assert(packet.cmd === "publish");
  const { a, b } = packet.properties!.userProperties!;
  assertEquals(a, ["", "2", ""]);
  assertEquals(b, "1");
});

Deno.test("decode() ignores what MQTT 3.1 says to ignore in a CONNECT", () => {
  const cases = [
    // The reserved flag, and QoS and retain of a will that is not there.
    frame(0x10, text("MQIsdp"), 3, 0x3b, 0, 0, text("c")),
    // User name and password flags without the strings.
    frame(0x10, text("MQIsdp"), 3, 0xc2, 0, 0, text("c")),
  ];
  for (const bytes of cases) {
    const packet = decode(bytes, 3);
    assert(packet.cmd === "connect");
    assertEquals(packet.clientId, "c");
    assertEquals(packet.will, undefined);
    assertEquals(packet.username, undefined);
    assertEquals(packet.password, undefined);
  }
  const named = decode(
    frame(0x10, text("MQIsdp"), 3, 0xc2, 0, 0, text("c"), text("u")),
    3,
  );
  assert(named.cmd === "connect");
  assertEquals([named.username, named.password], ["u", undefined]);
});

Deno.test("decode() allows DUP in the packets of MQTT 3.1 that have it", () => {
  assertEquals(decode(frame(0x6a, 0, 1), 3).cmd, "pubrel");
  assertEquals(decode(frame(0x8a, 0, 1, text("a"), 0), 3).cmd, "subscribe");
  assertEquals(decode(frame(0xaa, 0, 1, text("a")), 3).cmd, "unsubscribe");
});
