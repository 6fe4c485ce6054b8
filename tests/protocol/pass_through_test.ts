/** Properties that the broker passes on as they are: compared byte by byte (MQTT 5, section 3.3.2.3). */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import {
  frame,
  gone,
  properties,
  publish,
  RawClient,
  subscribe,
  text,
} from "./_helpers.ts";

// Not in the order of their numbers, and one name twice with another in between.
const PROPERTIES = [
  ...[0x26, ...text("b"), ...text("1")],
  ...[0x03, ...text("text/plain; charset=utf-8")],
  ...[0x26, ...text("a"), ...text("")],
  ...[0x09, ...text(Uint8Array.of(0, 255, 0x26, 0, 128))],
  ...[0x26, ...text("b"), ...text("2")],
  ...[0x01, 1],
  ...[0x08, ...text("re/ply")],
  ...[0x26, ...text(""), ...text("\u{FEFF}ü€😀")],
];
const PAYLOAD = [...new TextEncoder().encode("payload ü")];

/** A PUBLISH; the broker's own properties stand before those of the publisher. */
function message(
  first: number,
  id: number[],
  own: number[] = [],
  topic: string = "t",
): number[] {
  return frame(first, [
    ...text(topic),
    ...id,
    ...properties(own, PROPERTIES),
    ...PAYLOAD,
  ]);
}

async function subscriber(
  broker: Broker,
  qos = 2,
  identifier: number[] = [],
): Promise<RawClient> {
  const client = await RawClient.connect(broker, "reader");
  await client.send(
    frame(0x82, [0, 1, ...properties(identifier), ...text("t"), qos]),
  );
  assertEquals((await client.frame())[0], 0x90);
  return client;
}

const RULES =
  "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]";

for (const qos of [0, 1, 2]) {
  const id = qos === 0 ? [] : [0, 1];
  const first = 0x30 | qos << 1;

  Deno.test(`QoS ${qos}: properties are passed on unaltered and in order ${RULES}`, async () => {
    await using broker = await startBroker();
    using reader = await subscriber(broker);
    using sender = await RawClient.connect(broker, "sender");
    await sender.send(message(first, id));
    assertEquals(await reader.frame(), message(first, id));
  });

  Deno.test(`QoS ${qos}: so they are beside an alias, an expiry and an identifier [MQTT-3.3.2-18]`, async () => {
    await using broker = await startBroker();
    using reader = await subscriber(broker, 2, [0x0b, 7]);
    using sender = await RawClient.connect(broker, "sender");
    const mixed = [
      ...[0x23, 0, 5],
      // The first user property is 7 bytes long.
      ...PROPERTIES.slice(0, 7),
      ...[0x02, 0, 0, 0, 100],
      ...PROPERTIES.slice(7),
    ];
    await sender.send(
      frame(first, [...text("t"), ...id, ...properties(mixed), ...PAYLOAD]),
    );
    assertEquals(
      await reader.frame(),
      message(first, id, [0x02, 0, 0, 0, 100, 0x0b, 7]),
    );
  });
}

Deno.test(`a lower QoS changes nothing of the properties ${RULES}`, async () => {
  await using broker = await startBroker();
  using reader = await subscriber(broker, 0);
  using sender = await RawClient.connect(broker, "sender");
  await sender.send(message(0x34, [0, 9]));
  assertEquals(await reader.frame(), message(0x30, []));
});

Deno.test(`retained messages keep their properties ${RULES}`, async () => {
  await using broker = await startBroker();
  using sender = await RawClient.connect(broker, "sender");
  await sender.send(message(0x33, [0, 9]));
  await sender.frame();
  using reader = await subscriber(broker);
  assertEquals(await reader.frame(), message(0x33, [0, 1]));
});

Deno.test(`queued and repeated messages keep their properties ${RULES}`, async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "lasting",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  {
    await using client = await TestClient.connect(broker, lasting);
    await client.subscribe("t", 1);
  }
  await gone(broker, "lasting");
  using sender = await RawClient.connect(broker, "sender");
  await sender.send(message(0x32, [0, 9]));
  await sender.frame();
  const expiry = [0x11, 0, 0, 0, 60];
  for (const dup of [0, 8]) {
    using reader = await RawClient.connect(
      broker,
      "lasting",
      properties(expiry),
      5,
      0,
    );
    assertEquals(await reader.frame(), message(0x32 | dup, [0, 1]));
  }
});

Deno.test(`wills keep their properties ${RULES}`, async () => {
  await using broker = await startBroker();
  using reader = await subscriber(broker);
  {
    await using dying = await TestClient.open(broker, 5);
    await dying.raw(frame(0x10, [
      // Clean start, will with QoS 1; the will delay is the broker's.
      ...[...text("MQTT"), 5, 0x0e, 0, 0, 0],
      ...text("dying"),
      ...properties([0x18, 0, 0, 0, 0], PROPERTIES),
      ...text("t"),
      ...text(Uint8Array.from(PAYLOAD)),
    ]));
    await dying.expect("connack");
  }
  assertEquals(await reader.frame(), message(0x32, [0, 1]));
});

Deno.test("clients of MQTT 3.1.1 get the message without properties, and send none", async () => {
  await using broker = await startBroker();
  using reader = await subscriber(broker);
  await using old = await TestClient.connect(broker, { version: 4 });
  await old.subscribe("t", 1);
  using sender = await RawClient.connect(broker, "sender");
  await sender.send(message(0x32, [0, 9]));
  const packet = await old.expect("publish");
  assertEquals([...packet.payload], PAYLOAD);
  await reader.frame();
  await old.send(publish("t", "plain"));
  assertEquals(
    await reader.frame(),
    frame(0x30, [...text("t"), 0, ...new TextEncoder().encode("plain")]),
  );
});

Deno.test("a payload that looks like anything is passed on as it is", async () => {
  await using broker = await startBroker();
  using reader = await subscriber(broker);
  using sender = await RawClient.connect(broker, "sender");
  const bytes = Array.from({ length: 3000 }, (_, i) => i * 7 & 255);
  const packet = frame(0x30, [...text("t"), 0, ...bytes]);
  for (const size of [1, 100, packet.length]) {
    for (let i = 0; i < packet.length; i += size) {
      await sender.send(packet.slice(i, i + size));
    }
    assertEquals(await reader.frame(), packet);
  }
});

for (const version of [4, 5] as const) {
  Deno.test(`MQTT ${version}: packets that arrive together are passed on one by one, in order [MQTT-4.6.0-5]`, async () => {
    await using broker = await startBroker();
    await using plain = await TestClient.connect(broker, { version });
    await using other = await TestClient.connect(broker, {
      version: version === 5 ? 4 : 5,
    });
    await using options = await TestClient.connect(broker, { version: 5 });
    await plain.subscribe("#", 1);
    await other.subscribe("#", 1);
    await subscribe(options, { topic: "#", qos: 0, rap: true }, 5);
    await using sender = await TestClient.connect(broker, { version });
    // Runs of one topic, broken by other topics, flags, QoS and lengths.
    const sent = Array.from({ length: 300 }, (_, i) => {
      const qos = i % 17 === 3 ? 1 : 0;
      return publish(i % 50 < 30 ? "a" : `b${i % 3}`, "-".repeat(i % 40) + i, {
        qos,
        retain: i % 23 === 5,
        ...qos === 1 && { messageId: 1 },
        ...version === 5 && i % 29 === 7 &&
          { properties: { contentType: `${i}` } },
      });
    });
    await sender.send(...sent);
    for (const { topic, payload, qos, retain, properties } of sent) {
      for (const reader of [plain, other, options]) {
        const packet = await reader.expect("publish");
        assertEquals(
          [packet.topic, `${packet.payload}`, packet.qos, packet.retain],
          [
            topic,
            payload,
            reader === options ? 0 : qos,
            reader === options && retain,
          ],
        );
        if (reader.version === 5) {
          const { contentType } = packet.properties ?? {};
          assertEquals(contentType, properties?.contentType);
        }
      }
    }
  });
}
