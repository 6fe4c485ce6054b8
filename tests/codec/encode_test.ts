import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, encode, type Packet } from "../../codec/mod.ts";
import { data, essence, frame, properties, text } from "./bytes.ts";
import { SAMPLES } from "./samples.ts";

for (
  const { description, version, bytes, packet, decodeOnly, from } of SAMPLES
) {
  if (!decodeOnly) {
    Deno.test(`encode() writes ${description}`, () => {
      assertEquals([...encode(packet, version)], [...bytes]);
    });
  }
  Deno.test(`encode() writes again what decode() read: ${description}`, () => {
    const decoded = decode(bytes, version, { from });
    const again = decode(encode(decoded, version), version, { from });
    assertEquals(essence(again), essence(decoded));
  });
}

Deno.test("encode() leaves out properties before MQTT 5", () => {
  const packet: Packet = {
    cmd: "publish",
    topic: "t",
    payload: "x",
    qos: 0,
    dup: false,
    retain: false,
    properties: { contentType: "text/plain" },
  };
  assertEquals([...encode(packet, 4)], [...frame(0x30, text("t"), 0x78)]);
});

Deno.test("encode() leaves out reason codes of acknowledgements before MQTT 5", () => {
  assertEquals(
    [...encode({ cmd: "puback", messageId: 1, reasonCode: 0x87 }, 4)],
    [...frame(0x40, 0, 1)],
  );
  assertEquals(
    [...encode({ cmd: "disconnect", reasonCode: 0x8b }, 4)],
    [...frame(0xe0)],
  );
  assertEquals(
    [...encode({ cmd: "unsuback", messageId: 1, granted: [0x11] }, 4)],
    [...frame(0xb0, 0, 1)],
  );
});

Deno.test("encode() writes 0x80 for every failure in a SUBACK before MQTT 5", () => {
  const packet: Packet = {
    cmd: "suback",
    messageId: 1,
    granted: [2, 0x87, 0x8f, 0x80],
  };
  assertEquals(
    [...encode(packet, 4)],
    [...frame(0x90, 0, 1, 2, 0x80, 0x80, 0x80)],
  );
});

Deno.test("encode() writes no session present flag in MQTT 3.1", () => {
  const packet: Packet = {
    cmd: "connack",
    returnCode: 0,
    sessionPresent: true,
  };
  assertEquals([...encode(packet, 3)], [...frame(0x20, 0, 0)]);
});

Deno.test("encode() takes success for granted", () => {
  assertEquals(
    [...encode({ cmd: "pubrel", messageId: 1 }, 5)],
    [...frame(0x62, 0, 1)],
  );
  assertEquals([...encode({ cmd: "disconnect" }, 5)], [...frame(0xe0, 0, 0)]);
});

Deno.test("encode() takes any Uint8Array and leaves the packet as it is", () => {
  const payload = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
  const packet = {
    cmd: "publish",
    topic: "t",
    payload,
    qos: 0,
    dup: false,
    retain: false,
    properties: { correlationData: payload, userProperties: {} },
  };
  const before = structuredClone(packet);
  assertEquals(
    [...encode(packet as unknown as Packet, 5)],
    [...frame(0x30, text("t"), properties(9, data(1, 2)), 1, 2)],
  );
  assertEquals(packet, before);
});

Deno.test("encode() leaves out what is empty or not set among the properties", () => {
  for (
    const empty of [
      { userProperties: {} },
      { reasonString: undefined },
      { reasonString: null },
      {},
      null,
    ]
  ) {
    const packet = {
      cmd: "connack",
      reasonCode: 0,
      sessionPresent: false,
      properties: empty,
    } as unknown as Packet;
    assertEquals([...encode(packet, 5)], [...frame(0x20, 0, 0, 0)]);
  }
});

Deno.test("encode() takes out an empty user name whatever the length of the password", () => {
  for (const length of [0, 1, 107, 108, 109, 110, 111, 112, 113, 20_000]) {
    const password = new Uint8Array(length).fill(7);
    const packet = {
      cmd: "connect",
      protocolVersion: 5,
      clientId: "c",
      clean: false,
      password,
    } as unknown as Packet;
    const decoded = decode(encode(packet, 5), 5);
    assert(decoded.cmd === "connect");
    assertEquals(decoded.username, undefined);
    assertEquals([...decoded.password!], [...password]);
    assertEquals(decoded.clean, false);
  }
});

Deno.test("encode() takes the version of a CONNECT from the argument if it has none", () => {
  const packet: Packet = { cmd: "connect", clientId: "c" };
  for (const version of [3, 4, 5] as const) {
    const decoded = decode(encode(packet, version), 4);
    assert(decoded.cmd === "connect");
    assertEquals(decoded.protocolVersion, version);
  }
});

const publish = {
  cmd: "publish",
  topic: "t",
  payload: "",
  qos: 0,
  dup: false,
  retain: false,
};

const REFUSED: readonly (readonly [string, 3 | 4 | 5, object])[] = [
  ["an unknown packet", 5, { cmd: "reserved" }],
  ["AUTH before MQTT 5", 4, { cmd: "auth", reasonCode: 0 }],
  ["a packet identifier of 0", 4, { cmd: "puback", messageId: 0 }],
  ["a packet identifier of 65536", 4, { cmd: "puback", messageId: 65536 }],
  ["no packet identifier", 4, { cmd: "puback" }],
  ["a packet identifier that is not a number", 4, {
    cmd: "puback",
    messageId: NaN,
  }],
  ["a reason code of another packet", 5, {
    cmd: "puback",
    messageId: 1,
    reasonCode: 0x92,
  }],
  ["a reason code that is not a byte", 5, {
    cmd: "disconnect",
    reasonCode: 256,
  }],
  ["a CONNACK without a return code", 4, {
    cmd: "connack",
    sessionPresent: false,
  }],
  ["a SUBACK without codes", 5, { cmd: "suback", messageId: 1, granted: [] }],
  ["a SUBACK with the code 256", 5, {
    cmd: "suback",
    messageId: 1,
    granted: [256],
  }],
  ["a SUBSCRIBE without filters", 5, {
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [],
  }],
  ["a SUBSCRIBE with QoS 3", 4, {
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: "a", qos: 3 }],
  }],
  ["a SUBSCRIBE with retain handling 3", 5, {
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: "a", qos: 0, rh: 3 }],
  }],
  ["a PUBLISH with QoS 3", 4, { ...publish, qos: 3, messageId: 1 }],
  ["a PUBLISH with a wildcard", 4, { ...publish, topic: "a/+" }],
  ["a PUBLISH with U+0000 in its topic", 4, { ...publish, topic: "\0" }],
  ["a PUBLISH with a topic that is too long", 4, {
    ...publish,
    topic: "x".repeat(65536),
  }],
  ["a PUBLISH with DUP and QoS 0", 4, { ...publish, dup: true }],
  ["a property of another packet", 5, {
    ...publish,
    properties: { receiveMaximum: 1 },
  }],
  ["an unknown property", 5, { ...publish, properties: { color: "red" } }],
  ["a property that is not an integer", 5, {
    ...publish,
    properties: { messageExpiryInterval: 1.5 },
  }],
  ["a property that is out of range", 5, {
    ...publish,
    properties: { topicAlias: 65536 },
  }],
  ["a property of the wrong type", 5, {
    ...publish,
    properties: { contentType: 1 },
  }],
  ["a reason string that is too long", 5, {
    cmd: "disconnect",
    reasonCode: 0,
    properties: { reasonString: "x".repeat(65536) },
  }],
  ["a CONNECT of MQTT 3.1 without a client identifier", 3, {
    cmd: "connect",
    clientId: "",
  }],
  ["a password without a user name before MQTT 5", 4, {
    cmd: "connect",
    clientId: "c",
    password: Uint8Array.of(1),
  }],
];

for (const [description, version, packet] of REFUSED) {
  Deno.test(`encode() refuses ${description}`, () => {
    assertThrows(
      () => encode(packet as Packet, version),
      TypeError,
      "Cannot encode",
    );
  });
}
