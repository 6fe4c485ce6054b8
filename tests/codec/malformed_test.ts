import { frame, properties, text } from "./bytes.ts";
import { BAD, NEW, NUL, OLD, type Refusal, testRefusals } from "./refusals.ts";

const HEADERS: readonly Refusal[] = [
  { description: "the packet type 0", bytes: frame(0x00), error: 0x81 },
  {
    description: "AUTH before MQTT 5",
    bytes: frame(0xf0),
    error: 0x81,
    versions: OLD,
  },
  ...[
    0x21,
    0x41,
    0x52,
    0x60,
    0x63,
    0x71,
    0x80,
    0x83,
    0x91,
    0xa0,
    0xb2,
    0xc1,
    0xd8,
    0xe1,
  ]
    .map((first): Refusal => ({
      description: `the first byte 0x${first.toString(16)} [MQTT-2.1.3-1]`,
      bytes: frame(first, 0, 1, 0, 0),
      error: 0x81,
    })),
  {
    description: "AUTH with flags",
    bytes: frame(0xf2),
    error: 0x81,
    versions: NEW,
  },
  ...[0x6a, 0x8a, 0xaa].map((first): Refusal => ({
    description: `the first byte 0x${
      first.toString(16)
    }, which only MQTT 3.1 has`,
    bytes: frame(first, 0, 1, text("a"), 0),
    error: 0x81,
    versions: [4, 5],
  })),
  {
    description: "a remaining length of five bytes",
    bytes: Uint8Array.of(0xc0, 0x80, 0x80, 0x80, 0x80, 0),
    error: 0x81,
  },
  {
    description: "a remaining length that is not the shortest form",
    bytes: Uint8Array.of(0xc0, 0x80, 0),
    error: 0x81,
  },
];

const PUBLISH: readonly Refusal[] = [
  {
    description: "a PUBLISH with QoS 3 [MQTT-3.3.1-4]",
    bytes: frame(0x36, text("t"), 0, 1, 0),
    error: 0x81,
  },
  {
    description: "a PUBLISH with DUP and QoS 0 [MQTT-3.3.1-2]",
    bytes: frame(0x38, text("t"), 0),
    error: 0x81,
  },
  {
    description: "a PUBLISH with the packet identifier 0 [MQTT-2.2.1-2]",
    bytes: frame(0x32, text("t"), 0, 0, 0),
    error: 0x81,
  },
  {
    description: "a PUBLISH without a packet identifier",
    bytes: frame(0x32, text("t")),
    error: 0x81,
  },
  { description: "a PUBLISH without a topic", bytes: frame(0x30), error: 0x81 },
  {
    description: "a PUBLISH with a topic that is cut off",
    bytes: frame(0x30, 0, 5, 0x61),
    error: 0x81,
  },
  {
    description: "a PUBLISH with + in its topic [MQTT-3.3.2-2]",
    bytes: frame(0x30, text("a/+"), 0),
    error: 0x90,
  },
  {
    description: "a PUBLISH with # in its topic [MQTT-3.3.2-2]",
    bytes: frame(0x30, text("a#"), 0),
    error: 0x90,
  },
  {
    description: "a PUBLISH with an ill-formed topic [MQTT-1.5.4-1]",
    bytes: frame(0x30, BAD, 0),
    error: 0x81,
  },
  {
    description: "a PUBLISH with U+0000 in its topic [MQTT-1.5.4-2]",
    bytes: frame(0x30, NUL, 0),
    error: 0x81,
  },
  {
    description: "a PUBLISH with an empty topic",
    bytes: frame(0x30, text("")),
    error: 0x81,
    versions: OLD,
  },
  {
    description: "a PUBLISH with neither topic nor alias",
    bytes: frame(0x30, text(""), 0),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "a PUBLISH without a length of properties",
    bytes: frame(0x30, text("t")),
    error: 0x81,
    versions: NEW,
  },
  {
    description:
      "a PUBLISH of a client with a subscription identifier [MQTT-3.3.4-6]",
    bytes: frame(0x30, text("t"), properties(11, 1)),
    error: 0x82,
    versions: NEW,
  },
];

const ACKNOWLEDGEMENTS: readonly Refusal[] = ([
  ["PUBACK", 0x40, [0x92, 0x8f, 0x01]],
  ["PUBREC", 0x50, [0x92, 0x8f, 0x01]],
  ["PUBREL", 0x62, [0x10, 0x80, 0x91]],
  ["PUBCOMP", 0x70, [0x10, 0x80, 0x91]],
] as const).flatMap(([name, first, codes]): Refusal[] => [
  { description: `an empty ${name}`, bytes: frame(first), error: 0x81 },
  {
    description: `a ${name} with half a packet identifier`,
    bytes: frame(first, 1),
    error: 0x81,
  },
  {
    description: `a ${name} with the packet identifier 0`,
    bytes: frame(first, 0, 0),
    error: 0x81,
  },
  {
    description: `a ${name} with a reason code before MQTT 5`,
    bytes: frame(first, 0, 1, 0),
    error: 0x81,
    versions: OLD,
  },
  ...codes.map((code): Refusal => ({
    description: `a ${name} with the reason code 0x${code.toString(16)}`,
    bytes: frame(first, 0, 1, code),
    error: 0x81,
    versions: NEW,
  })),
  {
    description: `a ${name} with properties that are cut off`,
    bytes: frame(first, 0, 1, 0, 3, 31),
    error: 0x81,
    versions: NEW,
  },
  {
    description: `a ${name} with bytes after its properties`,
    bytes: frame(first, 0, 1, 0, 0, 0),
    error: 0x81,
    versions: NEW,
  },
]);

const SERVER: readonly Refusal[] = ([
  ["a CONNACK with reserved flags", frame(0x20, 2, 0), 0x81, OLD],
  ["a CONNACK with a session in MQTT 3.1", frame(0x20, 1, 0), 0x81, [3]],
  ["a CONNACK with the return code 6", frame(0x20, 0, 6), 0x81, OLD],
  ["a CONNACK that is too long", frame(0x20, 0, 0, 0), 0x81, OLD],
  ["a CONNACK that is too short", frame(0x20, 0), 0x81, undefined],
  [
    "a CONNACK that refuses with a session [MQTT-3.2.2-4]",
    frame(0x20, 1, 5),
    0x82,
    [4],
  ],
  [
    "a CONNACK that refuses with a session [MQTT-3.2.2-6]",
    frame(0x20, 1, 0x87, 0),
    0x82,
    NEW,
  ],
  ["a CONNACK with the reason code 1", frame(0x20, 0, 1, 0), 0x81, NEW],
  ["a CONNACK without properties", frame(0x20, 0, 0), 0x81, NEW],
  ["a SUBACK without codes", frame(0x90, 0, 1), 0x81, OLD],
  ["a SUBACK without codes", frame(0x90, 0, 1, 0), 0x81, NEW],
  [
    "a SUBACK with the packet identifier 0",
    frame(0x90, 0, 0, 0, 0),
    0x81,
    undefined,
  ],
  ["a SUBACK with the code 3", frame(0x90, 0, 1, 0, 3), 0x81, undefined],
  [
    "a SUBACK with the code 0x87 before MQTT 5",
    frame(0x90, 0, 1, 0x87),
    0x81,
    OLD,
  ],
  ["an UNSUBACK with codes before MQTT 5", frame(0xb0, 0, 1, 0), 0x81, OLD],
  ["an UNSUBACK without codes", frame(0xb0, 0, 1, 0), 0x81, NEW],
  ["an UNSUBACK with the code 1", frame(0xb0, 0, 1, 0, 1), 0x81, NEW],
  ["a PINGREQ with a body", frame(0xc0, 0), 0x81, undefined],
  ["a PINGRESP with a body", frame(0xd0, 0), 0x81, undefined],
  ["a DISCONNECT with a body before MQTT 5", frame(0xe0, 0), 0x81, OLD],
  ["a DISCONNECT with the reason code 1", frame(0xe0, 1), 0x81, NEW],
  ["a DISCONNECT with bytes after its end", frame(0xe0, 0, 0, 0), 0x81, NEW],
  [
    "a DISCONNECT of a server with a session expiry interval [MQTT-3.14.2-2]",
    frame(0xe0, 0x80, properties(17, 0, 0, 0, 1)),
    0x82,
    NEW,
  ],
  ["an AUTH with the reason code 1", frame(0xf0, 1, 0), 0x81, NEW],
  ["an AUTH with a reason code only", frame(0xf0, 0), 0x81, NEW],
  ["an AUTH without an authentication method", frame(0xf0, 0x18, 0), 0x82, NEW],
  [
    "an AUTH of a server that begins again",
    frame(0xf0, 0x19, properties(21, text("m"))),
    0x82,
    NEW,
  ],
] as const).map(([description, bytes, error, versions]) => ({
  description,
  bytes,
  error,
  versions,
  from: "server",
}));

const CLIENT: readonly Refusal[] = [
  {
    description: "an AUTH of a client that says success",
    bytes: frame(0xf0, 0, properties(21, text("m"))),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "an empty AUTH of a client",
    bytes: frame(0xf0),
    error: 0x82,
    versions: NEW,
  },
];

testRefusals(HEADERS);
testRefusals(PUBLISH);
testRefusals(ACKNOWLEDGEMENTS);
testRefusals(SERVER);
testRefusals(CLIENT);
