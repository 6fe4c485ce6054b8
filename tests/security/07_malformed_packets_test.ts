/** Class 7: packets that are no packets. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { frame, properties, text } from "../protocol/_helpers.ts";
import { assertServes, leftOver } from "./_attack.ts";

const SURROGATE = Uint8Array.of(0xed, 0xa0, 0x80);
const OVERLONG = Uint8Array.of(0xc0, 0xaf);
const CUT = Uint8Array.of(0xe2, 0x82);

/** What a connected client of MQTT 5 sends, and the code that it is told. */
const MALFORMED: ReadonlyArray<
  readonly [what: string, bytes: readonly number[], code: number]
> = [
  ["a remaining length of five bytes", [0x30, 0x80, 0x80, 0x80, 0x80, 1], 0x81],
  ["a remaining length that is not the shortest", [0xc0, 0x80, 0], 0x81],
  ["a reserved type", [0x00, 0], 0x81],
  ["reserved flags of PUBACK", frame(0x41, [0, 1]), 0x81],
  [
    "reserved flags of SUBSCRIBE",
    frame(0x80, [0, 1, 0, ...text("a"), 0]),
    0x81,
  ],
  ["reserved flags of PINGREQ", [0xc1, 0], 0x81],
  ["QoS 3", frame(0x36, [...text("a"), 0, 1, 0]), 0x81],
  ["DUP at QoS 0", frame(0x38, [...text("a"), 0]), 0x81],
  [
    "packet identifier 0 of PUBLISH",
    frame(0x32, [...text("a"), 0, 0, 0]),
    0x81,
  ],
  [
    "packet identifier 0 of SUBSCRIBE",
    frame(0x82, [0, 0, 0, ...text("a"), 0]),
    0x81,
  ],
  ["packet identifier 0 of PUBREL", frame(0x62, [0, 0]), 0x81],
  ["a topic longer than its packet", [0x30, 4, 0xff, 0xff, 0x61, 0], 0x81],
  ["an empty topic without an alias", frame(0x30, [...text(""), 0]), 0x82],
  ["a wildcard in a topic", frame(0x30, [...text("a/+"), 0]), 0x90],
  ["a null character in a topic", frame(0x30, [...text("a\0"), 0]), 0x81],
  ["a surrogate in a topic", frame(0x30, [...text(SURROGATE), 0]), 0x81],
  ["overlong UTF-8 in a topic", frame(0x30, [...text(OVERLONG), 0]), 0x81],
  [
    "UTF-8 that is cut off in a filter",
    frame(0x82, [0, 1, 0, ...text(CUT), 0]),
    0x81,
  ],
  ["an empty filter", frame(0x82, [0, 1, 0, ...text(""), 0]), 0x81],
  [
    "reserved subscription options",
    frame(0x82, [0, 1, 0, ...text("a"), 0x40]),
    0x81,
  ],
  ["a SUBSCRIBE without filters", frame(0x82, [0, 1, 0]), 0x82],
  ["an UNSUBSCRIBE without filters", frame(0xa2, [0, 1, 0]), 0x82],
  [
    "a property that does not exist",
    frame(0x30, [...text("a"), ...properties(0x7f)]),
    0x81,
  ],
  [
    "a property of another packet",
    frame(0x30, [...text("a"), ...properties(0x11, [0, 0, 0, 1])]),
    0x81,
  ],
  [
    "a property twice",
    frame(0x30, [...text("a"), ...properties([1, 0], [1, 0])]),
    0x82,
  ],
  ["a property that is cut off", frame(0x30, [...text("a"), 2, 2, 0]), 0x81],
  [
    "properties longer than the packet",
    frame(0x30, [...text("a"), 0x7f]),
    0x81,
  ],
  [
    "a length of properties of five bytes",
    frame(0x30, [...text("a"), 0xff, 0xff, 0xff, 0xff, 1]),
    0x81,
  ],
  ["a reason code that does not exist", frame(0x40, [0, 1, 0x55, 0]), 0x81],
  ["a PINGREQ with a body", [0xc0, 1, 0], 0x81],
  ["bytes behind a PUBACK", frame(0x40, [0, 1, 0, 0, 7]), 0x81],
];

async function send(
  broker: Broker,
  version: 4 | 5,
  bytes: readonly number[],
): Promise<TestClient> {
  const client = await TestClient.connect(broker, { version });
  await client.raw(bytes);
  return client;
}

for (const [what, bytes, code] of MALFORMED) {
  Deno.test(`${what}: the client is told and disconnected, nobody else notices`, async () => {
    await using broker = await startBroker();
    await using client = await send(broker, 5, bytes);
    assertEquals((await client.expect("disconnect")).reasonCode, code);
    assertEquals(await leftOver(client), []);
    await assertServes(broker);
  });
}

Deno.test("a client of MQTT 3.1.1 that sends a malformed packet is disconnected without a word", async () => {
  await using broker = await startBroker();
  const packets = [
    ...[[0x30, 0x80, 0x80, 0x80, 0x80, 1], [0x00, 0], [0xf0, 0], [0xc1, 0]],
    ...[frame(0x36, [...text("a"), 0, 1]), frame(0x30, text(""))],
    ...[frame(0x30, text("a\0")), frame(0x30, text(SURROGATE))],
    ...[frame(0x82, [0, 1]), frame(0x82, [0, 1, ...text("a"), 3])],
    ...[frame(0x82, [0, 1, ...text(""), 0]), frame(0x32, [...text("a"), 0, 0])],
    ...[[0x40, 1, 0], [0xe0, 1, 0]],
  ];
  for (const bytes of packets) {
    await using client = await send(broker, 4, bytes);
    assertEquals(await leftOver(client), [], bytes.join(" "));
  }
  await assertServes(broker);
});

Deno.test("a malformed CONNECT is refused, whatever is wrong with it", async () => {
  await using broker = await startBroker();
  const head = [...text("MQTT"), 5];
  const bodies: number[][] = [
    [...head, 0x03, 0, 0, 0, ...text("c")], // Reserved flag.
    [...head, 0x1e, 0, 0, 0, ...text("c")], // QoS 3 of the will.
    [...head, 0x20, 0, 0, 0, ...text("c")], // Retain without a will.
    [...head, 0x02, 0, 0, 0, ...text(SURROGATE)],
    [...head, 0x02, 0, 0, 0, ...text("c"), 1], // Something behind the end.
    [...head, 0x82, 0, 0, 0, ...text("c")], // No user name.
    [...head, 0x02, 0, 0, ...properties(0x21, [0, 0]), ...text("c")],
    [...head, 0x02, 0, 0, ...properties(0x26, text("k")), ...text("c")],
    [...head, 0x02, 0],
  ];
  for (const body of bodies) {
    await using client = await TestClient.open(broker, 5);
    await client.raw(frame(0x10, body));
    const { reasonCode } = await client.expect("connack");
    assertEquals(reasonCode! >= 0x80, true);
    assertEquals(await leftOver(client), []);
  }
  assertEquals([...broker.context.sessions].length, 0);
  await assertServes(broker);
});
