/** Packets out of state, and the reason codes with which the broker disconnects. */

import { assertEquals } from "@std/assert";
import type { Packet } from "../../codec/mod.ts";
import {
  BaseTopicPlugin,
  type Decision,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import {
  assertClosedSilently,
  assertDisconnected,
  frame,
  publish,
  text,
} from "./_helpers.ts";

const FROM_SERVER: Record<string, number[]> = {
  CONNACK: [0x20, 3, 0, 0, 0],
  SUBACK: [0x90, 4, 0, 1, 0, 0],
  UNSUBACK: [0xb0, 4, 0, 1, 0, 0],
  PINGRESP: [0xd0, 0],
};

for (const [name, bytes] of Object.entries(FROM_SERVER)) {
  Deno.test(`MQTT 5: ${name} from a client is a protocol error (section 4.13)`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version: 5 });
    await client.raw(bytes);
    await assertDisconnected(client, 0x82);
  });
}

for (const version of [3, 4, 5] as const) {
  const ended = (client: TestClient, code: number): Promise<void> =>
    version === 5
      ? assertDisconnected(client, code)
      : assertClosedSilently(client);

  Deno.test(`MQTT ${version}: a second CONNECT is a protocol error [MQTT-3.1.0-2]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    await client.send(connectPacket({ version }), { cmd: "pingreq" });
    await ended(client, 0x82);
    assertEquals([...broker.context.sessions], []);
  });

  Deno.test(`MQTT ${version}: CONNACK from a client ends the connection`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    await client.raw(version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]);
    await ended(client, 0x82);
  });

  Deno.test(`MQTT ${version}: AUTH that nobody asked for ends the connection [MQTT-4.12.0-6]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    await client.raw(frame(0xf0, [0x19, 4, 0x15, ...text("x")]));
    await ended(client, version === 5 ? 0x82 : 0x81);
  });

  Deno.test(`MQTT ${version}: a packet identifier of 0 is malformed [MQTT-2.2.1-3]`, async () => {
    await using broker = await startBroker();
    for (
      const bytes of [
        frame(0x32, [...text("t"), 0, 0, ...(version === 5 ? [0] : [])]),
        frame(0x82, [0, 0, ...(version === 5 ? [0] : []), ...text("t"), 0]),
        [0x40, 2, 0, 0],
        [0x62, 2, 0, 0],
      ]
    ) {
      await using client = await TestClient.connect(broker, { version });
      await client.raw(bytes);
      await ended(client, 0x81);
    }
  });

  Deno.test(`MQTT ${version}: reserved flags and types are malformed [MQTT-2.1.3-1]`, async () => {
    await using broker = await startBroker();
    for (
      const bytes of [
        [0x00, 0],
        [0xc1, 0],
        [0x60, 2, 0, 1],
        frame(0x36, [...text("t"), 0, 1, ...(version === 5 ? [0] : [])]),
        [0xc0, 0x80, 0x80, 0x80, 0x80],
      ]
    ) {
      await using client = await TestClient.connect(broker, { version });
      await client.raw(bytes);
      await ended(client, 0x81);
    }
  });

  Deno.test(`MQTT ${version}: a wildcard in a topic name ends the connection with 0x90 [MQTT-3.3.2-2]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, { version });
    await client.raw(
      frame(0x30, [...text("a/#"), ...(version === 5 ? [0] : [])]),
    );
    await ended(client, 0x90);
  });
}

const FIRST: Packet[] = [
  { cmd: "pingreq" },
  publish("t", "x", { retain: true }),
  { cmd: "disconnect" },
  { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 0 }] },
];

for (const packet of FIRST) {
  Deno.test(`${packet.cmd.toUpperCase()} as the first packet ends the connection [MQTT-3.1.0-1]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.open(broker);
    await client.send(packet);
    await assertClosedSilently(client);
    assertEquals(broker.context.retained.size, 0);
  });
}

Deno.test("a protocol that the broker does not know is told 0x84 or 1 [MQTT-3.1.2-2]", async () => {
  await using broker = await startBroker({ versions: ["3.1.1"] });
  await using five = await TestClient.connect(broker, { version: 5 });
  assertEquals(five.code, 0x84);
  await assertClosedSilently(five);
  await using old = await TestClient.connect(broker, { version: 3 });
  assertEquals(old.code, 1);
  await using six = await TestClient.open(broker, 5);
  await six.raw(frame(0x10, [...text("MQTT"), 6, 2, 0, 0, 0, ...text("c")]));
  assertEquals((await six.expect("connack")).reasonCode, 0x84);
  await assertClosedSilently(six);
});

Deno.test("MQTT 5: a malformed CONNECT is refused in a CONNACK, not a DISCONNECT [MQTT-3.1.4-1] [MQTT-3.14.0-1]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.open(broker, 5);
  // The reserved flag is set.
  await client.raw(frame(0x10, [...text("MQTT"), 5, 3, 0, 0, 0, ...text("c")]));
  assertEquals((await client.expect("connack")).reasonCode, 0x81);
  await assertClosedSilently(client);
});

Deno.test("MQTT 5: QoS and retain that CONNACK ruled out end the connection [MQTT-3.2.2-11] [MQTT-3.2.2-14]", async () => {
  await using broker = await startBroker({ maxQos: 1, retainAvailable: false });
  {
    await using client = await TestClient.connect(broker, { version: 5 });
    const { properties } = client.connack!;
    assertEquals(
      [properties?.maximumQoS, properties?.retainAvailable],
      [1, false],
    );
    // A subscription is granted what there is [MQTT-3.2.2-10].
    assertEquals(await client.subscribe("t", 2), [1]);
    await client.send(publish("t", "", { qos: 2, messageId: 1 }));
    await assertDisconnected(client, 0x9b);
  }
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.send(publish("t", "", { retain: true }));
  await assertDisconnected(client, 0x9a);
});

Deno.test("MQTT 5: what a plugin or a shutdown ends is told why (section 3.14.2.1)", async () => {
  await using broker = await startBroker();
  await using one = await TestClient.connect(broker, {
    version: 5,
    clientId: "one",
  });
  broker.context.disconnect("one", { reasonString: "tea time" });
  const packet = await one.expect("disconnect");
  assertEquals(
    [packet.reasonCode, packet.properties?.reasonString],
    [0x98, "tea time"],
  );
  await using two = await TestClient.connect(broker, { version: 5 });
  await using old = await TestClient.connect(broker, { version: 4 });
  const stopped = broker.shutdown();
  await assertDisconnected(two, 0x8b);
  await two.close();
  await assertClosedSilently(old);
  await old.close();
  await stopped;
});

/** Keeps a secret, and says so. */
class Secret extends BaseTopicPlugin {
  topicFiltering({ topic }: TopicFilteringEvent): Decision {
    return topic !== "secret" ||
      { allow: false, reasonString: "it is a secret" };
  }
}

Deno.test("MQTT 5: request problem information decides on reason strings [MQTT-3.1.2-29]", async () => {
  await using broker = await startBroker({
    plugins: [{ "auth_anonymous": null }, Secret],
  });
  for (const requestProblemInformation of [true, undefined, false]) {
    await using client = await TestClient.connect(broker, {
      version: 5,
      properties: { requestProblemInformation },
    });
    const messageId = 1;
    await client.send(publish("secret", "", { qos: 1, messageId }));
    const puback = await client.expect("puback");
    assertEquals(puback.reasonCode, 0x87);
    await client.send(publish("secret", "", { qos: 2, messageId }));
    const pubrec = await client.expect("pubrec");
    assertEquals(pubrec.reasonCode, 0x87);
    await client.send({
      cmd: "subscribe",
      messageId,
      subscriptions: ["a#", "ok", "b#", "+c"].map((topic) => ({
        topic,
        qos: 0,
      })),
    });
    const suback = await client.expect("suback");
    assertEquals(suback.granted, [0x8f, 0, 0x8f, 0x8f]);
    await client.raw([0xd0, 0]);
    const disconnect = await client.expect("disconnect");
    const texts = [puback, pubrec, suback, disconnect]
      .map(({ properties }) => properties?.reasonString);
    assertEquals(
      texts.slice(0, 3),
      requestProblemInformation === false
        ? [undefined, undefined, undefined]
        : [
          "it is a secret",
          "it is a secret",
          '"#" is not a level of its own at the end; "+" is not a level of its own',
        ],
    );
    assertEquals(texts[3] !== undefined, requestProblemInformation !== false);
  }
});

Deno.test("MQTT 5: response information is sent to who asks, if there is any [MQTT-3.1.2-28]", async () => {
  for (const responseInformation of [undefined, "answers/%c/$&"]) {
    await using broker = await startBroker({ responseInformation });
    for (const asks of [true, false, undefined]) {
      await using client = await TestClient.connect(broker, {
        version: 5,
        clientId: "me",
        properties: { requestResponseInformation: asks },
      });
      const { properties } = client.connack!;
      assertEquals(
        properties?.responseInformation,
        asks && responseInformation ? "answers/me/$&" : undefined,
      );
    }
  }
});

Deno.test("clients may not publish to topics that begin with $", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe("$SYS/#");
  await client.publish("$SYS/x", "fake", { qos: 1 });
  await client.publish("$SYS/x", "fake", { qos: 2 });
  await client.publish("$SYS/x", "fake");
  await client.ping();
  assertEquals(broker.context.stats().dropped.topic_refused, 3);
});

Deno.test("clients may publish to topics that begin with $ if the configuration says so", async () => {
  await using broker = await startBroker({ allowDollarPublish: true });
  await using client = await TestClient.connect(broker, {
    version: 5,
    will: { topic: "$own/will", payload: "w" as never, qos: 0, retain: false },
  });
  await using watcher = await TestClient.connect(broker);
  await watcher.subscribe(["$own/#", "#"], 1);
  await client.send(publish("$own/x", "1", { qos: 1, messageId: 1 }));
  assertEquals((await client.expect("puback")).reasonCode ?? 0, 0);
  assertEquals(await watcher.message(), "$own/x: 1");
  await client.close();
  assertEquals(await watcher.message(), "$own/will: w");
  await watcher.ping();
});

Deno.test("nothing that a client sends after its DISCONNECT is handled (section 3.14.4)", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.send(
    { cmd: "disconnect" },
    publish("t", "late", { retain: true }),
    { cmd: "pingreq" },
  );
  await assertClosedSilently(client);
  assertEquals(broker.context.retained.size, 0);
});
