/** Bridges of other brokers, which set a bit of the protocol level. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";

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
}
