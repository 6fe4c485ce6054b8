// What the hand-written reader and writer of plain packets do is what mqtt-packet
// does with the same bytes.
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { generate, type Packet } from "mqtt-packet";
import { checkFrame } from "../../codec/check_frame.ts";
import { FrameParser } from "../../codec/frame_parser.ts";
import { readPlain, writePlain } from "../../codec/plain_packets.ts";

const VERSIONS = [3, 4, 5] as const;
const TEXTS = ["a", "sport/+/#", "ü/€/😀", "x".repeat(300)];

/** Compares the fields; mqtt-packet's objects have a class of their own. */
function same(version: 3 | 4 | 5, packet: Packet, label: string): void {
  const frame = new Uint8Array(generate(packet, { protocolVersion: version }));
  const layout = checkFrame(frame, version, "client");
  const plain = readPlain(frame, layout);
  const parsed = new FrameParser(version).parse(frame);
  assertEquals({ ...plain }, { ...parsed }, label);
}

Deno.test("readPlain() reads CONNECT as mqtt-packet does", () => {
  for (const version of VERSIONS) {
    for (const clientId of TEXTS) {
      for (const username of [undefined, "", "üser"]) {
        for (const password of [undefined, new Uint8Array([0, 255, 7])]) {
          if (username === undefined && password && version !== 5) continue;
          // mqtt-packet does not write a password alone.
          if (username === undefined && password) continue;
          for (const clean of [true, false]) {
            same(version, {
              cmd: "connect",
              protocolId: version === 3 ? "MQIsdp" : "MQTT",
              protocolVersion: version,
              clean,
              keepalive: 4711,
              clientId,
              ...(username !== undefined && { username }),
              ...(password && { password: Buffer.from(password) }),
            }, `${version} ${clientId} ${username} ${password} ${clean}`);
          }
        }
      }
    }
  }
});

Deno.test("readPlain() reads SUBSCRIBE as mqtt-packet does", () => {
  for (const version of VERSIONS) {
    for (const messageId of [1, 256, 65535]) {
      const subscriptions = TEXTS.flatMap((topic) =>
        ([0, 1, 2] as const).map((qos) => ({
          topic,
          qos,
          nl: qos === 1,
          rap: qos === 2,
          rh: qos,
        }))
      );
      same(
        version,
        { cmd: "subscribe", messageId, subscriptions },
        `${version} ${messageId}`,
      );
    }
  }
});

Deno.test("readPlain() leaves packets with will or properties to mqtt-packet", () => {
  const packets: Packet[] = [
    {
      cmd: "connect",
      protocolVersion: 5,
      clientId: "a",
      clean: true,
      keepalive: 0,
      properties: { receiveMaximum: 3 },
    },
    {
      cmd: "connect",
      protocolVersion: 5,
      clientId: "a",
      clean: true,
      keepalive: 0,
      will: { topic: "t", payload: "p" },
    },
    {
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "a", qos: 0 }],
      properties: { subscriptionIdentifier: 9 },
    },
  ];
  for (const packet of packets) {
    const frame = new Uint8Array(generate(packet, { protocolVersion: 5 }));
    assertEquals(readPlain(frame, checkFrame(frame, 5, "client")), undefined);
  }
});

Deno.test("writePlain() writes what mqtt-packet writes", () => {
  const packets: Packet[] = [
    { cmd: "pingresp" },
    { cmd: "connack", sessionPresent: false, returnCode: 0 },
    { cmd: "connack", sessionPresent: false, returnCode: 5 },
    { cmd: "suback", messageId: 1, granted: [0] },
    { cmd: "suback", messageId: 65535, granted: [0, 1, 2, 1, 0] },
  ];
  for (const version of VERSIONS) {
    for (const packet of packets) {
      const written = writePlain(packet, version);
      if (version === 5 && packet.cmd === "connack") {
        assertEquals(written, undefined);
        continue;
      }
      assertEquals(
        [...written!],
        [...generate(packet, { protocolVersion: version })],
        `${packet.cmd} ${version}`,
      );
    }
  }
});
