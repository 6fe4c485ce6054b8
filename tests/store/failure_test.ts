// What clients and plugins are told while the store cannot write.
import { assertEquals } from "@std/assert";
import { BasePlugin, type Broker, silentLogger } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { FailingStore } from "./_stores.ts";

const PERSISTENT = {
  version: 5,
  clean: false,
  properties: { sessionExpiryInterval: 1000 },
} as const;

/** Resolves at each alarm that is raised or cleared. */
class Watcher extends BasePlugin {
  static raised: PromiseWithResolvers<string>;
  static cleared: PromiseWithResolvers<string>;

  static reset(): void {
    Watcher.raised = Promise.withResolvers();
    Watcher.cleared = Promise.withResolvers();
  }

  override onBrokerAlarmRaised(event: { alarm: string; message: string }) {
    Watcher.raised.resolve(`${event.alarm}: ${event.message}`);
  }

  override onBrokerAlarmCleared({ alarm }: { alarm: string }) {
    Watcher.cleared.resolve(alarm);
  }
}

async function withFailing(
  body: (store: FailingStore, broker: Broker) => Promise<void>,
): Promise<void> {
  Watcher.reset();
  const store = new FailingStore();
  const broker = await startBroker(
    { plugins: [{ auth_anonymous: null }, Watcher] },
    silentLogger,
    { store },
  );
  try {
    const receiver = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "receiver",
    });
    await receiver.subscribe("t", 2);
    await receiver.disconnect();
    await body(store, broker);
  } finally {
    store.problem = undefined;
    await broker.shutdown();
  }
}

function publish(messageId: number, qos: 1 | 2 = 1) {
  return {
    cmd: "publish",
    topic: "t",
    payload: `${messageId}`,
    qos,
    messageId,
    dup: false,
    retain: false,
  } as const;
}

Deno.test("while the store fails, QoS 1 and 2 are not acknowledged, QoS 0 goes on, and all is well after", async () => {
  await withFailing(async (store, broker) => {
    await using old = await TestClient.connect(broker, { version: 4 });
    await using modern = await TestClient.connect(broker, { version: 5 });
    await using reader = await TestClient.connect(broker, { version: 5 });
    await reader.subscribe("t");
    store.problem = "full";
    await old.send(publish(1), publish(2, 2));
    assertEquals(await Watcher.raised.promise, "store: It does not work");
    // Whoever is there gets the messages; nobody is told that they are kept.
    assertEquals(await reader.message(), "t: 1");
    assertEquals(await reader.message(), "t: 2");
    await old.ping();
    // MQTT 5 has words for it: quota exceeded.
    await modern.send(publish(3), publish(4, 2));
    assertEquals((await modern.expect("puback")).reasonCode, 0x97);
    assertEquals((await modern.expect("pubrec")).reasonCode, 0x97);
    await modern.publish("t", "zero");
    assertEquals(await reader.message(), "t: zero");
    store.problem = undefined;
    assertEquals(await Watcher.cleared.promise, "store");
    assertEquals((await old.expect("puback")).messageId, 1);
    assertEquals((await old.expect("pubrec")).messageId, 2);
    await modern.publish("t", "5", { qos: 1 });
    await using back = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "receiver",
    });
    const got = [];
    while (got.length < 3) {
      const packet = await back.next();
      if (packet.cmd === "publish") got.push(String(packet.payload));
    }
    assertEquals(got, ["1", "2", "5"]);
  });
});

Deno.test("while the store fails, nothing that must be kept is granted", async () => {
  await withFailing(async (store, broker) => {
    await using modern = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "modern",
    });
    await using old = await TestClient.connect(broker, {
      clean: false,
      clientId: "old",
    });
    await modern.subscribe("known");
    store.problem = "failed";
    await using cause = await TestClient.connect(broker, { version: 4 });
    await cause.send(publish(1));
    await Watcher.raised.promise;
    assertEquals(await modern.subscribe("new"), [0x83]);
    assertEquals(await old.subscribe("new"), [0x80]);
    assertEquals((await modern.unsubscribe("known")).granted, [0x83]);
    await using late = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "late",
    });
    assertEquals(late.code, 0x88);
    await using late4 = await TestClient.connect(broker, {
      clean: false,
      clientId: "late4",
    });
    assertEquals(late4.code, 3);
    await using clean = await TestClient.connect(broker, { version: 5 });
    assertEquals(clean.code, 0);
    assertEquals(await clean.subscribe("t", 1), [1]);
    store.problem = undefined;
    await Watcher.cleared.promise;
    assertEquals(await modern.subscribe("new"), [0]);
    assertEquals((await modern.unsubscribe("known")).granted, [0]);
  });
});

Deno.test("a shutdown does not wait for a store that fails", async () => {
  await withFailing(async (store, broker) => {
    store.problem = "failed";
    await using old = await TestClient.connect(broker, { version: 4 });
    await old.send(publish(1));
    await Watcher.raised.promise;
    await broker.shutdown();
  });
});

Deno.test("a shutdown does not wait for a store that fails while it is closed", async () => {
  const store = new FailingStore();
  class Late extends BasePlugin {
    override close(): void {
      store.problem = "failed";
      this.context.retained.set("late", "1");
    }
  }
  const broker = await startBroker(
    { plugins: [{ "auth_anonymous": null }, Late] },
    silentLogger,
    { store },
  );
  await broker.shutdown();
  assertEquals(broker.state, "stopped");
});
