/** Class 19: what happens to a session before anybody knows who asks for it. */

import { assertEquals } from "@std/assert";
import type { AuthenticateEvent } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { assertUntouched, codeOf, lasting, VERSIONS } from "./_attack.ts";

/** Knows one password, and takes a moment to say so. */
const slowDoor = {
  async authenticate({ session }: AuthenticateEvent): Promise<boolean> {
    const password = new TextDecoder().decode(session.password);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return password === "right";
  },
};

for (const version of VERSIONS) {
  const right = {
    ...lasting(version),
    clientId: "c",
    username: "u",
    password: "right" as never,
    will: { topic: "w", payload: "w" as never, qos: 1, retain: true },
  } as const;
  const wrong = {
    ...right,
    clean: true,
    password: "wrong" as never,
    will: { ...right.will, topic: "forged" },
  };
  const refused = version === 5 ? 0x87 : 5;

  Deno.test(`MQTT ${version}: a wrong password neither disconnects a client nor ends its session`, async () => {
    await using broker = await startBroker({
      plugins: [slowDoor],
      maxLoginFailuresPerAddress: 0,
      maxLoginFailuresPerUser: 0,
    });
    const client = await TestClient.connect(broker, right);
    await client.subscribe("t", 1);
    for (let i = 0; i < 3; i++) {
      assertEquals(await codeOf(broker, wrong), refused);
    }
    await assertUntouched(client);
    assertEquals(broker.context.getSession("c")?.will?.topic, "w");
    await client.disconnect();
    broker.context.publish("t", "kept", { qos: 1 });
    for (let i = 0; i < 3; i++) {
      assertEquals(await codeOf(broker, wrong), refused);
    }
    assertEquals(broker.context.getSession("c")?.queuedCount, 1);
    assertEquals(broker.context.retained.size, 0);
    await using back = await TestClient.connect(broker, right);
    assertEquals(await back.message(), "t: kept");
  });

  Deno.test(`MQTT ${version}: who is refused leaves no session, no will and no subscription`, async () => {
    await using broker = await startBroker({ plugins: [slowDoor] });
    await using client = await TestClient.open(broker, version);
    const { version: _, ...packet } = wrong;
    await client.send(
      {
        cmd: "connect",
        protocolId: version === 3 ? "MQIsdp" : "MQTT",
        protocolVersion: version,
        keepalive: 0,
        ...packet,
      },
      {
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "#", qos: 0 }],
      },
    );
    await client.expect("connack");
    await client.closed();
    await gone(broker, "c");
    assertEquals([...broker.context.sessions], []);
    const { subscriptions, retained } = broker.context.stats();
    assertEquals([subscriptions, retained], [0, 0]);
  });
}
