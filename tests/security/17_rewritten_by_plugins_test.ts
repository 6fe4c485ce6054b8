/** Class 17: what a plugin rewrites, past the rules. */

import { assertEquals } from "@std/assert";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  BasePlugin,
  type MessageEvent,
  type PacketEvent,
} from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { deny, Rights, VERSIONS } from "./_attack.ts";

/** Changes whatever it is shown, as far as it can. */
class Meddler extends BasePlugin {
  static seen = 0;

  override onBrokerMessageReceived({ message }: MessageEvent): void {
    Meddler.seen++;
    for (const [key, value] of Object.entries(REWRITTEN)) {
      Reflect.set(message, key, value);
    }
  }

  override onMqttPacketReceived({ packet }: PacketEvent): void {
    if (packet.cmd === "publish") Object.assign(packet, REWRITTEN);
    if (packet.cmd === "subscribe") {
      for (const one of packet.subscriptions) one.topic = "secret/#";
    }
    if (packet.cmd === "connect" && packet.will !== undefined) {
      packet.will.topic = "secret/will";
    }
  }
}

const REWRITTEN = { topic: "secret/1", payload: "forged" };

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a plugin that rewrites what it observes gets nobody past the rules`, async () => {
    await using broker = await startBroker({
      plugins: [{ auth_anonymous: null }, Rights, Meddler],
    });
    // The broker looks for itself: this is not asked about.
    const secrets: string[] = [];
    broker.context.subscribe(
      "secret/#",
      ({ topic }) => void secrets.push(topic),
    );
    using _ = deny(
      "subscribe secret/#",
      "publish secret/1",
      "publish secret/will",
    );
    const will = {
      topic: "public/will",
      payload: "w" as never,
      qos: 0,
      retain: false,
    } as const;
    await using client = await TestClient.connect(broker, { version, will });
    assertEquals(client.code, 0);
    assertEquals(await client.subscribe("public/#", 2), [2]);
    Meddler.seen = 0;
    for (const qos of [0, 1, 2] as const) {
      const messageId = qos === 0 ? undefined : qos;
      await client.send(publish("public/1", "x", { qos, messageId }));
      const got: string[] = [];
      // QoS 1 and 2 are acknowledged before or behind it.
      for (let i = 0; i < (qos === 0 ? 1 : 2); i++) {
        const packet = await client.next();
        if (packet.cmd === "publish") {
          got.push(`${packet.topic}: ${packet.payload}`);
        }
      }
      assertEquals(got, ["public/1: x"]);
    }
    assertEquals(Meddler.seen, 3);
    const filters = [...broker.context.subscriptions()];
    assertEquals(filters.map(({ filter }) => filter), ["public/#"]);
    await using reader = await TestClient.connect(broker);
    // The meddler has its hands in this, too.
    await reader.subscribe("public/will");
    await client.close();
    assertEquals(await reader.message(), "public/will: w");
    assertEquals(secrets, []);
    assertEquals(broker.context.retained.size, 0);
  });
}

/** Gives every client the name of its choice, as a certificate or a token would. */
class Names extends BaseAuthPlugin {
  authenticate({ session }: AuthenticateEvent): boolean {
    session.username = session.username === "admin" ? "guest" : "admin";
    return true;
  }
}

Deno.test("the rules are those of the name that a plugin gave, not of the one that the client sent", async () => {
  await using broker = await startBroker({
    plugins: [Names, {
      topic_acl: {
        subscribeAcl: { admin: ["#"], "*": ["users/%u/#"] },
        publishAcl: { admin: ["#"], "*": [] },
      },
    }],
  });
  await using impostor = await TestClient.connect(broker, {
    version: 5,
    username: "admin",
    clientId: "c",
  });
  assertEquals(
    await impostor.subscribe(["#", "users/admin/x", "users/guest/x"]),
    [0x87, 0x87, 0],
  );
  await impostor.send(publish("users/guest/x", "x", { qos: 1, messageId: 9 }));
  assertEquals((await impostor.expect("puback")).reasonCode, 0x87);
  await using admin = await TestClient.connect(broker, {
    version: 5,
    username: "somebody",
  });
  assertEquals(await admin.subscribe("#"), [0]);
  // A session belongs to the given name, too.
  await using thief = await TestClient.connect(broker, {
    version: 5,
    username: "else",
    clientId: "c",
  });
  assertEquals(thief.code, 0x85);
});
