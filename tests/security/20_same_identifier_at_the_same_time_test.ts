/** Class 20: many connections with one client identifier at the same time. */

import { assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { lasting, VERSIONS } from "./_attack.ts";

/** Answers after a time that differs from client to client. */
function slowly() {
  let count = 0;
  return {
    async authenticate(): Promise<boolean> {
      const delay = count++ * 7 % 5;
      await new Promise((resolve) => setTimeout(resolve, delay));
      return true;
    },
  };
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: of fifty at once one stays, with the session and all that waits for it`, async () => {
    await using broker = await startBroker({ plugins: [slowly()] });
    const options = { ...lasting(version), clientId: "c" };
    const first = await TestClient.connect(broker, options);
    await first.subscribe("t", 1);
    await first.disconnect();
    for (let i = 0; i < 20; i++) {
      broker.context.publish("t", `${i}`, { qos: 1 });
    }
    const clients = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const client = await TestClient.open(broker, version);
        const { version: _, ...packet } = options;
        await client.send({
          cmd: "connect",
          protocolId: version === 3 ? "MQIsdp" : "MQTT",
          protocolVersion: version,
          keepalive: 0,
          ...packet,
        } as never);
        return client;
      }),
    );
    const ended = new Set<TestClient>();
    for (const client of clients) {
      void client.closed().then(() => ended.add(client), () => {});
    }
    await eventually(() => ended.size === 49);
    const [last] = clients.filter((client) => !ended.has(client));
    await last.expect("connack");
    for (let i = 0; i < 20; i++) {
      assertEquals(await last.message(), `t: ${i}`);
    }
    await last.ping();
    const { clientsConnected, clientsDisconnected, inflightOut, queued } =
      broker.context.stats();
    assertEquals([clientsConnected, clientsDisconnected], [1, 0]);
    assertEquals([inflightOut, queued], [20, 0]);
    for (const client of clients) await client.close();
  });
}

Deno.test("a will that is due after its session has ended is sent once, at the end", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("w");
  const client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    properties: { sessionExpiryInterval: 1 },
    will: {
      topic: "w",
      payload: "w" as never,
      qos: 0,
      retain: false,
      properties: { willDelayInterval: 1000 },
    },
  });
  await client.close();
  assertEquals(await reader.message(), "w: w");
  await reader.ping();
  assertEquals(broker.context.getSession("c"), undefined);
});
