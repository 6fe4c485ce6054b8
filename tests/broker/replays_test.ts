import { assert, assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";

Deno.test("retained messages of many subscriptions come, each as often as it was subscribed to", async () => {
  await using broker = await startBroker();
  const { context } = broker;
  for (let i = 0; i < 1000; i++) {
    context.publish(`r/${i}/a`, `${i}`, { retain: true, qos: 1 });
  }
  await using client = await TestClient.connect(broker, { version: 5 });
  const filters = ["r/#", "nothing/#", "r/+/a", "r/7/a", "r/+/b"];
  await client.subscribe(filters, 1);
  const counts = new Map<string, number>();
  for (let i = 0; i < 2001; i++) {
    const { topic, messageId } = await client.expect("publish");
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
    await client.send({ cmd: "puback", messageId });
  }
  await client.ping();
  assertEquals(counts.size, 1000);
  assertEquals(counts.get("r/7/a"), 3);
  assertEquals(counts.get("r/8/a"), 2);
});

Deno.test("who subscribes again and again gets what is retained once more, not many times at once", async () => {
  await using broker = await startBroker();
  for (let i = 0; i < 3000; i++) {
    broker.context.publish(`r/${i}`, "x", { retain: true });
  }
  await using client = await TestClient.connect(broker, { version: 5 });
  const subscriptions = [{ topic: "r/#", qos: 0 as const }];
  const times = 50;
  await client.send(
    ...Array.from({ length: times }, (_, i) => ({
      cmd: "subscribe" as const,
      messageId: i + 1,
      subscriptions,
    })),
  );
  let acknowledged = 0;
  let messages = 0;
  // The last subscription stands, and gets all of them.
  for (let last = 0; last < 3000;) {
    const packet = await client.next();
    if (packet.cmd === "suback") acknowledged++;
    if (packet.cmd !== "publish") continue;
    messages++;
    if (acknowledged === times) last++;
  }
  // Those before it were given up soon.
  assert(messages < 3000 * 10, `${messages} messages`);
});
