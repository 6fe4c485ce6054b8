import { Buffer } from "node:buffer";
import { data, frame, properties, text } from "./bytes.ts";
import type { Sample } from "./sample.ts";

const BYTES = Buffer.from([0, 255]);

/** PUBLISH. */
export const PUBLISHES: readonly Sample[] = [
  ...([3, 4] as const).flatMap((version): Sample[] => [
    {
      description: `PUBLISH with QoS 0 of version ${version}`,
      version,
      bytes: frame(0x31, text("a/b"), 1, 2, 3),
      packet: {
        cmd: "publish",
        topic: "a/b",
        payload: Buffer.from([1, 2, 3]),
        qos: 0,
        dup: false,
        retain: true,
      },
    },
    {
      description: `PUBLISH with QoS 2 of version ${version}`,
      version,
      bytes: frame(0x3c, text("$ü"), 0x12, 0x34),
      packet: {
        cmd: "publish",
        topic: "$ü",
        payload: Buffer.alloc(0),
        qos: 2,
        dup: true,
        retain: false,
        messageId: 0x1234,
      },
    },
  ]),
  {
    description: "PUBLISH of MQTT 5 without properties",
    version: 5,
    bytes: frame(0x32, text("\ufeffa"), 0, 1, 0, 9),
    packet: {
      cmd: "publish",
      topic: "\ufeffa",
      payload: Buffer.from([9]),
      qos: 1,
      dup: false,
      retain: false,
      messageId: 1,
    },
  },
  {
    description: "PUBLISH of MQTT 5 with every property of a client",
    version: 5,
    bytes: frame(
      ...[0x30, text("")],
      properties(
        ...[1, 0, 2, 0, 0, 0, 1, 35, 0, 1, 8, text("r"), 9, data(0, 255)],
        ...[38, text("__proto__"), text("x"), 38, text(""), text("")],
        ...[3, text("")],
      ),
    ),
    packet: {
      cmd: "publish",
      topic: "",
      payload: Buffer.alloc(0),
      qos: 0,
      dup: false,
      retain: false,
      properties: {
        payloadFormatIndicator: false,
        messageExpiryInterval: 1,
        topicAlias: 1,
        responseTopic: "r",
        correlationData: BYTES,
        userProperties: Object.fromEntries([["__proto__", "x"], ["", ""]]),
        contentType: "",
      },
    },
  },
  {
    description: "PUBLISH of a server with subscription identifiers",
    version: 5,
    from: "server",
    bytes: frame(
      ...[0x30, text("t")],
      properties(11, 1, 11, 0x80, 1, 11, 0xff, 0xff, 0xff, 0x7f),
      1,
    ),
    packet: {
      cmd: "publish",
      topic: "t",
      payload: Buffer.from([1]),
      qos: 0,
      dup: false,
      retain: false,
      properties: { subscriptionIdentifier: [1, 128, 268_435_455] },
    },
  },
  {
    description: "PUBLISH with a remaining length of two bytes",
    version: 4,
    bytes: frame(0x30, text("t"), new Uint8Array(200)),
    packet: {
      cmd: "publish",
      topic: "t",
      payload: Buffer.alloc(200),
      qos: 0,
      dup: false,
      retain: false,
    },
  },
];

/** PUBACK, PUBREC, PUBREL and PUBCOMP. */
export const ACKNOWLEDGEMENTS: readonly Sample[] = ([
  ["puback", 0x40, 0x10],
  ["pubrec", 0x50, 0x97],
  ["pubrel", 0x62, 0x92],
  ["pubcomp", 0x70, 0x92],
] as const).flatMap(([cmd, first, code]): Sample[] => [
  ...([3, 4] as const).map((version): Sample => ({
    description: `${cmd} of version ${version}`,
    version,
    bytes: frame(first, 0xff, 0xff),
    packet: { cmd, messageId: 65535 },
  })),
  {
    description: `${cmd} of MQTT 5 in its shortest form`,
    version: 5,
    bytes: frame(first, 0, 1),
    packet: { cmd, messageId: 1, reasonCode: 0 },
  },
  {
    description: `${cmd} of MQTT 5 with a reason code only`,
    version: 5,
    bytes: frame(first, 0, 1, code),
    packet: { cmd, messageId: 1, reasonCode: code },
    decodeOnly: true,
  },
  {
    description: `${cmd} of MQTT 5 with a reason code and no properties`,
    version: 5,
    bytes: frame(first, 0, 1, code, 0),
    packet: { cmd, messageId: 1, reasonCode: code },
  },
  {
    description: `${cmd} of MQTT 5 with every property`,
    version: 5,
    bytes: frame(
      ...[first, 0, 1, 0],
      properties(31, text("why"), 38, text("k"), text("v")),
    ),
    packet: {
      cmd,
      messageId: 1,
      reasonCode: 0,
      properties: { reasonString: "why", userProperties: { k: "v" } },
    },
  },
]);
