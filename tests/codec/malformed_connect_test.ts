import { data, frame, properties, text } from "./bytes.ts";
import { BAD, NUL, type Refusal, testRefusals } from "./refusals.ts";

/** A CONNECT of MQTT 3.1.1 with these flags and this payload. */
function connect(flags: number, ...payload: (number | Uint8Array)[]) {
  return frame(0x10, text("MQTT"), 4, flags, 0, 0, ...payload);
}

const CONNECT: readonly Refusal[] = ([
  [
    "an unknown protocol name",
    0x84,
    frame(0x10, text("MQTs"), 4, 2, 0, 0, 0, 0),
  ],
  ["an empty protocol name", 0x84, frame(0x10, text(""), 4, 2, 0, 0, 0, 0)],
  ["MQTT with the level 3", 0x84, frame(0x10, text("MQTT"), 3, 2, 0, 0, 0, 0)],
  ["MQTT with the level 6", 0x84, frame(0x10, text("MQTT"), 6, 2, 0, 0, 0, 0)],
  [
    "MQIsdp with the level 4",
    0x84,
    frame(0x10, text("MQIsdp"), 4, 2, 0, 0, 0, 0),
  ],
  [
    "the bit of a bridge with the level 5",
    0x84,
    frame(0x10, text("MQTT"), 0x85, 2, 0, 0, 0, 0, 0),
  ],
  [
    "the bit of a bridge with the level of another name",
    0x84,
    frame(0x10, text("MQIsdp"), 0x84, 2, 0, 0, 0, 0),
  ],
  ["the reserved flag [MQTT-3.1.2-3]", 0x81, connect(0x03, text("c"))],
  [
    "will QoS 3 [MQTT-3.1.2-14]",
    0x81,
    connect(0x1e, text("c"), text("w"), data()),
  ],
  ["will QoS without a will [MQTT-3.1.2-13]", 0x81, connect(0x0a, text("c"))],
  [
    "will retain without a will [MQTT-3.1.2-15]",
    0x81,
    connect(0x22, text("c")),
  ],
  [
    "a password without a user name [MQTT-3.1.2-22]",
    0x81,
    connect(0x42, text("c"), data(1)),
  ],
  ["bytes after its end", 0x81, connect(0x02, text("c"), 0)],
  ["no client identifier", 0x81, connect(0x02)],
  ["a client identifier that is cut off", 0x81, connect(0x02, 0, 2, 0x61)],
  ["an ill-formed client identifier", 0x81, connect(0x02, BAD)],
  ["U+0000 in its client identifier", 0x81, connect(0x02, NUL)],
  ["no will topic", 0x81, connect(0x06, text("c"))],
  ["an empty will topic", 0x90, connect(0x06, text("c"), text(""), data())],
  ["+ in its will topic", 0x90, connect(0x06, text("c"), text("a/+"), data())],
  ["# in its will topic", 0x90, connect(0x06, text("c"), text("#"), data())],
  ["an ill-formed will topic", 0x81, connect(0x06, text("c"), BAD, data())],
  ["no will payload", 0x81, connect(0x06, text("c"), text("w"))],
  ["no user name", 0x81, connect(0x82, text("c"))],
  ["an ill-formed user name", 0x81, connect(0x82, text("c"), BAD)],
  ["no password", 0x81, connect(0xc2, text("c"), text("u"))],
  [
    "flags in its first byte",
    0x81,
    frame(0x11, text("MQTT"), 4, 2, 0, 0, text("c")),
  ],
  ["no keep alive", 0x81, frame(0x10, text("MQTT"), 4, 2)],
  [
    "a reserved flag in MQTT 5",
    0x81,
    frame(0x10, text("MQTT"), 5, 3, 0, 0, 0, text("c")),
  ],
  [
    "properties that are cut off",
    0x81,
    frame(0x10, text("MQTT"), 5, 2, 0, 0, 9, text("c")),
  ],
  [
    "will properties that are cut off",
    0x81,
    frame(0x10, text("MQTT"), 5, 6, 0, 0, 0, text("c"), 9, text("w"), data()),
  ],
  [
    "no will properties",
    0x81,
    frame(0x10, text("MQTT"), 5, 6, 0, 0, 0, text("c"), text("w"), data()),
  ],
  [
    "a will property among its own",
    0x81,
    frame(
      0x10,
      text("MQTT"),
      5,
      2,
      0,
      0,
      properties(24, 0, 0, 0, 1),
      text("c"),
    ),
  ],
  [
    "an own property in its will",
    0x81,
    frame(
      0x10,
      text("MQTT"),
      5,
      6,
      0,
      0,
      0,
      text("c"),
      properties(33, 0, 1),
      text("w"),
      data(),
    ),
  ],
] as const).map(([what, error, bytes]) => ({
  description: `a CONNECT with ${what}`,
  bytes,
  error,
  versions: [4],
}));

testRefusals(CONNECT);
