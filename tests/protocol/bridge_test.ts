/** Bridges of other brokers, which set a bit of the protocol level. */

import { assertEquals } from "@std/assert";
import { BaseTopicPlugin, type TopicFilteringEvent } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { Watcher } from "../plugins/bundled/_bridge.ts";
import { startMosquitto } from "../plugins/bundled/_mosquitto.ts";

/** Where the client "bridge" may say whether it is connected. */
const STATE = "$SYS/broker/connection/bridge/state";

function will(topic: string) {
  return { topic, payload: "0" as never, qos: 1, retain: true } as const;
}

/** Lets nobody publish the state. */
class NoState extends BaseTopicPlugin {
  topicFiltering({ topic, action }: TopicFilteringEvent): boolean {
    return action !== "publish" || topic !== STATE;
  }
}

for (const version of [3, 4] as const) {
  const bridgeOptions = { version, bridgeMode: true, clientId: "bridge" };

  Deno.test(`A bridge of level ${version} does not get back what it sends, and gets retained messages as such`, async () => {
    await using broker = await startBroker();
    await using bridge = await TestClient.connect(broker, bridgeOptions);
    await using client = await TestClient.connect(broker, { version });
    assertEquals(bridge.code, 0);
    await bridge.subscribe("#", 2);
    await client.subscribe("#", 1);

    await bridge.publish("from/bridge", "1", { qos: 1, retain: true });
    const forwarded = await client.expect("publish");
    assertEquals([forwarded.topic, forwarded.retain], ["from/bridge", false]);
    await bridge.ping();

    for (const retain of [true, false]) {
      await client.send({
        cmd: "publish",
        topic: "from/client",
        payload: "2",
        qos: 0,
        dup: false,
        retain,
      });
      const { topic, retain: got } = await bridge.expect("publish");
      assertEquals([topic, got], ["from/client", retain]);
    }
  });

  Deno.test(`A bridge of level ${version} gets its own messages of a shared subscription`, async () => {
    await using broker = await startBroker();
    await using bridge = await TestClient.connect(broker, bridgeOptions);
    assertEquals(await bridge.subscribe("$share/group/#", 0), [0]);
    await bridge.send({
      cmd: "publish",
      topic: "t",
      payload: "1",
      qos: 0,
      dup: false,
      retain: false,
    });
    assertEquals(await bridge.message(), "t: 1");
  });

  Deno.test(`A session of level ${version} is a bridge's as long as a bridge has it`, async () => {
    await using broker = await startBroker();
    const options = { version, clean: false, clientId: "same" };
    for (const bridgeMode of [true, false, true]) {
      await using client = await TestClient.connect(broker, {
        ...options,
        bridgeMode,
      });
      await client.subscribe("t", 0);
      await client.send({
        cmd: "publish",
        topic: "t",
        payload: "1",
        qos: 0,
        dup: false,
        retain: false,
      });
      if (!bridgeMode) assertEquals(await client.message(), "t: 1");
      await client.ping();
      await client.disconnect();
    }
  });

  Deno.test(`A bridge of level ${version} may say in one topic of $SYS whether it is connected`, async () => {
    await using broker = await startBroker();
    await using watcher = await Watcher.open(broker, "$SYS/#");
    await using bridge = await TestClient.connect(broker, {
      ...bridgeOptions,
      will: will(STATE),
    });
    assertEquals(bridge.code, 0);
    await bridge.publish(STATE, "1", { qos: 1, retain: true });
    assertEquals(await watcher.received(1), [`${STATE}: 1 (r)`]);
    await bridge.close();
    assertEquals((await watcher.received(2))[1], `${STATE}: 0 (r)`);
  });

  Deno.test(`No topic of $SYS but its own state is open to a bridge of level ${version}, and none to others`, async () => {
    await using broker = await startBroker();
    const others = [
      "$SYS/broker/connection/other/state",
      "$SYS/broker/connection/bridge/counters",
      "$SYS/broker/connection/bridge/state/a",
      "$SYS/broker/connection/state",
      "$SYS/broker/uptime",
    ];
    const attempts = [
      ...others.map((topic) => [true, "bridge", topic] as const),
      [false, "bridge", STATE] as const,
      // One level is meant.
      [true, "a/b", "$SYS/broker/connection/a/b/state"] as const,
    ];
    for (const [bridgeMode, clientId, topic] of attempts) {
      const options = { ...bridgeOptions, bridgeMode, clientId };
      await using refused = await TestClient.connect(broker, {
        ...options,
        will: will(topic),
      });
      assertEquals(refused.code, 5, topic);
      await using client = await TestClient.connect(broker, options);
      await client.send({
        cmd: "publish",
        topic,
        payload: "1",
        qos: 0,
        dup: false,
        retain: true,
      });
      // The client is cut off or not heard; in no case the message is kept.
      await client.ping().catch(() => {});
      assertEquals(broker.context.retained.get(topic), undefined, topic);
    }
  });

  Deno.test(`Plugins decide about the state of a bridge of level ${version}, too`, async () => {
    await using broker = await startBroker({
      plugins: ["auth_anonymous", NoState],
    });
    await using refused = await TestClient.connect(broker, {
      ...bridgeOptions,
      will: will(STATE),
    });
    assertEquals(refused.code, 5);
  });
}

Deno.test("A client of level 5, which has no such bit, may not say that it is a bridge", async () => {
  await using broker = await startBroker();
  await using refused = await TestClient.connect(broker, {
    version: 5,
    clientId: "bridge",
    will: will(STATE),
  });
  assertEquals(refused.code, 0x87);
});

Deno.test("mosquitto's bridge comes in with its notifications, and messages cross both ways", async () => {
  await using broker = await startBroker();
  await using here = await Watcher.open(broker, [
    "$SYS/broker/connection/+/state",
    "up/#",
  ], 1);
  await using mosquitto = await startMosquitto([
    "connection here",
    `address 127.0.0.1:${broker.listeners[0].port}`,
    "topic up/# out 1",
    "topic down/# in 1",
  ]);
  const id = `${Deno.hostname()}.here`;
  const state = `$SYS/broker/connection/${id}/state`;
  assertEquals((await here.received(1))[0], `${state}: 1 (r)`);
  await eventually(
    () => [...broker.context.subscriptions(id)].length > 0,
    "subscription of the bridge",
  );
  await using there = await Watcher.open(mosquitto.port, "down/#", 1);
  await using client = await TestClient.connect(mosquitto.port);
  await client.publish("up/1", "from there", { qos: 1 });
  assertEquals((await here.received(2))[1], "up/1: from there");
  broker.context.publish("down/1", "from here", { qos: 1 });
  assertEquals(await there.received(1), ["down/1: from here"]);
  await mosquitto.kill();
  assertEquals((await here.received(3))[2], `${state}: 0 (r)`);
});
