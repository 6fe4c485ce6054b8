import type { Packet } from "../../codec/mod.ts";
import { frame, properties, text } from "./bytes.ts";
import type { Sample } from "./sample.ts";

/** SUBSCRIBE, UNSUBSCRIBE and their answers. */
export const SUBSCRIPTIONS: readonly Sample[] = [
  ...([3, 4] as const).flatMap((version): Sample[] => [
    {
      description: `SUBSCRIBE of version ${version}`,
      version,
      bytes: frame(0x82, 0, 1, text("a/#"), 0, text("+"), 2),
      packet: {
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "a/#", qos: 0 }, { topic: "+", qos: 2 }],
      },
    },
    {
      description: `SUBACK of version ${version}`,
      version,
      bytes: frame(0x90, 0, 1, 0, 1, 2, 0x80),
      packet: { cmd: "suback", messageId: 1, granted: [0, 1, 2, 0x80] },
    },
    {
      description: `UNSUBSCRIBE of version ${version}`,
      version,
      bytes: frame(0xa2, 0, 1, text("a/#"), text("b")),
      packet: {
        cmd: "unsubscribe",
        messageId: 1,
        unsubscriptions: ["a/#", "b"],
      },
    },
    {
      description: `UNSUBACK of version ${version}`,
      version,
      bytes: frame(0xb0, 0, 1),
      packet: { cmd: "unsuback", messageId: 1 } as Packet,
    },
  ]),
  {
    description: "SUBSCRIBE of MQTT 5 with every option and property",
    version: 5,
    bytes: frame(
      ...[0x82, 0, 1],
      properties(11, 0x80, 1, 38, text("k"), text("v")),
      ...[text("a"), 0x2d, text("$share/g/a"), 0x18],
    ),
    packet: {
      cmd: "subscribe",
      messageId: 1,
      properties: { subscriptionIdentifier: 128, userProperties: { k: "v" } },
      subscriptions: [
        { topic: "a", qos: 1, nl: true, rap: true, rh: 2 },
        { topic: "$share/g/a", qos: 0, nl: false, rap: true, rh: 1 },
      ],
    },
  },
  {
    description: "SUBACK of MQTT 5 with every code",
    version: 5,
    bytes: frame(
      ...[0x90, 0, 1],
      properties(31, text("why"), 38, text("k"), text("v")),
      ...[0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
    ),
    packet: {
      cmd: "suback",
      messageId: 1,
      properties: { reasonString: "why", userProperties: { k: "v" } },
      granted: [
        ...[0, 1, 2, 0x80, 0x83, 0x87],
        ...[0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
      ],
    },
  },
  {
    description: "UNSUBSCRIBE of MQTT 5 with every property",
    version: 5,
    bytes: frame(
      ...[0xa2, 0, 1],
      properties(38, text("k"), text("v")),
      text("a"),
    ),
    packet: {
      cmd: "unsubscribe",
      messageId: 1,
      properties: { userProperties: { k: "v" } },
      unsubscriptions: ["a"],
    },
  },
  {
    description: "UNSUBACK of MQTT 5 with every code and property",
    version: 5,
    bytes: frame(
      ...[0xb0, 0, 1],
      properties(31, text("why"), 38, text("k"), text("v")),
      ...[0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
    ),
    packet: {
      cmd: "unsuback",
      messageId: 1,
      properties: { reasonString: "why", userProperties: { k: "v" } },
      granted: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
    },
  },
];
