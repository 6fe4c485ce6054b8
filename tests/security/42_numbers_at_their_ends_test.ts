/** Class 42: numbers at the ends of their ranges, and one beyond. */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import {
  assertDisconnected,
  frame,
  gone,
  properties,
  publish,
  text,
} from "../protocol/_helpers.ts";
import { assertServes, lasting, leftOver } from "./_attack.ts";

/** The most seconds that a configuration may say. */
const LONGEST = 2_147_483;
const MAX32 = [0xff, 0xff, 0xff, 0xff];

/** A CONNECT of MQTT 5 by its bytes. */
function connect(props: number[], will?: number[], keepAlive = [0, 0]) {
  return frame(0x10, [
    ...[...text("MQTT"), 5, will === undefined ? 0 : 4, ...keepAlive],
    ...[...props, ...text("c")],
    ...will === undefined ? [] : [...will, ...text("w"), ...text("w")],
  ]);
}

const REFUSED: ReadonlyArray<readonly [string, number[], number]> = [
  ["receive maximum 0", connect(properties([0x21, 0, 0])), 0x82],
  ["maximum packet size 0", connect(properties([0x27, 0, 0, 0, 0])), 0x82],
  ["request problem information 2", connect(properties([0x17, 2])), 0x82],
  ["request response information 255", connect(properties([0x19, 255])), 0x82],
  ["payload format 2 of a will", connect([0], properties([1, 2])), 0x82],
];

for (const [what, bytes, code] of REFUSED) {
  Deno.test(`${what} is refused`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.open(broker, 5);
    await client.raw(bytes);
    assertEquals((await client.expect("connack")).reasonCode, code);
    assertEquals(await leftOver(client), []);
    await assertServes(broker);
  });
}

const TAKEN: ReadonlyArray<readonly [string, number[]]> = [
  ["receive maximum 65535", connect(properties([0x21, 0xff, 0xff]))],
  ["receive maximum 1", connect(properties([0x21, 0, 1]))],
  ["maximum packet size 2^32 - 1", connect(properties([0x27, ...MAX32]))],
  ["topic alias maximum 65535", connect(properties([0x22, 0xff, 0xff]))],
  ["session expiry 2^32 - 1", connect(properties([0x11, ...MAX32]))],
  [
    "session expiry 2^32 - 2",
    connect(properties([0x11, 0xff, 0xff, 0xff, 0xfe])),
  ],
  ["keep alive 65535", connect([0], undefined, [0xff, 0xff])],
  ["will delay 2^32 - 1", connect([0], properties([0x18, ...MAX32]))],
  ["expiry of a will 2^32 - 1", connect([0], properties([2, ...MAX32]))],
  ["expiry of a will 0", connect([0], properties([2, 0, 0, 0, 0]))],
];

for (const [what, bytes] of TAKEN) {
  Deno.test(`${what} is taken, and the client is served`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.open(broker, 5);
    await client.raw(bytes);
    assertEquals((await client.expect("connack")).reasonCode, 0);
    await client.subscribe("t", 2);
    for (const qos of [0, 1, 2] as const) {
      broker.context.publish("t", `${qos}`, { qos });
    }
    for (const qos of [0, 1, 2]) {
      // With an alias the topic is named once. With a receive maximum of 1 one waits.
      if (qos === 2 && what === "receive maximum 1") break;
      assertEquals(`${(await client.expect("publish")).payload}`, `${qos}`);
    }
    await client.close();
    await gone(broker, "c");
    await assertServes(broker);
  });
}

Deno.test("a client that takes no packet at all is closed, and nothing is sent to it", async () => {
  await using broker = await startBroker();
  for (const size of [1, 2, 4, 10]) {
    await using client = await TestClient.open(broker, 5);
    await client.raw(connect(properties([0x27, 0, 0, 0, size])));
    assertEquals(await leftOver(client), []);
  }
  await assertServes(broker);
});

Deno.test("what is to happen in 136 years does not happen now", async () => {
  await using broker = await startBroker({
    connectTimeout: LONGEST,
    timeoutDisconnectDelay: LONGEST,
    loginBanTime: LONGEST,
    pluginTimeout: LONGEST,
  });
  await using waiting = await TestClient.open(broker);
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("#");
  const client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    keepalive: 65535,
    properties: { sessionExpiryInterval: 0xfffffffe },
    will: {
      topic: "w",
      payload: "w" as never,
      qos: 0,
      retain: false,
      properties: { willDelayInterval: 0xfffffffe },
    },
  });
  await client.publish("t", "x", {
    retain: true,
    properties: { messageExpiryInterval: 0xffffffff },
  });
  assertEquals(await reader.message(), "t: x");
  await client.close();
  await gone(broker, "c");
  // A timer that took these for nothing would have gone off by now.
  for (let i = 0; i < 20; i++) await reader.ping();
  await using back = await TestClient.connect(broker, {
    ...lasting(5),
    clientId: "c",
  });
  assertEquals(back.connack?.sessionPresent, true);
  await back.subscribe("t");
  const { properties } = await back.expect("publish");
  assert(properties!.messageExpiryInterval! > 0xfffffff0);
  // It was not forgotten either: who owes its CONNECT is still there.
  await waiting.send({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId: "w",
    clean: true,
    keepalive: 0,
  });
  await waiting.expect("connack");
});

Deno.test("a message that expires at once is nobody's later", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.publish("t", "x", {
    retain: true,
    properties: { messageExpiryInterval: 0 },
  });
  await eventually(() => broker.context.retained.get("t") === undefined);
  await client.subscribe("t");
  await client.ping();
});

Deno.test("subscription identifiers and topic aliases at their ends", async () => {
  await using broker = await startBroker({ topicAliasMaximum: 65535 });
  const subscribe = (identifier: number[]) =>
    frame(0x82, [0, 1, ...properties([0x0b, ...identifier]), ...text("t"), 0]);
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.raw(subscribe([0xff, 0xff, 0xff, 0x7f]));
  await client.expect("suback");
  await client.send(publish("t", "x", { properties: { topicAlias: 65535 } }));
  const { properties: got } = await client.expect("publish");
  assertEquals([got?.subscriptionIdentifier].flat(), [268_435_455]);
  for (
    const [bytes, code] of [
      [subscribe([0]), 0x82],
      [subscribe([0xff, 0xff, 0xff, 0xff, 1]), 0x81],
      [frame(0x30, [...text("t"), ...properties([0x23, 0, 0])]), 0x94],
      [frame(0x30, [...text(""), ...properties([0x23, 0, 1])]), 0x82],
    ] as const
  ) {
    await using other = await TestClient.connect(broker, { version: 5 });
    await other.raw(bytes);
    await assertDisconnected(other, code);
  }
  await assertServes(broker);
});

Deno.test("packet identifiers go round, and none is used twice at a time", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe("t", 1);
  // One stays unacknowledged all the time.
  broker.context.publish("t", "kept", { qos: 1 });
  const { messageId: kept } = await client.expect("publish");
  const batch = 500;
  for (let sent = 0; sent < 66_000; sent += batch) {
    for (let i = 0; i < batch; i++) broker.context.publish("t", "", { qos: 1 });
    const acks = [];
    for (let i = 0; i < batch; i++) {
      const { messageId } = await client.expect("publish");
      assert(messageId !== kept && messageId! > 0 && messageId! < 65536);
      acks.push({ cmd: "puback", messageId } as const);
    }
    await client.send(...acks);
  }
  await client.ping();
  assertEquals(broker.context.stats().inflightOut, 1);
});
