import { assert, assertEquals } from "@std/assert";
import type { AlarmClearedEvent, AlarmEvent, Logger } from "../../mod.ts";
import { silentLogger } from "../../mod.ts";
import { Clock } from "../../broker/clock.ts";
import {
  MemoryGuard,
  type MemoryUse,
} from "../../broker/limits/memory_guard.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { publish, subscribe } from "../protocol/_helpers.ts";
import { limitsOf } from "./_helpers.ts";

const MIB = 1 << 20;
const PLENTY = "1000GiB";

/** Lets what waits for a promise happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A guard of a process whose memory is what the test says. */
function guardOf(maxMemory: number): {
  use: { -readonly [Name in keyof MemoryUse]: number };
  guard: MemoryGuard;
  alarms: string[];
  stats: { subscriptions: number };
  collections: PromiseWithResolvers<void>[];
  clock: { now: number };
} {
  const use = { heap: 10 * MIB, heapLimit: 1000 * MIB, buffers: 10 * MIB };
  const alarms: string[] = [];
  const stats = {
    clientsConnected: 0,
    clientsDisconnected: 0,
    subscriptions: 100,
    retained: 0,
    queued: 0,
  };
  const collections: PromiseWithResolvers<void>[] = [];
  const clock = { now: 0 };
  const guard = new MemoryGuard({
    stats,
    config: { maxMemory },
    clock: new Clock(() => {}),
    logger: silentLogger as Logger,
    plugins: {
      emit: (name, event) =>
        void alarms.push(`${name} ${(event as { alarm: string }).alarm}`),
    },
  }, {
    measure: () => use,
    collect: () => {
      const collection = Promise.withResolvers<void>();
      collections.push(collection);
      return collection.promise;
    },
    now: () => clock.now,
  });
  return { use, guard, alarms, stats, collections, clock };
}

Deno.test("max-memory: objects and buffers count, and it is over a good deal below it", async () => {
  const { use, guard, alarms, collections } = guardOf(100 * MIB);
  guard.look();
  assertEquals(guard.exceeded, false);
  use.buffers = 95 * MIB;
  guard.look();
  guard.look();
  assertEquals(guard.exceeded, true);
  assertEquals([alarms.length, collections.length], [0, 1]);
  collections[0].resolve();
  await settled();
  assertEquals(guard.exceeded, true);
  use.buffers = 85 * MIB;
  guard.look();
  assertEquals(guard.exceeded, true);
  use.buffers = 70 * MIB;
  guard.look();
  assertEquals(guard.exceeded, false);
  assertEquals(alarms, [
    "onBrokerAlarmRaised memory",
    "onBrokerAlarmCleared memory",
  ]);
});

Deno.test("what is garbage only raises no alarm", async () => {
  const { use, guard, alarms, collections } = guardOf(100 * MIB);
  use.heap = 95 * MIB;
  guard.look();
  assertEquals(guard.exceeded, true);
  use.heap = 20 * MIB;
  collections[0].resolve();
  await settled();
  assertEquals([guard.exceeded, alarms], [false, []]);
});

Deno.test("while memory is short, garbage is collected again when much has gone", async () => {
  const { use, guard, stats, collections, clock } = guardOf(100 * MIB);
  use.heap = 95 * MIB;
  guard.look();
  clock.now = 1000;
  collections[0].resolve();
  await settled();
  clock.now = 3000;
  guard.look();
  assertEquals(collections.length, 1);
  stats.subscriptions = 10;
  guard.look();
  assertEquals(collections.length, 2);
});

Deno.test("while memory is short, collecting garbage takes a fiftieth of the time at most", async () => {
  const { use, guard, collections, clock } = guardOf(100 * MIB);
  use.heap = 95 * MIB;
  guard.look();
  for (const [index, took] of [100, 100, 1, 600, 100].entries()) {
    const began = clock.now;
    clock.now += took;
    guard.look();
    assertEquals(collections.length, index + 1);
    collections[index].resolve();
    await settled();
    const pause = Math.max(1000, took * 50);
    clock.now += pause - 1;
    guard.look();
    assertEquals(collections.length, index + 1);
    clock.now = began + took + pause;
    guard.look();
    assertEquals(collections.length, index + 2);
  }
});

Deno.test("objects never take what V8 has for them, whatever max-memory is", () => {
  const { use, guard } = guardOf(100_000 * MIB);
  use.heap = 790 * MIB;
  guard.look();
  assertEquals(guard.exceeded, false);
  use.heap = 810 * MIB;
  guard.look();
  assertEquals(guard.exceeded, true);
});

Deno.test("max-memory: what is there is served, nothing new is kept, until there is memory again", async () => {
  const alarms: string[] = [];
  const config = (maxMemory: string) => ({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ auth_anonymous: null }, plugin],
    maxMemory,
  });
  const plugin = {
    onBrokerAlarmRaised: ({ alarm }: AlarmEvent) => alarms.push(`+${alarm}`),
    onBrokerAlarmCleared: ({ alarm }: AlarmClearedEvent) =>
      alarms.push(`-${alarm}`),
    onConfigChanged: () => undefined,
  };
  await using broker = await startBroker(config(PLENTY));
  const lasting = {
    version: 5,
    clientId: "lasting",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  {
    await using away = await TestClient.connect(broker, lasting);
    await away.subscribe("t", 1);
  }
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe("t", 1);
  await client.publish("old", "1", { retain: true, qos: 1 });
  await broker.reload(config("1MiB"));
  await eventually(() => alarms.length === 1);

  await using stranger = await TestClient.connect(broker, { version: 5 });
  assertEquals(stranger.code, 0x89);
  await using older = await TestClient.connect(broker, { version: 4 });
  assertEquals(older.code, 3);
  assertEquals(await client.subscribe("new"), [0x97]);
  // What it has already may be renewed.
  assertEquals(await subscribe(client, { topic: "t", qos: 0 }), [0]);
  await client.publish("new", "x", { retain: true, qos: 1 });
  await client.publish("old", "2", { retain: true, qos: 1 });
  assertEquals(broker.context.retained.get("new"), undefined);
  assertEquals(`${broker.context.retained.get("old")?.payload}`, "50");
  // Who is there gets messages, who is away does not.
  await client.send(publish("t", "live", { qos: 1, messageId: 9 }));
  assertEquals(await client.message(), "t: live");
  await client.expect("puback");
  assertEquals(broker.context.stats().dropped.queue_full, 1);
  // Who has a session may come back to it.
  await using back = await TestClient.connect(broker, lasting);
  assertEquals([back.code, back.connack?.sessionPresent], [0, true]);
  // Who begins to send a large packet is disconnected before it has come.
  await back.send(publish("t", "x".repeat(200_000)));
  assertEquals((await back.expect("disconnect")).reasonCode, 0x97);
  assert(limitsOf(broker).maxMemory >= 6);

  await broker.reload(config(PLENTY));
  await eventually(() => alarms.length === 2);
  assertEquals(alarms, ["+memory", "-memory"]);
  await using later = await TestClient.connect(broker, { version: 5 });
  assertEquals(later.code, 0);
  assertEquals(await client.subscribe("new"), [0]);
});
