/**
 * The same bytes, cut into other pieces, must have the same answers.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { Broker } from "../../mod.ts";
import { MemoryLink } from "./link.ts";
import { packet } from "./packets.ts";
import { type Cast, pluginsOf } from "./plugins.ts";
import { StrictLog } from "./strict_log.ts";
import { type PacketSpec, type Version, wire } from "./wire.ts";

/** What one client sends, and where it is cut. */
export interface Stream {
  readonly cast: Cast;
  readonly version: Version;
  readonly packets: readonly PacketSpec[];
  /** Sizes of the pieces, again and again. */
  readonly pieces: readonly number[];
}

/** Larger than the first buffers of the broker. */
const large: fc.Arbitrary<PacketSpec> = fc.record({
  cmd: fc.constant("publish" as const),
  topic: fc.constantFrom("a", "a/b"),
  payload: fc.integer({ min: 400, max: 9000 }).map((size) => "z".repeat(size)),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  dup: fc.constant(false),
  id: fc.constantFrom(1, 2),
  properties: fc.constant([]),
});

/** Runs of messages that may be passed on together. */
const small: fc.Arbitrary<PacketSpec> = fc.record({
  cmd: fc.constant("publish" as const),
  topic: fc.constantFrom("a", "a/b"),
  payload: fc.constantFrom("", "1", "22"),
  qos: fc.constant(0),
  retain: fc.constant(false),
  dup: fc.constant(false),
  id: fc.constant(0),
  properties: fc.constant([]),
});

/** A stream and its cuts. */
export const stream: fc.Arbitrary<Stream> = fc.record({
  cast: fc.constantFrom<Cast>("none", "none", "sync", "async", "observers"),
  version: fc.constantFrom<Version>(3, 4, 5),
  packets: fc.array(
    fc.oneof(
      { arbitrary: packet, weight: 3 },
      { arbitrary: large, weight: 1 },
      { arbitrary: small, weight: 3 },
    ),
    { minLength: 1, maxLength: 40 },
  ),
  pieces: fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2000 })),
    { minLength: 1, maxLength: 8 },
  ),
});

/** Sends a stream whole, and in pieces; sender and subscriber must get the same. */
export async function runInPieces(stream: Stream): Promise<void> {
  const { version, packets } = stream;
  const bytes = Uint8Array.from(
    packets.flatMap((packet) => [...wire(packet, version)]),
  );
  const whole = await answers(stream, [bytes]);
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = stream.pieces[i % stream.pieces.length];
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  const cut = await answers(stream, pieces);
  // A message that lives no longer than a plugin thinks arrives or not.
  if (stream.cast !== "async" || !packets.some(isFleeting)) {
    assertEquals(cut.subscriber, whole.subscriber);
  }
  assertEquals(cut.senderEnded, whole.senderEnded);
  // What a sender gets of its own messages after a while, it may get before or after
  // other answers.
  if (stream.cast !== "async") assertEquals(cut.sender, whole.sender);
}

/** Whether it is a message that expires before long. */
function isFleeting(packet: PacketSpec): boolean {
  return packet.cmd === "publish" &&
    packet.properties.some(([id, value]) => id === 2 && Number(value) < 60);
}

interface Answers {
  readonly sender: string;
  readonly subscriber: string;
  readonly senderEnded: boolean;
}

async function answers(
  { cast, version }: Stream,
  pieces: readonly Uint8Array[],
): Promise<Answers> {
  const log = new StrictLog();
  const broker = new Broker({
    listeners: { default: { type: "external" } },
    plugins: pluginsOf(cast),
    maxQueuedMessages: 1000,
  }, { logger: log });
  await broker.start();
  const sender = new MemoryLink();
  const subscriber = new MemoryLink();
  const links = [sender, subscriber];
  try {
    for (const [i, link] of links.entries()) {
      broker.handleTransport(link);
      link.send(wire(
        {
          cmd: "connect",
          clientId: `c${i}`,
          clean: true,
          keepAlive: 0,
          properties: [],
        },
        i === 0 ? version : 5,
      ));
    }
    subscriber.send(wire({
      cmd: "subscribe",
      id: 1,
      filters: [["#", 2]],
      properties: [],
    }, 5));
    await quiet(broker, links);
    for (const piece of pieces) {
      sender.send(piece);
      // Each piece is read before the next one comes.
      while (!sender.idle) await setImmediate();
    }
    await quiet(broker, links);
    return {
      sender: hex(sender.take()),
      subscriber: hex(subscriber.take()),
      senderEnded: sender.ended,
    };
  } finally {
    for (const link of links) link.cut();
    await broker.shutdown();
    assertEquals(log.errors, []);
  }
}

/** Waits until nothing happens any more. */
async function quiet(
  broker: Broker,
  links: readonly MemoryLink[],
): Promise<void> {
  const end = Date.now() + 8000;
  for (let turns = 0; turns < 4;) {
    await setImmediate();
    const calm = links.every((link) => link.idle) &&
      [...broker.context.sessions].every((session) =>
        (session as { pending?: unknown }).pending === undefined
      );
    turns = calm ? turns + 1 : 0;
    assert(Date.now() < end, "The broker hangs");
  }
}

function hex(chunks: readonly Uint8Array[]): string {
  return chunks.map((chunk) => chunk.toHex()).join("");
}
