/** Class 2: connections that never become clients. */

import { assertEquals } from "@std/assert";
import { makeCertificates } from "../_certificates.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { reached } from "../limits/_helpers.ts";
import { frame, text } from "../protocol/_helpers.ts";
import { makeFolder } from "./_attack.ts";

const CONNECT = frame(0x10, [
  ...[...text("MQTT"), 4, 2, 0, 0],
  ...text("x".repeat(200)),
]);

Deno.test("who sends nothing, or a CONNECT byte by byte without end, is closed in time", async () => {
  await using broker = await startBroker({ connectTimeout: 0.3 });
  await using silent = await TestClient.open(broker);
  await using slow = await TestClient.open(broker);
  const trickle = (async () => {
    for (const byte of CONNECT) {
      try {
        await slow.raw([byte]);
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await silent.closed();
  await slow.closed();
  await trickle;
  await reached(broker, { connectTimeout: 2 });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 0);
});

Deno.test("unfinished TLS and WebSocket handshakes are closed in time, too", async () => {
  await using folder = await makeFolder();
  await makeCertificates(folder.path);
  const certfile = `${folder.path}/server.pem`;
  const keyfile = `${folder.path}/server.key`;
  await using broker = await startBroker({
    connectTimeout: 0.3,
    listeners: {
      tls: { bind: "127.0.0.1:0", ssl: true, certfile, keyfile },
      ws: { type: "ws", bind: "127.0.0.1:0" },
      wss: { type: "ws", bind: "127.0.0.1:0", ssl: true, certfile, keyfile },
    },
  });
  const starts = [[], [0x16, 3, 1], [0x47, 0x45, 0x54, 0x20]];
  const attempts = broker.listeners.flatMap(({ port }) =>
    starts.map(async (start) => {
      await using client = await TestClient.open(port);
      await client.raw(start);
      await client.closed();
    })
  );
  await Promise.all(attempts);
});

Deno.test("half-open connections make room for those that send their CONNECT", async () => {
  await using broker = await startBroker({
    maxPendingConnections: 20,
    connectTimeout: 3600,
  });
  const open: TestClient[] = [];
  for (let i = 0; i < 20; i++) open.push(await TestClient.open(broker));
  // Whoever owes its CONNECT for a second may be closed for others: until then the
  // others are.
  const admitted: TestClient[] = [];
  const end = Date.now() + 20_000;
  while (admitted.length < 5) {
    const client = await TestClient.open(broker);
    await client.send(connectPacket());
    try {
      assertEquals((await client.expect("connack")).returnCode, 0);
      admitted.push(client);
      // Its place is taken at once by another one.
      open.push(await TestClient.open(broker));
    } catch (error) {
      await client.close();
      if (Date.now() > end) throw error;
    }
  }
  for (const client of admitted) await client.ping();
  for (const client of [...open, ...admitted]) await client.close();
});
