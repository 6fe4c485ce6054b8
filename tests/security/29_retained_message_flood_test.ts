/** Class 29: more retained messages than a broker wants, and those who ask for all of them. */

import { assert, assertEquals } from "@std/assert";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { limitsOf } from "../limits/_helpers.ts";

Deno.test("retained messages are bounded by number and by bytes, and can be replaced and removed at the limit", async () => {
  for (
    const limit of [{ maxRetainedMessages: 100 }, { maxRetainedBytes: 5000 }]
  ) {
    await using broker = await startBroker(limit);
    await using client = await TestClient.connect(broker);
    for (let i = 0; i < 500; i++) {
      await client.send(
        publish(`t/${i}`, "x".repeat(40), { retain: true }),
      );
    }
    await client.ping();
    const { size } = broker.context.retained;
    assert(size > 50 && size <= 115, `${size}`);
    assertEquals(limitsOf(broker), { [Object.keys(limit)[0]]: 500 - size });
    await client.publish("t/0", "y", { retain: true });
    assertEquals(broker.context.retained.get("t/0")?.payload.length, 1);
    await client.publish("t/0", "", { retain: true });
    assertEquals(broker.context.retained.size, size - 1);
  }
});

Deno.test("retained messages that expire make room by themselves", async () => {
  await using broker = await startBroker({ maxRetainedMessages: 1 });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.send(publish("t", "x", {
    retain: true,
    properties: { messageExpiryInterval: 1 },
  }));
  await client.ping();
  assertEquals(broker.context.retained.size, 1);
  await eventually(() => broker.context.stats().retained === 0);
});

Deno.test("who asks for everything in many ways at once is answered bit by bit, others at once", async () => {
  await using broker = await startBroker();
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    broker.context.publish(`r/${i}`, "x", { retain: true });
  }
  await using glutton = await TestClient.connect(broker);
  await using other = await TestClient.connect(broker);
  const subscriptions = Array.from(
    { length: 200 },
    (_, i) => ({ topic: `r/+/${i}`, qos: 0 as const }),
  );
  await glutton.send(
    { cmd: "subscribe", messageId: 1, subscriptions },
    {
      cmd: "subscribe",
      messageId: 2,
      subscriptions: [{ topic: "r/#", qos: 0 }],
    },
    { cmd: "pingreq" },
  );
  for (let i = 0; i < 10; i++) await other.ping();
  const kinds: string[] = [];
  for (let messages = 0; messages < count;) {
    const { cmd } = await glutton.next();
    if (cmd === "publish") messages++;
    else kinds.push(cmd);
  }
  // What it asked for meanwhile was answered meanwhile.
  assertEquals(kinds, ["suback", "suback", "pingresp"]);
});
