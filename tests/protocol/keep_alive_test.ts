/** Silent clients: keep alive, and the time that a CONNECT may take. */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { assertClosedSilently, assertDisconnected } from "./_helpers.ts";

for (const version of [3, 4, 5] as const) {
  Deno.test(`MQTT ${version}: a client that is silent for 1.5 keep alives is disconnected [MQTT-3.1.2-22]`, async () => {
    await using broker = await startBroker();
    await using watcher = await TestClient.connect(broker);
    await watcher.subscribe("will");
    await using client = await TestClient.connect(broker, {
      version,
      keepalive: 1,
      will: { topic: "will", payload: "gone" as never, qos: 0, retain: false },
    });
    const since = Date.now();
    if (version === 5) await assertDisconnected(client, 0x8d);
    else await assertClosedSilently(client);
    assert(Date.now() - since >= 1400);
    assertEquals(await watcher.message(), "will: gone");
  });
}

Deno.test("any packet keeps a client alive [MQTT-3.1.2-22]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { keepalive: 1 });
  const end = Date.now() + 2200;
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await client.publish("a", "x", { qos: 1 });
  }
  await client.ping();
});

// A client in a thread of its own: it speaks ten times a second, and keeps the longest
// time in milliseconds that it was silent, and when it spoke last.
const TALKER = `
  self.onmessage = async ({ data: [port, spoke] }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const connect = [16, 18, 0, 4, 77, 81, 84, 84, 4, 2, 0, 1, 0, 6];
    const id = [...new TextEncoder().encode("talker")];
    await conn.write(Uint8Array.from([...connect, ...id]));
    await conn.read(new Uint8Array(4));
    spoke[1] = Date.now();
    self.postMessage("connected");
    setInterval(() => {
      conn.write(Uint8Array.of(0xc0, 0)).catch(() => {});
      spoke[0] = Math.max(spoke[0], Date.now() - spoke[1]);
      spoke[1] = Date.now();
    }, 100);
  };
`;

Deno.test("a broker that was stopped for a while hears the clients before it cuts them off", async () => {
  // On a busy machine the client may have been silent itself: then once more.
  while (!await survivesStop());
});

/** Whether the client is still there; `false`: it was too silent to tell. */
async function survivesStop(): Promise<boolean> {
  await using broker = await startBroker();
  const code = URL.createObjectURL(
    new Blob([TALKER], { type: "text/javascript" }),
  );
  const worker = new Worker(code, { type: "module" });
  const spoke = new Float64Array(new SharedArrayBuffer(16));
  const isThere = () => broker.context.getSession("talker") !== undefined;
  let result = true;
  try {
    const connected = new Promise((resolve) => worker.onmessage = resolve);
    worker.postMessage([broker.listeners[0].port, spoke]);
    await connected;
    const end = Date.now() + 1700;
    while (Date.now() < end);
    // It goes on for another round of the clock.
    const { bytesReceived } = broker.context.stats();
    await eventually(() =>
      broker.context.stats().bytesReceived > bytesReceived + 40 || !isThere()
    );
    if (!isThere()) {
      const silent = Math.max(spoke[0], Date.now() - spoke[1]);
      assert(silent > 1000, `silent for ${silent} ms only`);
      result = false;
    }
  } finally {
    worker.terminate();
    URL.revokeObjectURL(code);
  }
  // The thread took its connection with it.
  await eventually(() => !isThere());
  return result;
}

Deno.test("MQTT 5: the server keep alive replaces a longer one [MQTT-3.2.2-21]", async () => {
  await using broker = await startBroker({ maxKeepAlive: 1 });
  for (const keepalive of [60, 0]) {
    await using client = await TestClient.connect(broker, {
      version: 5,
      keepalive,
    });
    assertEquals(client.connack?.properties?.serverKeepAlive, 1);
    if (keepalive === 60) await assertDisconnected(client, 0x8d);
  }
  await using same = await TestClient.connect(broker, {
    version: 5,
    keepalive: 1,
  });
  assertEquals(same.connack?.properties?.serverKeepAlive, undefined);
});

Deno.test("a connection without a whole CONNECT is closed in time (section 3.1)", async () => {
  await using broker = await startBroker({ connectTimeout: 0.2 });
  await using silent = await TestClient.open(broker);
  await using half = await TestClient.open(broker);
  await half.raw([0x10, 20, 0, 4]);
  await assertClosedSilently(silent);
  await assertClosedSilently(half);
  await using good = await TestClient.connect(broker);
  await good.ping();
});
