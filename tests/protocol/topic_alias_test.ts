/** Topic aliases (MQTT 5, section 3.3.2.3.4). */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, publish } from "./_helpers.ts";

const alias = (topicAlias: number) => ({ properties: { topicAlias } });

Deno.test("a client's alias stands for a topic until it is set anew [MQTT-3.3.2-12]", async () => {
  await using broker = await startBroker({ topicAliasMaximum: 5 });
  await using reader = await TestClient.connect(broker, { version: 5 });
  await using sender = await TestClient.connect(broker, { version: 5 });
  assertEquals(sender.connack?.properties?.topicAliasMaximum, 5);
  await reader.subscribe("#", 2);
  const expect = async (line: string) => {
    const packet = await reader.expect("publish");
    assertEquals(`${packet.topic}: ${packet.payload}`, line);
    // The alias is the sender's own.
    assertEquals(packet.properties?.topicAlias, undefined);
  };
  await sender.send(
    publish("a", "1", alias(1)),
    publish("b", "2", alias(5)),
    publish("", "3", alias(1)),
    publish("", "4", { ...alias(5), qos: 1, messageId: 1 }),
    publish("c", "5", alias(1)),
    publish("", "6", { ...alias(1), qos: 2, messageId: 2 }),
    publish("b", "7"),
    publish("", "8", alias(5)),
  );
  for (
    const line of [
      "a: 1",
      "b: 2",
      "a: 3",
      "b: 4",
      "c: 5",
      "c: 6",
      "b: 7",
      "b: 8",
    ]
  ) await expect(line);
});

Deno.test("an alias sets a retained message and lasts as long as its connection [MQTT-3.3.2-7]", async () => {
  await using broker = await startBroker();
  const options = { version: 5, clientId: "c" } as const;
  {
    await using sender = await TestClient.connect(broker, options);
    await sender.send(publish("a", "", alias(1)));
    await sender.publish("", "kept", { retain: true, ...alias(1) });
    assertEquals(broker.context.retained.get("a")?.topic, "a");
  }
  await using sender = await TestClient.connect(broker, options);
  await sender.send(publish("", "x", alias(1)));
  await assertDisconnected(sender, 0x82);
});

Deno.test("an alias of 0 is refused with 0x94 [MQTT-3.3.2-8]", async () => {
  await using broker = await startBroker();
  await using sender = await TestClient.connect(broker, { version: 5 });
  await sender.raw([0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 0]);
  await assertDisconnected(sender, 0x94);
});

Deno.test("an alias above the maximum is refused with 0x94 [MQTT-3.3.2-9]", async () => {
  await using broker = await startBroker({ topicAliasMaximum: 5 });
  await using sender = await TestClient.connect(broker, { version: 5 });
  await sender.send(publish("a", "", alias(6)));
  await assertDisconnected(sender, 0x94);
});

Deno.test("the broker uses aliases up to the client's maximum [MQTT-3.1.2-26] [MQTT-3.3.2-11]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, {
    version: 5,
    properties: { topicAliasMaximum: 2 },
  });
  await using sender = await TestClient.connect(broker, { version: 4 });
  await reader.subscribe("#", 1);
  const topics = new Map<number, string>();
  let short = 0;
  for (let round = 0; round < 3; round++) {
    for (const topic of ["a", "b", "c"]) {
      await sender.publish(topic, `${round}`, { qos: round === 1 ? 1 : 0 });
      const packet = await reader.expect("publish");
      const number = packet.properties?.topicAlias;
      if (number !== undefined) {
        assertEquals(number === 1 || number === 2, true);
        if (packet.topic !== "") topics.set(number, packet.topic);
        else short++;
      }
      const name = packet.topic === "" ? topics.get(number!) : packet.topic;
      assertEquals([name, `${packet.payload}`], [topic, `${round}`]);
    }
  }
  assertEquals(short, 4);
});

Deno.test("without a topic alias maximum the broker sends no alias [MQTT-3.1.2-27]", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker, { version: 5 });
  await reader.subscribe("a");
  for (let i = 0; i < 3; i++) {
    broker.context.publish("a", "x");
    const packet = await reader.expect("publish");
    assertEquals([packet.topic, packet.properties?.topicAlias], [
      "a",
      undefined,
    ]);
  }
});

Deno.test("messages that are repeated after a reconnection carry their topic again [MQTT-3.3.2-7]", async () => {
  await using broker = await startBroker();
  const lasting = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { topicAliasMaximum: 9, sessionExpiryInterval: 60 },
  } as const;
  {
    await using reader = await TestClient.connect(broker, lasting);
    await reader.subscribe("a", 1);
    broker.context.publish("a", "1", { qos: 1 });
    await reader.expect("publish");
  }
  await using reader = await TestClient.connect(broker, lasting);
  assertEquals(await reader.message(), "a: 1");
});
