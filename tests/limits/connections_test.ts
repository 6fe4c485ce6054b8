/** How many connections there may be: in total, of one address, before CONNECT; and how fast they may come. */

import { assertEquals, assertRejects } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { assertClosedSilently } from "../protocol/_helpers.ts";
import {
  assertRefused,
  limitsOf,
  reached,
  recordWarnings,
  type Warning,
} from "./_helpers.ts";

/** Two listeners, so that clients come from two addresses. */
const TWO_ADDRESSES = {
  default: { bind: "127.0.0.1:0" },
  second: { bind: "[::1]:0" },
};

async function openSecond(broker: Broker): Promise<TestClient> {
  const { port } = broker.listeners[1];
  return await TestClient.open(await Deno.connect({ hostname: "::1", port }));
}

Deno.test("max-connections: the next one is closed at once, the others stay, and a place becomes free again", async () => {
  await using broker = await startBroker({ maxConnections: 2 });
  await using first = await TestClient.connect(broker);
  const second = await TestClient.connect(broker);
  await assertRefused(broker);
  await assertRefused(broker);
  await reached(broker, { maxConnections: 2 });
  await first.ping();
  await second.disconnect();
  let third: TestClient | undefined;
  while (third === undefined) {
    third = await TestClient.connect(broker).catch(() => undefined);
  }
  await third.close();
});

Deno.test("max-connections of a listener holds for that listener", async () => {
  await using broker = await startBroker({
    listeners: { default: { bind: "127.0.0.1:0", maxConnections: 1 } },
  });
  await using first = await TestClient.connect(broker);
  await assertRefused(broker);
  await reached(broker, { maxConnections: 1 });
  await first.ping();
});

Deno.test("max-connections-per-address: other addresses are not concerned", async () => {
  await using broker = await startBroker({
    listeners: TWO_ADDRESSES,
    maxConnectionsPerAddress: 1,
  });
  await using first = await TestClient.connect(broker);
  await assertRefused(broker);
  await using other = await openSecond(broker);
  await other.send(connectPacket());
  await other.expect("connack");
  await using refused = await openSecond(broker);
  await refused.closed();
  await reached(broker, { maxConnectionsPerAddress: 2 });
  await first.disconnect();
  let again: TestClient | undefined;
  while (again === undefined) {
    again = await TestClient.connect(broker).catch(() => undefined);
  }
  await again.close();
});

Deno.test("max-connections-per-address of a listener", async () => {
  await using broker = await startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0" },
      second: { bind: "[::1]:0", maxConnectionsPerAddress: 1 },
    },
  });
  await using _one = await TestClient.connect(broker);
  await using _two = await TestClient.connect(broker);
  await using _three = await openSecond(broker);
  await using refused = await openSecond(broker);
  await refused.closed();
  await reached(broker, { maxConnectionsPerAddress: 1 });
});

Deno.test("connection-rate: what comes faster is closed at once; other addresses are not concerned", async () => {
  await using broker = await startBroker({
    listeners: TWO_ADDRESSES,
    // Slower than any test, and three at once.
    connectionRate: 0.0001,
  });
  await using _first = await TestClient.connect(broker);
  await assertRefused(broker);
  await assertRefused(broker);
  await reached(broker, { connectionRate: 2 });
  await using other = await openSecond(broker);
  await other.send(connectPacket());
  await other.expect("connack");
});

Deno.test("connection-rate: after a while an address may come again", async () => {
  await using broker = await startBroker({ connectionRate: 20 });
  let refused = 0;
  let accepted = 0;
  // Twenty at once, then one every 50 milliseconds.
  while (refused < 3 || accepted < 25) {
    try {
      const client = await TestClient.connect(broker);
      accepted++;
      await client.close();
    } catch {
      refused++;
    }
  }
  assertEquals(limitsOf(broker).connectionRate, refused);
});

Deno.test("max-pending-connections: who owes its CONNECT for longest makes room", async () => {
  await using broker = await startBroker({
    maxPendingConnections: 3,
    connectTimeout: 60,
  });
  await using ready = await TestClient.connect(broker);
  const waiting = [];
  for (let i = 0; i < 3; i++) waiting.push(await TestClient.open(broker));
  // Nobody is closed who has only just come.
  await assertRefused(broker);
  await reached(broker, { maxPendingConnections: 1 });
  let late: TestClient | undefined;
  while (late === undefined) {
    late = await TestClient.connect(broker).catch(() => undefined);
  }
  await assertClosedSilently(waiting[0]);
  for (const client of waiting.slice(1)) {
    await client.send(connectPacket());
    await client.expect("connack");
  }
  for (const client of [ready, late]) await client.ping();
  for (const client of [...waiting, late]) await client.close();
});

Deno.test("max-pending-connections: who is being authenticated counts, and is never closed for others", async () => {
  const asked: ((yes: boolean) => void)[] = [];
  await using broker = await startBroker({
    maxPendingConnections: 2,
    plugins: [{
      authenticate: () => new Promise<boolean>((yes) => asked.push(yes)),
    }],
  });
  const clients = [];
  for (let i = 0; i < 2; i++) {
    const client = await TestClient.open(broker);
    await client.send(connectPacket());
    clients.push(client);
  }
  while (asked.length < 2) await new Promise((done) => setTimeout(done, 1));
  // Longer than anybody may owe its CONNECT.
  for (let i = 0; i < 6; i++) {
    await new Promise((done) => setTimeout(done, 200));
    await assertRefused(broker);
  }
  for (const yes of asked) yes(true);
  for (const client of clients) {
    await client.expect("connack");
    await client.close();
  }
  await using later = await TestClient.open(broker);
  await later.send(connectPacket());
  while (asked.length < 3) await new Promise((done) => setTimeout(done, 1));
  asked[2](true);
  await later.expect("connack");
});

Deno.test("connect-timeout: a client that is not accepted in time is closed and counted, per listener", async () => {
  await using broker = await startBroker({
    listeners: {
      first: { bind: "127.0.0.1:0", connectTimeout: 0.1 },
      second: { bind: "[::1]:0" },
    },
    connectTimeout: 60,
  });
  await using patient = await openSecond(broker);
  await using silent = await TestClient.open(broker);
  await using slow = await TestClient.open(broker);
  await slow.raw([0x10, 20]);
  await assertClosedSilently(silent);
  await assertClosedSilently(slow);
  await reached(broker, { connectTimeout: 2 });
  await patient.send(connectPacket());
  await patient.expect("connack");
});

Deno.test("max-connect-packet-size and max-packet-size: one answer, counted, per listener", async () => {
  await using broker = await startBroker({
    listeners: {
      first: {
        bind: "127.0.0.1:0",
        maxPacketSize: 1000,
        maxConnectPacketSize: 100,
      },
      second: { bind: "[::1]:0" },
    },
  });
  // Before the CONNECT the version is not known: it is closed without a word.
  await assertRejects(() =>
    TestClient.connect(broker, { clientId: "x".repeat(200) })
  );
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(client.connack?.properties?.maximumPacketSize, 1000);
  await client.raw([0x30, 0xe6, 0x07]); // 1001 bytes
  assertEquals((await client.expect("disconnect")).reasonCode, 0x95);
  await client.closed();
  await reached(broker, { maxConnectPacketSize: 1, maxPacketSize: 1 });
  await using other = await openSecond(broker);
  await other.send(connectPacket({ clientId: "x".repeat(200) }));
  await other.expect("connack");
  await other.publish("t", "x".repeat(2000), { qos: 1 });
});

Deno.test("a limit is logged once for each client in an interval, with its name and value", async () => {
  const warnings: Warning[] = [];
  await using broker = await startBroker(
    { maxSubscriptionsPerClient: 1 },
    recordWarnings(warnings),
  );
  for (const clientId of ["one", "two"]) {
    await using client = await TestClient.connect(broker, { clientId });
    for (let i = 0; i < 50; i++) await client.subscribe(`t/${i}`);
  }
  assertEquals(limitsOf(broker), { maxSubscriptionsPerClient: 98 });
  assertEquals(
    warnings,
    ["one", "two"].map((who) => ({
      message: "Subscription refused",
      fields: { limit: "max-subscriptions-per-client", value: 1, who },
    })),
  );
});
