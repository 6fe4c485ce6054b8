// The hand-written reader and writer of PUBLISH against mqtt-packet, on generated
// packets. SEED=n repeats a run.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { decode, encode, type Packet, PacketError } from "../../codec/mod.ts";
import { PublishView, readPublishRun } from "../../codec/publish.ts";
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
import { Random } from "../_random.ts";

type Publish = Extract<Packet, { cmd: "publish" }>;

const VERSIONS = [3, 4, 5] as const;
const topics = new TopicTable((name, bytes) => new Topic(name, bytes), 64);

function generate(random: Random, version: 3 | 4 | 5): Publish {
  const qos = random.pick([0, 1, 2] as const);
  const packet: Publish = {
    cmd: "publish",
    topic: random.pick(["a", "a/b", "ü/€", "long/".repeat(40), "/", "$x/y"]),
    payload: Buffer.from(random.bytes(random.pick([0, 1, 5, 127, 128, 20000]))),
    qos,
    dup: qos > 0 && random.once(2),
    retain: random.once(2),
    ...(qos > 0 && { messageId: 1 + random.int(65535) }),
  };
  if (version !== 5 || random.once(3)) return packet;
  packet.properties = {
    ...(random.once(2) && { payloadFormatIndicator: random.once(2) }),
    ...(random.once(2) && { messageExpiryInterval: random.int(0xffffffff) }),
    ...(random.once(2) && { topicAlias: 1 + random.int(65535) }),
    ...(random.once(2) && { responseTopic: random.pick(["r", "r/ü"]) }),
    ...(random.once(2) && {
      correlationData: Buffer.from(random.bytes(random.int(20))),
    }),
    ...(random.once(2) && { contentType: random.pick(["", "text/plain"]) }),
    ...(random.once(2) && {
      userProperties: { a: random.pick(["1", ["1", "", "3"]]), b: "ü" },
    }),
  };
  return packet;
}

/** Puts a frame between other bytes, as it stands in an input buffer. */
function inside(random: Random, frame: Uint8Array): [Uint8Array, number] {
  const before = random.int(20);
  const bytes = random.bytes(before + frame.length + random.int(20));
  bytes.set(frame, before);
  return [bytes, before];
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

function oracle(packet: Publish): unknown {
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
  const random = new Random();
  for (let i = 0; i < 3000; i++) {
    const version = random.pick(VERSIONS);
    const frame = encode(generate(random, version), version);
    const [bytes, start] = inside(random, frame);
    const view = read(bytes, start, start + frame.length, version);
    assertEquals(
      summary(view),
      oracle(decode(frame, version) as Publish),
      `SEED=${random.seed}, packet ${i}`,
    );
  }
});

Deno.test("PublishView refuses what decode() refuses", () => {
  const random = new Random();
  let refused = 0;
  for (let i = 0; i < 8000; i++) {
    const version = random.pick(VERSIONS);
    const packet = generate(random, version);
    packet.payload = Buffer.from(random.bytes(random.int(8)));
    const frame = encode(packet, version);
    // Not the first bytes: type and length are the framing's business.
    const header = 1 + varintSize(frame.length);
    for (let n = 1 + random.int(3); n > 0; n--) {
      const at = header + random.int(frame.length - header);
      frame[at] = random.pick([0, 1, 35, 43, 128, 255, random.int(256)]);
    }
    const [bytes, start] = inside(random, frame);
    const label = `SEED=${random.seed}, packet ${i}: ${frame.toHex()}`;
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
  }
  assert(refused > 500, `only ${refused} packets were broken`);
});

Deno.test("PublishView takes no byte behind the packet for its properties", () => {
  // The packet ends before the length of its properties; a 0 follows by chance.
  const bytes = Uint8Array.of(0x34, 5, 0, 1, 0x74, 0x22, 0x0b, 0);
  assert(attempt(() => read(bytes, 0, 7, 5)) instanceof PacketError);
});

Deno.test("writePublish() writes what decode() reads back", () => {
  const random = new Random();
  const frames = new WireFrames();
  for (let i = 0; i < 2000; i++) {
    const packet = generate(random, 5);
    const frame = encode(packet, 5);
    const [bytes, start] = inside(random, frame);
    const view = read(bytes, start, start + frame.length, 5);
    const message = new Message(view.topic!);
    message.bytes = view.bytes;
    message.start = view.payloadStart;
    message.end = view.end;
    message.forward = view.forward;
    message.forwardStart = view.forwardStart;
    message.forwardEnd = view.forwardEnd;
    message.qos = view.qos;
    const label = `SEED=${random.seed}, packet ${i}`;
    const expected = oracle(decode(frame, 5) as Publish) as Record<
      string,
      unknown
    >;

    // Shared forms: with and without MQTT 5 properties, every QoS.
    for (const v5 of [false, true]) {
      for (const qos of [0, 1, 2] as const) {
        frames.begin(message, random.once(2) ? view : undefined, 5);
        frames.select(message, v5, qos);
        const copy = frames.bytes.slice(frames.start, frames.end);
        copy[0] = 0x30 | (qos << 1);
        if (qos > 0) {
          const at = 1 + varintSize(copy.length - 3) + 2 +
            message.target.bytes.length;
          let id = 1;
          while (copy[id++] & 0x80);
          id += 2 + message.target.bytes.length;
          assert(Math.abs(at - id) <= 1, label);
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
        }, label);
      }
    }

    // A form of its own: alias, expiry, identifiers.
    const alias = random.int(3);
    const nameless = alias > 0 && random.once(2);
    const expiry = random.int(3) * 1000;
    const ids = random.pick([[], [1], [5, 268435455]]);
    const properties = propertiesSize(message, alias, expiry, ids);
    const body = 2 + (nameless ? 0 : message.target.bytes.length) + 2 +
      varintSize(properties) + properties + message.size;
    const own = new Uint8Array(1 + varintSize(body) + body);
    writePublish(own, 0, body, message, 1, 7, alias, +nameless, expiry, ids);
    const sent = decode(own, 5, { from: "server" }) as Publish;
    assertEquals(sent.topic, nameless ? "" : message.topic, label);
    assertEquals(sent.properties?.topicAlias ?? 0, alias, label);
    assertEquals(sent.properties?.messageExpiryInterval ?? 0, expiry, label);
    assertEquals(
      [sent.properties?.subscriptionIdentifier ?? []].flat(),
      ids,
      label,
    );
    assertEquals(
      new Uint8Array(sent.payload as Uint8Array).toHex(),
      expected.payload,
      label,
    );
  }
});

Deno.test("readPublishRun() ends where a packet differs in more than its payload", () => {
  const random = new Random();
  for (const version of [4, 5] as const) {
    for (let i = 0; i < 500; i++) {
      const packets = Array.from({ length: 1 + random.int(8) }, () => ({
        cmd: "publish" as const,
        topic: random.once(6) ? "other" : "topic",
        payload: Buffer.from(random.bytes(random.pick([0, 3, 130, 17000]))),
        qos: random.once(8) ? 1 as const : 0 as const,
        messageId: 1,
        dup: false,
        retain: random.once(8),
      }));
      const frames = packets.map((packet) => encode(packet, version));
      const bytes = new Uint8Array(frames.reduce((n, f) => n + f.length, 0));
      frames.reduce(
        (at, frame) => (bytes.set(frame, at), at + frame.length),
        0,
      );
      const first = packets[0];
      let count = 1;
      // A run has no packet of three length bytes.
      while (
        count < packets.length && first.qos === 0 &&
        packets[count].qos === 0 && packets[count].topic === first.topic &&
        packets[count].retain === first.retain &&
        frames[count].length < 16384
      ) count++;
      const cut = random.once(3) ? 1 : 0;
      const view = read(bytes, 0, frames[0].length, version);
      const run = readPublishRun(view, bytes.length - cut, version, 1 << 20);
      if (cut === 1 && count === packets.length && count > 1) count--;
      const label = `SEED=${random.seed}, run ${i} of version ${version}`;
      assertEquals(run.count, count, label);
      assertEquals(
        run.end,
        frames.slice(0, count).reduce((n, frame) => n + frame.length, 0),
        label,
      );
    }
  }
});
