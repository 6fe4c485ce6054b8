// The hand-written reader and writer of PUBLISH against mqtt-packet, on generated
// packets.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { decode, encode, type Packet, PacketError } from "../../codec/mod.ts";
import { nextOfRun, PublishView } from "../../codec/publish.ts";
import { TopicTable } from "../../codec/topic_table.ts";
import { Message } from "../../broker/message.ts";
import { readProperties } from "../../broker/message_properties.ts";
import { Topic } from "../../broker/topics/topic.ts";
import {
  propertiesSize,
  WireFrames,
  writePublish,
} from "../../broker/wire_frames.ts";
import { varintSize } from "../../codec/varint.ts";
import { checkProperty } from "../_property.ts";

type Publish = Extract<Packet, { cmd: "publish" }>;

const VERSIONS = [3, 4, 5] as const;
const topics = new TopicTable((name, bytes) => new Topic(name, bytes), 64);

const versions = fc.constantFrom(...VERSIONS);

/** A payload of one of the sizes: a few random bytes again and again. */
function payloads(...sizes: number[]): fc.Arbitrary<Buffer> {
  return fc.tuple(
    fc.constantFrom(...sizes),
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
  ).map(([size, pattern]) => Buffer.alloc(size, pattern));
}

const names = fc.oneof(
  fc.constantFrom("a", "a/b", "ü/€", "long/".repeat(40), "/", "$x/y"),
  fc.string({ unit: "grapheme", minLength: 1 })
    .filter((name) => !/[+#\0]/.test(name)),
);

const properties = fc.record({
  payloadFormatIndicator: fc.boolean(),
  messageExpiryInterval: fc.nat(0xffffffff),
  topicAlias: fc.integer({ min: 1, max: 65535 }),
  responseTopic: names,
  correlationData: fc.uint8Array({ maxLength: 20 })
    .map((bytes) => Buffer.from(bytes)),
  contentType: fc.constantFrom("", "text/plain"),
  userProperties: fc.record({
    a: fc.constantFrom("1", ["1", "", "3"]),
    b: fc.string({ unit: "grapheme" }),
  }),
}, { requiredKeys: [] });

/** PUBLISH packets as a client of a version sends them. */
function publishes(
  version: 3 | 4 | 5,
  payload = payloads(0, 1, 5, 127, 128, 20000),
): fc.Arbitrary<Publish> {
  return fc.record({
    topic: names,
    payload,
    qos: fc.constantFrom(0, 1, 2),
    dup: fc.boolean(),
    retain: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 65535 }),
    properties: fc.option(properties, { nil: undefined }),
  }).map(({ messageId, properties, ...rest }) => ({
    cmd: "publish",
    ...rest,
    dup: rest.qos > 0 && rest.dup,
    ...(rest.qos > 0 && { messageId }),
    ...(version === 5 && properties !== undefined && { properties }),
  }));
}

/** A version and a packet of it. */
function versionedPublishes(
  payload?: fc.Arbitrary<Buffer>,
): fc.Arbitrary<[3 | 4 | 5, Publish]> {
  return versions.chain((version) =>
    fc.tuple(fc.constant(version), publishes(version, payload))
  );
}

/** What stands before and behind a frame in an input buffer. */
const surroundings = fc.tuple(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
);

/** Puts a frame between other bytes, as it stands in an input buffer. */
function inside(
  [before, behind]: [Uint8Array, Uint8Array],
  frame: Uint8Array,
): [Uint8Array, number] {
  return [Buffer.concat([before, frame, behind]), before.length];
}

function read(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: 3 | 4 | 5,
): PublishView<Topic> {
  const view = new PublishView<Topic>();
  view.read(bytes, start, end, version, topics);
  return view;
}

/** What both readers must agree on. */
function summary(view: PublishView<Topic>): unknown {
  const properties = readProperties(
    view.forward,
    view.forwardStart,
    view.forwardEnd,
  );
  return {
    topic: view.topic?.name ?? "",
    qos: view.qos,
    dup: view.dup,
    retain: view.retain,
    id: view.packetId,
    payload: view.bytes.subarray(view.payloadStart, view.end).toHex(),
    alias: view.topicAlias,
    expiry: view.expiry,
    properties: {
      ...properties,
      correlationData: properties.correlationData &&
        [...properties.correlationData],
      userProperties: undefined,
    },
    users: grouped(properties.userProperties ?? []),
  };
}

function grouped(
  pairs: ReadonlyArray<readonly [string, string]>,
): Record<string, string[]> {
  const users: Record<string, string[]> = {};
  for (const [name, value] of pairs) (users[name] ??= []).push(value);
  return users;
}

function oracle(packet: Publish): Record<string, unknown> {
  const { userProperties, topicAlias, messageExpiryInterval, ...rest } =
    packet.properties ?? {};
  return {
    topic: packet.topic,
    qos: packet.qos,
    dup: packet.dup,
    retain: packet.retain,
    id: packet.messageId ?? 0,
    payload: new Uint8Array(packet.payload as Uint8Array).toHex(),
    alias: topicAlias ?? 0,
    expiry: messageExpiryInterval ?? -1,
    properties: {
      ...rest,
      correlationData: rest.correlationData && [...rest.correlationData],
      userProperties: undefined,
    },
    users: Object.fromEntries(
      Object.entries(userProperties ?? {}).map(([k, v]) => [k, [v].flat()]),
    ),
  };
}

function attempt<T>(action: () => T): T | PacketError {
  try {
    return action();
  } catch (error) {
    assert(error instanceof PacketError, String(error));
    return error;
  }
}

Deno.test("PublishView reads what mqtt-packet reads", () => {
  const reads = fc.property(
    versionedPublishes(),
    surroundings,
    ([version, packet], around) => {
      const frame = encode(packet, version);
      const [bytes, start] = inside(around, frame);
      const view = read(bytes, start, start + frame.length, version);
      assertEquals(summary(view), oracle(decode(frame, version) as Publish));
    },
  );
  checkProperty(reads, 3000);
});

/** Places behind the first bytes of a frame, and what is written there. */
const damages = fc.array(
  fc.record({
    at: fc.nat(0xffff),
    value: fc.oneof(fc.constantFrom(0, 1, 35, 43, 128, 255), fc.nat(255)),
  }),
  { minLength: 1, maxLength: 3 },
);

Deno.test("PublishView refuses what decode() refuses", () => {
  let refused = 0;
  const agree = fc.property(
    versionedPublishes(payloads(0, 1, 3, 7)),
    damages,
    surroundings,
    ([version, packet], damage, around) => {
      const frame = encode(packet, version);
      // Not the first bytes: type and length are the framing's business.
      const header = 1 + varintSize(frame.length);
      for (const { at, value } of damage) {
        frame[header + at % (frame.length - header)] = value;
      }
      const [bytes, start] = inside(around, frame);
      const label = frame.toHex();
      const wanted = attempt(() => decode(frame, version) as Publish);
      const got = attempt(() =>
        read(bytes, start, start + frame.length, version)
      );
      if (wanted instanceof PacketError) {
        refused++;
        assert(got instanceof PacketError, label);
      } else {
        assert(!(got instanceof PacketError), `${label}: ${got}`);
        assertEquals(summary(got), oracle(wanted), label);
      }
    },
  );
  checkProperty(agree, 8000);
  assert(refused > 500, `only ${refused} packets were broken`);
});

Deno.test("PublishView takes no byte behind the packet for its properties", () => {
  // The packet ends before the length of its properties; a 0 follows by chance.
  const bytes = Uint8Array.of(0x34, 5, 0, 1, 0x74, 0x22, 0x0b, 0);
  assert(attempt(() => read(bytes, 0, 7, 5)) instanceof PacketError);
});

/** A message as the broker makes it of a PUBLISH that was read. */
function received(view: PublishView<Topic>): Message {
  const message = new Message(view.topic!);
  message.bytes = view.bytes;
  message.start = view.payloadStart;
  message.end = view.end;
  message.forward = view.forward;
  message.forwardStart = view.forwardStart;
  message.forwardEnd = view.forwardEnd;
  message.qos = view.qos;
  return message;
}

Deno.test("WireFrames makes what decode() reads back", () => {
  const frames = new WireFrames();
  const writes = fc.property(
    publishes(5),
    surroundings,
    fc.boolean(),
    (packet, around, reuse) => {
      const frame = encode(packet, 5);
      const [bytes, start] = inside(around, frame);
      const view = read(bytes, start, start + frame.length, 5);
      const message = received(view);
      const expected = oracle(decode(frame, 5) as Publish);
      // With and without MQTT 5 properties, every QoS.
      for (const v5 of [false, true]) {
        for (const qos of [0, 1, 2] as const) {
          frames.begin(message, reuse ? view : undefined, 5);
          frames.select(message, v5, qos);
          const copy = frames.bytes.slice(frames.start, frames.end);
          copy[0] = 0x30 | (qos << 1);
          if (qos > 0) {
            // Behind the first byte, the length and the topic.
            let id = 1;
            while (copy[id++] & 0x80);
            id += 2 + message.target.bytes.length;
            copy[id] = 0x12;
            copy[id + 1] = 0x34;
          }
          const sent = decode(copy, v5 ? 5 : 4, { from: "server" }) as Publish;
          assertEquals(oracle(sent), {
            ...expected,
            qos,
            id: qos > 0 ? 0x1234 : 0,
            dup: false,
            retain: false,
            alias: 0,
            expiry: -1,
            ...(!v5 && {
              properties: {
                correlationData: undefined,
                userProperties: undefined,
              },
              users: {},
            }),
          });
        }
      }
    },
  );
  checkProperty(writes, 2000);
});

Deno.test("writePublish() writes what decode() reads back", () => {
  const writes = fc.property(
    publishes(5),
    fc.record({
      alias: fc.nat(2),
      nameless: fc.boolean(),
      expiry: fc.constantFrom(0, 1000, 2000),
      ids: fc.constantFrom<number[]>([], [1], [5, 268435455]),
    }),
    (packet, { alias, nameless: wanted, expiry, ids }) => {
      const frame = encode(packet, 5);
      const message = received(read(frame, 0, frame.length, 5));
      const nameless = alias > 0 && wanted;
      const properties = propertiesSize(message, alias, expiry, ids);
      const body = 2 + (nameless ? 0 : message.target.bytes.length) + 2 +
        varintSize(properties) + properties + message.size;
      const own = new Uint8Array(1 + varintSize(body) + body);
      writePublish(own, 0, body, message, 1, 7, alias, +nameless, expiry, ids);
      const sent = decode(own, 5, { from: "server" }) as Publish;
      assertEquals(sent.topic, nameless ? "" : message.topic);
      assertEquals(sent.properties?.topicAlias ?? 0, alias);
      assertEquals(sent.properties?.messageExpiryInterval ?? 0, expiry);
      assertEquals(
        [sent.properties?.subscriptionIdentifier ?? []].flat(),
        ids,
      );
      const { payload } = oracle(packet);
      assertEquals(oracle(sent).payload, payload);
    },
  );
  checkProperty(writes, 2000);
});

/** Packets that follow each other in an input buffer; mostly the same but for their payload. */
const streams = fc.array(
  fc.record({
    topic: fc.constantFrom("topic", "topic", "topic", "topic", "other"),
    payload: payloads(0, 3, 130, 17000),
    qos: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
    retain: fc.constantFrom(false, false, false, false, false, false, true),
  }),
  { minLength: 1, maxLength: 8, size: "max" },
);

Deno.test("nextOfRun() ends where a packet differs in more than its payload", () => {
  const ends = fc.property(
    fc.constantFrom(4, 5),
    streams,
    fc.boolean(),
    (version, packets, cut) => {
      const frames = packets.map((packet) =>
        encode({ cmd: "publish", messageId: 1, dup: false, ...packet }, version)
      );
      const bytes = Buffer.concat(frames);
      const first = packets[0];
      let count = 1;
      // A run has no packet of three length bytes.
      while (
        count < packets.length && first.qos === 0 &&
        packets[count].qos === 0 && packets[count].topic === first.topic &&
        packets[count].retain === first.retain &&
        frames[count].length < 16384
      ) count++;
      const view = read(bytes, 0, frames[0].length, version);
      const end = bytes.length - (cut ? 1 : 0);
      if (cut && count === packets.length && count > 1) count--;
      let at = frames[0].length;
      for (let i = 1; i <= count; i++) {
        const next = nextOfRun(view, at, end, version, 1 << 20);
        if (i === count) {
          assertEquals(next, undefined);
          return;
        }
        at += frames[i].length;
        const { payload } = packets[i];
        assertEquals([next?.payloadStart, next?.end], [
          at - payload.length,
          at,
        ]);
      }
    },
  );
  checkProperty(ends, 1000);
});
