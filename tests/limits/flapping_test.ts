/** Clients that connect and disconnect without end. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { limitsOf } from "./_helpers.ts";

Deno.test("flapping-limit: a client that connects too often is refused for a while; others are not", async () => {
  await using broker = await startBroker({
    flappingLimit: 3,
    flappingWindow: 60,
    flappingBanTime: 1,
  });
  const visit = async (
    clientId: string,
    username?: string,
    version: 4 | 5 = 5,
  ) => {
    const client = await TestClient.connect(broker, {
      clientId,
      username,
      version,
    });
    await client.close();
    await gone(broker, clientId);
    return client.code;
  };
  for (let i = 0; i < 3; i++) assertEquals(await visit("c"), 0);
  assertEquals(await visit("c"), 0x9f);
  assertEquals(await visit("c", undefined, 4), 3);
  assertEquals(await visit("d"), 0);
  // Another user with that client identifier is another client.
  assertEquals(await visit("c", "alice"), 0);
  assertEquals(limitsOf(broker), { flappingLimit: 2 });
  while (await visit("c") !== 0);
});

Deno.test("flapping-limit: two clients that throw each other out come to rest", async () => {
  await using broker = await startBroker({ flappingLimit: 6 });
  const clients: TestClient[] = [];
  let code: number | undefined = 0;
  while (code === 0) {
    const client = await TestClient.connect(broker, {
      clientId: "same",
      version: 5,
    });
    code = client.code;
    clients.push(client);
  }
  assertEquals([clients.length, code], [7, 0x9f]);
  // The last one that was accepted stays.
  await clients[5].ping();
  for (const client of clients) await client.close();
});

Deno.test("without flapping-limit nobody is refused", async () => {
  await using broker = await startBroker();
  for (let i = 0; i < 100; i++) {
    const client = await TestClient.connect(broker, { clientId: "c" });
    assertEquals(client.code, 0);
    await client.close();
  }
  assertEquals(limitsOf(broker), {});
});
