// What a plugin publishes at once beyond a hundred messages waits, in its order.
import { assert, assertEquals } from "@std/assert";
import { BasePlugin, MemoryStore, silentLogger } from "../../../mod.ts";
import type {
  BrokerContext,
  MessageDroppedEvent,
} from "../../../plugins/mod.ts";
import { startBroker, TestClient } from "../../_client.ts";

/** Publishes many messages because of one. */
function fanOut(count: number): new (context: BrokerContext) => BasePlugin {
  return class FanOut extends BasePlugin {
    override onBrokerPreStart(): void {
      this.context.subscribe("go", () => {
        for (let i = 0; i < count; i++) {
          this.context.publish("out", `${i}`, { qos: 1 });
        }
      });
    }
  };
}

Deno.test("thousands of messages that a listener publishes because of one all arrive, and no later one overtakes them", async () => {
  const count = 3000;
  await using broker = await startBroker({
    plugins: ["auth_anonymous", fanOut(count)],
  });
  await using subscriber = await TestClient.connect(broker);
  await subscriber.subscribe("out", 0);
  broker.context.publish("go", "");
  broker.context.publish("out", "last");
  const got: string[] = [];
  while (got.at(-1) !== "out: last") got.push(await subscriber.message());
  const expected = Array.from({ length: count }, (_, i) => `out: ${i}`);
  assertEquals(got, [...expected, "out: last"]);
  assertEquals(broker.context.stats().dropped.feedback, 0);
});

Deno.test("what waits for its turn is bounded, and what is dropped is counted", async () => {
  const told: string[] = [];
  class Observer extends BasePlugin {
    override onBrokerMessageDropped(
      { reason, message }: MessageDroppedEvent,
    ): void {
      if (reason !== "feedback") return;
      told.push(message.topic);
      // Dropped too, which nobody is told: it would never end.
      this.context.publish("dropped", "");
    }
  }
  await using broker = await startBroker({
    plugins: ["auth_anonymous", Observer, fanOut(100_200)],
  });
  broker.context.publish("go", "");
  const dropped = broker.context.stats().dropped.feedback;
  assertEquals(told, new Array(100).fill("out"));
  assert(dropped >= 100 && dropped <= 200, `dropped ${dropped}`);
});

Deno.test("what waits for its turn when the broker ends is published", async () => {
  const store = new MemoryStore();
  const broker = await startBroker(
    { plugins: ["auth_anonymous", fanOut(1000)] },
    silentLogger,
    { store },
  );
  const session = {
    version: 5,
    clean: false,
    clientId: "receiver",
    properties: { sessionExpiryInterval: 1000 },
  } as const;
  const client = await TestClient.connect(broker, session);
  await client.subscribe("out", 1);
  await client.disconnect();
  broker.context.publish("go", "");
  await broker.shutdown();
  await using next = await startBroker({}, silentLogger, { store });
  assertEquals(next.context.getSession("receiver")?.queuedCount, 1000);
});
