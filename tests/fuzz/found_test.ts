/** What fuzzing has found, one test for each mistake. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { PacketEvent, PluginsInput } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, publish } from "../protocol/_helpers.ts";
import { wire } from "./wire.ts";

const ANONYMOUS = { "auth_anonymous": null };

Deno.test("a second CONNECT of a version that does not exist ends the client, not the broker", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.raw(wire({
    cmd: "connect",
    clientId: "c",
    clean: true,
    keepAlive: 0,
    protocol: ["MQTT", 9],
    properties: [],
  }, 5));
  await assertDisconnected(client, 0x82);
  await using other = await TestClient.connect(broker);
  await other.ping();
});

Deno.test("nothing follows a DISCONNECT, even if a plugin publishes when it sees it", async () => {
  const plugins: PluginsInput = [ANONYMOUS, {
    onMqttPacketSent({ packet }: PacketEvent): void {
      if (packet.cmd === "disconnect") broker.context.publish("a", "late");
    },
  }];
  await using broker = await startBroker({ plugins });
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
  });
  await client.subscribe("a");
  broker.context.disconnect("c");
  await assertDisconnected(client, 0x98);
  await client.next().then(
    (packet) => assert(false, `${packet.cmd} came`),
    () => {},
  );
});

Deno.test("a client that takes no packet as large as its SUBACK is disconnected", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 64 },
  });
  await client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: Array.from({ length: 100 }, (_, i) => ({
      topic: `${i}`,
      qos: 0,
    })),
  });
  await assertDisconnected(client, 0x95);
});

Deno.test("a client that takes no packet as large as its UNSUBACK is disconnected", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 64 },
  });
  await client.send({
    cmd: "unsubscribe",
    messageId: 1,
    unsubscriptions: Array.from({ length: 100 }, (_, i) => `${i}`),
  });
  await assertDisconnected(client, 0x95);
});

Deno.test("a plugin's reason that the packet cannot carry becomes one that it can", async () => {
  // Unsupported protocol version: no packet but CONNACK has it. Bad authentication
  // method: neither SUBACK nor PUBACK has it.
  const denial = {
    allow: false,
    reasonCode: 0x8c,
    reasonString: `no\0${"x".repeat(70_000)}\ud800`,
  } as const;
  await using broker = await startBroker({
    plugins: [ANONYMOUS, { topicFiltering: () => denial }],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(await client.subscribe("a"), [0x87]);
  await client.send(publish("a", "", { qos: 1, messageId: 7 }));
  const { reasonCode, properties } = await client.expect("puback");
  assertEquals(reasonCode, 0x87);
  assertEquals(properties?.reasonString, `no${"x".repeat(1021)}`);
  await client.send(publish("a", "", { qos: 2, messageId: 8 }));
  assertEquals((await client.expect("pubrec")).reasonCode, 0x87);
});

Deno.test("a reason of authenticate that CONNACK cannot carry becomes one that it can", async () => {
  await using broker = await startBroker({
    plugins: [{
      authenticate: () => ({
        allow: false,
        reasonCode: 0x8e,
        reasonString: "x".repeat(70_000),
      }),
    }],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(client.code, 0x87);
  assertEquals(client.connack?.properties?.reasonString?.length, 1024);
});

Deno.test("a failed re-authentication ends the connection, whatever the plugin's reason", async () => {
  await using broker = await startBroker({
    plugins: [{
      authenticate: () => undefined,
      enhancedAuthenticate: ({ step, reauthentication }: {
        step: number;
        reauthentication: boolean;
      }) =>
        step === 1 && !reauthentication
          ? { result: "success" }
          // Bad user name or password: DISCONNECT does not have it.
          : { allow: false, reasonCode: 0x86 },
    }],
  });
  const properties = { authenticationMethod: "x" };
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    properties,
  });
  await client.send({ cmd: "auth", reasonCode: 0x19, properties });
  await assertDisconnected(client, 0x87);
  assertEquals(broker.context.stats().clientsConnected, 0);
});

Deno.test("disconnect() refuses a reason code that DISCONNECT does not have, and does nothing", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
  });
  assertThrows(
    () => broker.context.disconnect("c", { reasonCode: 0x86 }),
    RangeError,
    '"c": 134 is no reason code of DISCONNECT',
  );
  await client.ping();
});

Deno.test("a message to a shared subscription is acknowledged while a plugin thinks, without a store", async () => {
  await using broker = await startBroker({
    plugins: [ANONYMOUS, {
      topicFiltering: async () => {
        await Promise.resolve();
        return true;
      },
    }],
  });
  await using client = await TestClient.connect(broker);
  await client.subscribe("$share/g/#");
  await client.send(publish("a", "x", { qos: 1, messageId: 7 }));
  const packets = [await client.next(), await client.next()];
  assertEquals(packets.map(({ cmd }) => cmd).sort(), ["puback", "publish"]);
  await client.ping();
});
