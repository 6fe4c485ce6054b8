/**
 * What people and broken devices do to brokers.
 *
 * @module
 */

import { type PacketSpec, wire } from "../fuzz/wire.ts";
import {
  between,
  crowd,
  type Flood,
  Flooder,
  isOver,
  share,
  together,
  untilOver,
} from "./connection.ts";

/** An attack. It ends in time, and leaves no connection open. */
export type Attack = (flood: Flood) => Promise<void>;

/** All attacks by their names. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "publishers to a subscriber that never reads": unreadMessages,
  "half-open connections": halfOpen,
  "connect and disconnect": storm,
  "one byte at a time": trickle,
  "giant packets that never come": giantPackets,
  "giant packets without their end": giantPacketsWithoutEnd,
  "messages that are never released": unreleased,
  "distinct topics": distinctTopics,
  "deep topics": deepTopics,
  "deep filters": deepFilters,
  "user properties": userProperties,
  "subscriptions": subscriptions,
  "shared subscriptions": sharedSubscriptions,
  "wills": wills,
  "client identifiers": clientIds,
  "subscribers that ask for all that is retained": retainedReplays,
};

function message(
  topic: string,
  options: Partial<Extract<PacketSpec, { cmd: "publish" }>> = {},
): PacketSpec {
  return {
    cmd: "publish",
    topic,
    payload: "x",
    qos: 0,
    retain: false,
    dup: false,
    id: 1,
    properties: [],
    ...options,
  };
}

function subscribe(filters: readonly string[], qos = 0): PacketSpec {
  return {
    cmd: "subscribe",
    id: 1,
    filters: filters.map((filter) => [filter, qos] as const),
    properties: [],
  };
}

/** The same bytes again and again, in one array. */
function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** 200 publishers as fast as they can, of every QoS, to one that reads nothing. */
async function unreadMessages(flood: Flood): Promise<void> {
  using reader = await Flooder.connect(flood, "never-reads", {
    clean: false,
  });
  await reader.packet(subscribe(["flood/#"], 2));
  await together(crowd(flood, 200), async (i) => {
    using publisher = await Flooder.connect(flood, `publisher-${i}`);
    const one = wire(
      message("flood/t", {
        payload: "x".repeat(between(flood, 0, 1000)),
        qos: between(flood, 0, 2),
      }),
      4,
    );
    const many = repeated(one, 50);
    const reading = publisher.drain();
    while (!isOver(flood) && !publisher.broken) await publisher.send(many);
    publisher[Symbol.dispose]();
    await reading;
  });
  // Its session would wait for it.
  using _ended = await Flooder.connect(flood, "never-reads");
}

/** 5,000 connections that never send a whole CONNECT. */
async function halfOpen(flood: Flood): Promise<void> {
  const open: Flooder[] = [];
  const connect = Uint8Array.of(0x10, 0x7f, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4);
  const count = crowd(flood, 5000);
  for (let i = 0; i < count && !isOver(flood); i += 100) {
    await together(Math.min(100, count - i), async () => {
      const flooder = await Flooder.open(flood);
      open.push(flooder);
      await flooder.send(connect.subarray(0, between(flood, 0, 9)));
    });
  }
  await untilOver(flood);
  for (const flooder of open) flooder[Symbol.dispose]();
}

/** Connections that come and go as fast as they can. */
async function storm(flood: Flood): Promise<void> {
  await together(crowd(flood, 100), async (i) => {
    for (let n = 0; !isOver(flood); n++) {
      // Some with identifiers of their own, some take over from each other.
      const id = i % 2 === 0 ? `storm-${i}-${n}` : `storm-${n % 10}`;
      using flooder = await Flooder.connect(flood, id);
      // Most with DISCONNECT, some within a packet.
      if (flood.random() < 0.7) await flooder.send(Uint8Array.of(0xe0, 0));
      else await flooder.send(Uint8Array.of(0x30, 0x10));
    }
  });
}

/** Packets that come byte by byte. */
async function trickle(flood: Flood): Promise<void> {
  await together(crowd(flood, 200), async (i) => {
    using flooder = await Flooder.connect(flood, `trickle-${i}`);
    const payload = "x".repeat(between(flood, 0, 400));
    const bytes = wire(message("trickle", { payload }), 4);
    for (let n = 0; !isOver(flood) && !flooder.broken; n++) {
      const at = n % bytes.length;
      await flooder.send(bytes.subarray(at, at + 1));
    }
  });
}

/** 1,000 connections that announce a packet of 1 to 2 MiB and send its beginning only. */
function giantPackets(flood: Flood): Promise<void> {
  return unfinished(flood, 0);
}

/** The same, but they send most of it. */
function giantPacketsWithoutEnd(flood: Flood): Promise<void> {
  return unfinished(flood, 1_000_000);
}

async function unfinished(flood: Flood, size: number): Promise<void> {
  const open: Flooder[] = [];
  const part = new Uint8Array(size);
  await together(crowd(flood, 1000), async (i) => {
    const flooder = await Flooder.connect(flood, `giant-${i}`);
    open.push(flooder);
    const last = between(flood, 64, 127);
    await flooder.send(Uint8Array.of(0x30, 0xf0, 0xff, last, 0, 1, 0x67));
    await flooder.send(part);
  });
  await untilOver(flood);
  for (const flooder of open) flooder[Symbol.dispose]();
}

/** QoS 2 with every identifier there is, and no PUBREL. */
async function unreleased(flood: Flood): Promise<void> {
  await together(crowd(flood, 100), async (i) => {
    using flooder = await Flooder.connect(flood, `unreleased-${i}`);
    const reading = flooder.drain();
    for (let id = 1; id < 65536 && !isOver(flood) && !flooder.broken;) {
      const packets: number[] = [];
      for (let n = 0; n < 200 && id < 65536; n++, id++) {
        packets.push(...wire(message("qos2", { qos: 2, id, payload: "" }), 4));
      }
      await flooder.send(Uint8Array.from(packets));
    }
    await untilOver(flood);
    flooder[Symbol.dispose]();
    await reading;
  });
}

/** Topics that are used once each; they are millions when the flood ends. */
async function distinctTopics(flood: Flood): Promise<void> {
  await together(crowd(flood, 10), async (i) => {
    using flooder = await Flooder.connect(flood, `topics-${i}`);
    for (let n = 0; !isOver(flood) && !flooder.broken; n += 100) {
      const packets: number[] = [];
      for (let k = 0; k < 100; k++) {
        packets.push(...wire(message(`distinct/${i}/${n + k}`), 4));
      }
      await flooder.send(Uint8Array.from(packets));
    }
  });
}

/** Topics and filters of as many levels as are allowed, and of more. */
async function deepTopics(flood: Flood): Promise<void> {
  const levels = (count: number, level: string): string =>
    Array.from({ length: count }, () => level).join("/");
  await together(crowd(flood, 50), async (i) => {
    for (let n = 0; !isOver(flood); n++) {
      using flooder = await Flooder.connect(flood, `deep-${i}`);
      await flooder.packet(subscribe([
        `${levels(127, "+")}/#`,
        levels(128, n % 2 === 0 ? "a" : "+"),
        levels(2000, "+"),
      ]));
      await flooder.send(repeated(wire(message(levels(128, "a")), 4), 50));
      if (n % 5 === 0) await flooder.packet(message(levels(2000, "a")));
      await flooder.read(65536);
    }
  });
}

/** Filters and retained messages of many levels, no two with a level in common: a tree's worst. */
async function deepFilters(flood: Flood): Promise<void> {
  await together(crowd(flood, 50), async (i) => {
    using flooder = await Flooder.connect(flood, `deep-${i}`);
    const reading = flooder.drain();
    for (let n = 0; !isOver(flood) && !flooder.broken; n++) {
      const topics = Array.from(
        { length: 20 },
        (_, k) => `${i}/${n}/${k}${"/d".repeat(120)}`,
      );
      await flooder.packet(subscribe(topics.map((topic) => `${topic}/+/#`)));
      for (const topic of topics) {
        await flooder.packet(message(topic, { retain: true }));
      }
    }
    flooder[Symbol.dispose]();
    await reading;
  });
}

/** Packets with as many user properties as fit. */
async function userProperties(flood: Flood): Promise<void> {
  const properties = (count: number) =>
    Array.from({ length: count }, (_, i) => [38, [`k${i}`, "v"]] as const);
  const allowed = wire(message("users", { properties: properties(256) }), 5);
  const excessive = wire(
    message("users", { properties: properties(10_000) }),
    5,
  );
  await together(crowd(flood, 50), async (i) => {
    while (!isOver(flood)) {
      using flooder = await Flooder.connect(flood, `users-${i}`, {}, 5);
      await flooder.packet(subscribe(["users"]), 5);
      const reading = flooder.drain();
      for (let n = 0; n < 20 && !isOver(flood) && !flooder.broken; n++) {
        await flooder.send(allowed);
      }
      await flooder.send(excessive);
      await reading;
    }
  });
}

/** As many subscriptions as the broker takes. */
async function subscriptions(flood: Flood): Promise<void> {
  await together(crowd(flood, 100), async (i) => {
    using flooder = await Flooder.connect(flood, `subscriber-${i}`);
    const reading = flooder.drain();
    for (let n = 0; !isOver(flood) && !flooder.broken; n += 200) {
      await flooder.packet(subscribe(
        Array.from(
          { length: 200 },
          (_, k) => k % 4 === 0 ? `s/${i}/${n + k}/+/#` : `s/${i}/${n + k}`,
        ),
      ));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    flooder[Symbol.dispose]();
    await reading;
  });
}

/** Many groups, many members of one group, and those who publish to them. */
async function sharedSubscriptions(flood: Flood): Promise<void> {
  const members = crowd(flood, 500);
  await together(members, async (i) => {
    using flooder = await Flooder.connect(flood, `member-${i}`);
    const reading = flooder.drain();
    for (let n = 0; n < 10 && !isOver(flood); n++) {
      await flooder.packet(subscribe([
        `$share/common/shared/${n}`,
        ...Array.from({ length: 50 }, (_, k) => `$share/g${i}-${k}/shared/#`),
      ], 1));
      if (i % 50 === 0) await flooder.packet(message(`shared/${n}`));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await untilOver(flood);
    flooder[Symbol.dispose]();
    await reading;
  });
}

/** Clients that die with a will again and again, and one that gets them all. */
async function wills(flood: Flood): Promise<void> {
  using reader = await Flooder.connect(flood, "wills");
  await reader.packet(subscribe(["will/#"]));
  const reading = reader.drain();
  await together(crowd(flood, 100), async (i) => {
    for (let n = 0; !isOver(flood); n++) {
      using _flooder = await Flooder.connect(flood, `will-${i}-${n}`, {
        will: {
          topic: `will/${i}`,
          payload: "x".repeat(between(flood, 0, 20_000)),
          qos: 1,
          retain: n % 2 === 0,
          properties: [],
        },
      });
    }
  });
  reader[Symbol.dispose]();
  await reading;
}

/** For every new client identifier a session that stays until the flood is over. */
async function clientIds(flood: Flood): Promise<void> {
  await together(crowd(flood, 100), async (i) => {
    for (let n = 0; !isOver(flood); n++) {
      using flooder = await Flooder.connect(
        flood,
        `id-${i}-${n}`,
        {
          properties: [[17, 1 + Math.ceil((flood.until - Date.now()) / 1000)]],
        },
        5,
      );
      await flooder.packet(subscribe([`id/${n}`], 1), 5);
      await flooder.send(Uint8Array.of(0xe0, 0));
    }
  });
}

/** Many retained messages, and many who ask for all of them in many ways at once. */
async function retainedReplays(flood: Flood): Promise<void> {
  const count = share(flood, 50_000);
  {
    using writer = await Flooder.connect(flood, "retainer");
    for (let n = 0; n < count && !writer.broken; n += 100) {
      const packets: number[] = [];
      for (let k = 0; k < 100; k++) {
        packets.push(
          ...wire(message(`retained/${n + k}/a`, { retain: true }), 4),
        );
      }
      await writer.send(Uint8Array.from(packets));
    }
  }
  await together(crowd(flood, 20), async (i) => {
    using flooder = await Flooder.connect(flood, `asks-${i}`);
    const reading = flooder.drain();
    while (!isOver(flood) && !flooder.broken) {
      await flooder.packet(subscribe([
        "retained/#",
        ...Array.from({ length: 300 }, (_, k) => `retained/+/x${k}`),
      ]));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    flooder[Symbol.dispose]();
    await reading;
  });
}
