// What reading a packet costs: PUBLISH by hand against mqtt-packet, and the framing.
//
//   deno bench -A tests/bench/codec_bench.ts
import { parser } from "mqtt-packet";
import { Buffer } from "node:buffer";
import { Topic } from "../../broker/topics/topic.ts";
import { decode, encode, frameSize } from "../../codec/mod.ts";
import { nextOfRun, PublishView } from "../../codec/publish.ts";
import { TopicTable } from "../../codec/topic_table.ts";

const PACKETS = 1000;

/** So many packets, to the topics of 100 devices, in one buffer; and where each ends. */
function input(version: 4 | 5): { bytes: Uint8Array; ends: number[] } {
  const frames = Array.from({ length: PACKETS }, (_, i) =>
    encode({
      cmd: "publish",
      topic: `site/7/device/${i % 100}/temperature`,
      payload: Buffer.alloc(64, "x"),
      qos: 1,
      messageId: 1 + i,
      dup: false,
      retain: false,
      ...(version === 5 && i % 2 === 0 && {
        properties: { contentType: "text/plain", userProperties: { a: "b" } },
      }),
    }, version));
  const bytes = new Uint8Array(
    frames.reduce((sum, one) => sum + one.length, 0),
  );
  const ends: number[] = [];
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    ends.push(at += frame.length);
  }
  return { bytes, ends };
}

for (const version of [4, 5] as const) {
  const { bytes, ends } = input(version);
  const group = `read ${PACKETS} PUBLISH of MQTT ${
    version === 5 ? "5" : "3.1.1"
  }`;
  const view = new PublishView<Topic>();
  const topics = new TopicTable((name, bytes) => new Topic(name, bytes));
  Deno.bench("PublishView.read()", { group, baseline: true }, () => {
    let start = 0;
    for (const end of ends) {
      view.read(bytes, start, end, version, topics);
      start = end;
    }
  });
  Deno.bench("mqtt-packet, all at once", { group }, () => {
    let count = 0;
    const mqttPacket = parser({ protocolVersion: version });
    mqttPacket.on("packet", () => count++);
    mqttPacket.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (count !== PACKETS) throw new Error(`Cannot measure: ${count} packets`);
  });
  Deno.bench("decode(): every rule, then mqtt-packet", { group }, () => {
    let start = 0;
    for (const end of ends) {
      decode(bytes.subarray(start, end), version);
      start = end;
    }
  });
}

const small = new Uint8Array(PACKETS * 66);
for (let i = 0; i < PACKETS; i++) small.set([0x30, 64, 0, 1, 0x74], i * 66);
const large = new Uint8Array(20_003);
large.set([0x30, 0xa0, 0x9c, 0x01]);

const framing = `framing, ${PACKETS} times`;
Deno.bench(
  "frameSize() of small packets",
  { group: framing, baseline: true },
  () => {
    let at = 0;
    while (at < small.length) at += frameSize(small, at, small.length, 1e6);
  },
);
Deno.bench("frameSize() of a packet with three length bytes", {
  group: framing,
}, () => {
  for (let i = 0; i < PACKETS; i++) frameSize(large, 0, large.length, 1e6);
});
const view = new PublishView<Topic>();
const topics = new TopicTable((name, bytes) => new Topic(name, bytes));
Deno.bench("nextOfRun() over small packets", { group: framing }, () => {
  view.read(small, 0, 66, 4, topics);
  let at = 66;
  let count = 1;
  for (;;) {
    const next = nextOfRun(view, at, small.length, 4, 1e6);
    if (next === undefined) break;
    at = next.end;
    count++;
  }
  if (count !== PACKETS) throw new Error(`Cannot measure: a run of ${count}`);
});
