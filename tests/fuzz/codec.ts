/**
 * What must hold for the codec, whatever bytes it gets.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Topic } from "../../broker/topics/topic.ts";
import {
  decode,
  type DecodeOptions,
  encode,
  frameSize,
  type Packet,
  PacketError,
} from "../../codec/mod.ts";
import { PublishView } from "../../codec/publish.ts";
import { TopicTable } from "../../codec/topic_table.ts";
import { packet, publish } from "./packets.ts";
import { type PacketSpec, type Version, wire } from "./wire.ts";

const topics = new TopicTable((name, bytes) => new Topic(name, bytes), 64);

const version = fc.constantFrom<Version>(3, 4, 5);
const from = fc.constantFrom<"client" | "server">("client", "server");

/** Bytes that may be a packet, of a version that may be another one. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: fc.tuple(packet, version).map(written), weight: 4 },
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 1 },
);

function written([spec, version]: [PacketSpec, Version]): Uint8Array {
  return wire(spec, version);
}

/** Either a packet, or a refusal that the broker may put on the wire. */
function tryDecode(
  bytes: Uint8Array,
  version: Version,
  options: DecodeOptions,
): Packet | PacketError {
  try {
    return decode(bytes, version, options);
  } catch (error) {
    assert(error instanceof PacketError, `${error}`);
    assert(error.reasonCode >= 0x80);
    // Our own checks find everything, before mqtt-packet meets it.
    assertEquals(error.cause, undefined);
    return error;
  }
}

/** A packet without what encoding it leaves out. */
function whatMatters({ length: _, ...packet }: Packet): object {
  // MQTT 3.1 has the flag for packets that it means nothing for.
  return packet.cmd === "publish" ? packet : { ...packet, dup: false };
}

/** Whatever is decoded can be encoded, and is the same packet again. */
export const decoding: fc.IProperty<
  [Uint8Array, Version, "client" | "server"]
> = fc.property(bytes, version, from, (bytes, version, from) => {
  const before = bytes.slice();
  const packet = tryDecode(bytes, version, { from });
  assertEquals(bytes, before);
  if (packet instanceof PacketError) return;
  if (packet.cmd === "connect" && packet.clientId === "") return;
  const again = decode(encode(packet, version), version, { from });
  assertEquals(whatMatters(again), whatMatters(packet));
});

/** The size of a frame does not depend on how much of it has arrived. */
export const framing: fc.IProperty<[Uint8Array, number, number]> = fc.property(
  bytes,
  fc.nat(40),
  fc.constantFrom(0, 64, 1 << 28),
  (bytes, arrived, limit) => {
    const end = Math.min(arrived, bytes.length);
    const early = sizeOf(bytes, end, limit);
    const late = sizeOf(bytes, bytes.length, limit);
    if (early !== 0) assertEquals(late, early);
    assertEquals(sizeOf(bytes.slice(0, end), end, limit), early);
  },
);

function sizeOf(bytes: Uint8Array, end: number, limit: number): number {
  try {
    return frameSize(bytes, 0, end, limit);
  } catch (error) {
    assert(error instanceof PacketError, `${error}`);
    return -error.reasonCode;
  }
}

/** The fast reader of PUBLISH says what the decoder says. */
export const publishing: fc.IProperty<[PacketSpec, Version]> = fc.property(
  publish,
  version,
  (spec, version) => {
    const bytes = wire(spec, version);
    if (bytes[0] >> 4 !== 3) return;
    const size = sizeOf(bytes, bytes.length, 1 << 28);
    if (size !== bytes.length) return;
    const packet = tryDecode(bytes, version, { from: "client" });
    const view = new PublishView<Topic>();
    let refusal: unknown;
    try {
      view.read(bytes, 0, size, version, topics);
    } catch (error) {
      assert(error instanceof PacketError, `${error}`);
      refusal = error;
    }
    if (packet instanceof PacketError) {
      assert(refusal !== undefined, `${packet.message}`);
      return;
    }
    assert(packet.cmd === "publish" && refusal === undefined, `${refusal}`);
    assertEquals(view.topic?.name ?? "", packet.topic);
    assertEquals(view.qos, packet.qos);
    assertEquals(view.packetId, packet.messageId ?? 0);
    assertEquals(view.retain, packet.retain);
    assertEquals(view.topicAlias, packet.properties?.topicAlias ?? 0);
    assertEquals(view.expiry, packet.properties?.messageExpiryInterval ?? -1);
    assertEquals(
      bytes.slice(view.payloadStart, view.end),
      Uint8Array.from(packet.payload as Uint8Array),
    );
  },
);
