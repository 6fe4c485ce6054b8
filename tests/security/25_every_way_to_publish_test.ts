/** Class 25: a way to publish on which nobody asks for the right. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { webSocketTransport } from "../../broker/transport/mod.ts";
import {
  type Destination,
  eventually,
  startBroker,
  TestClient,
} from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { deny, makeFolder, Rights, VERSIONS } from "./_attack.ts";

/** Opens a connection of each kind. */
function transports(
  broker: Broker,
  path: string,
): ReadonlyArray<readonly [string, () => Promise<Destination>]> {
  return [
    ["TCP", () => Promise.resolve(broker)],
    ["Unix", () => Deno.connect({ transport: "unix", path })],
    ["WebSocket", async () => {
      const { port } = broker.listeners[1];
      const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, "mqtt");
      await new Promise((resolve) => socket.onopen = resolve);
      const peer = { address: "", port: 0 };
      return webSocketTransport(socket, peer) as unknown as Deno.Conn;
    }],
  ];
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: over every transport, one by one, in a row, with every QoS, by alias and as a will`, async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/socket`;
    await using broker = await startBroker({
      listeners: {
        default: { bind: "127.0.0.1:0" },
        ws: { type: "ws", bind: "127.0.0.1:0" },
        local: { type: "unix", path },
      },
      plugins: [{ auth_anonymous: null }, Rights],
    });
    const { context } = broker;
    await using reader = await TestClient.connect(broker, { clientId: "r" });
    await reader.subscribe("secret", 2);
    const refused = () => context.stats().dropped.topic_refused;
    for (const [name, open] of transports(broker, path)) {
      const will = {
        topic: "secret",
        payload: "w" as never,
        qos: 0,
        retain: true,
      } as const;
      await using client = await TestClient.connect(await open(), {
        version,
        will,
      });
      using _ = deny("publish secret");
      const before = refused();
      await client.send(publish("secret", "alone"));
      await eventually(() => refused() === before + 1, name);
      // Many in one read take a shorter way.
      const row = Array.from({ length: 50 }, () => publish("secret", "row"));
      await client.send(...row);
      await eventually(() => refused() === before + 51, name);
      for (const retain of [false, true]) {
        for (const payload of ["x", ""]) {
          await client.send(publish("secret", payload, { retain }));
          for (const qos of [1, 2] as const) {
            const messageId = ++client.lastId;
            await client.send(
              publish("secret", payload, { retain, qos, messageId }),
            );
            await client.expect(qos === 1 ? "puback" : "pubrec");
          }
        }
      }
      assertEquals(refused(), before + 63);
      if (version === 5) {
        const properties = { topicAlias: 1 };
        const alias = publish("", "alias", { properties });
        await client.send(
          publish("secret", "alias", { properties }),
          ...Array.from({ length: 10 }, () => alias),
        );
        await eventually(() => refused() === before + 74, name);
      }
      const { denied } = context.stats().dropped;
      await client.close();
      await eventually(() => context.stats().dropped.denied === denied + 1);
    }
    await reader.ping();
    assertEquals(context.retained.size, 0);
  });
}

Deno.test("a right that is lost in the middle of a row of messages stops the rest of it", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_anonymous: null }, Rights],
  });
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t");
  let count = 0;
  let denial: Disposable | undefined;
  broker.context.subscribe("t", () => {
    if (++count === 10) denial = deny("publish t");
  });
  await using client = await TestClient.connect(broker);
  await client.send(...Array.from({ length: 50 }, () => publish("t", "x")));
  await client.ping();
  denial?.[Symbol.dispose]();
  for (let i = 0; i < 10; i++) assertEquals(await reader.message(), "t: x");
  await reader.ping();
});
