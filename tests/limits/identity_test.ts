/** A session belongs to the user who made it, and rights are those of today. */

import { assert, assertEquals } from "@std/assert";
import {
  type AuthenticateEvent,
  BaseTopicPlugin,
  type Broker,
  type Decision,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, gone } from "../protocol/_helpers.ts";
import { limitsOf } from "./_helpers.ts";

for (const version of [3, 4, 5] as const) {
  const owner = {
    version,
    clientId: "device",
    username: "alice",
    clean: false,
    ...version === 5 && { properties: { sessionExpiryInterval: 1000 } },
  } as const;

  Deno.test(`MQTT ${version}: by default a client id with a session of another user is refused, and nothing happens to it`, async () => {
    await using broker = await startBroker();
    const alice = await TestClient.connect(broker, {
      ...owner,
      will: { topic: "will", payload: "w" as never, qos: 0, retain: true },
    });
    await alice.subscribe("t", 1);
    const tryAll = async () => {
      for (const clean of [true, false]) {
        for (const username of ["mallory", undefined]) {
          await using thief = await TestClient.connect(broker, {
            ...owner,
            username,
            clean,
          });
          assertEquals(thief.code, version === 5 ? 0x85 : 2);
          await thief.closed();
        }
      }
    };
    await tryAll();
    await alice.ping();
    await alice.disconnect();
    broker.context.publish("t", "secret", { qos: 1 });
    await tryAll();
    assertEquals(limitsOf(broker), { clientIdConflict: 8 });
    assertEquals(broker.context.getSession("device")?.queuedCount, 1);
    assertEquals(broker.context.retained.size, 0);
    await using back = await TestClient.connect(broker, owner);
    assertEquals(await back.message(), "t: secret");
  });

  Deno.test(`MQTT ${version}: with client-id-conflict: fresh the other user gets a new session, and the first is over`, async () => {
    await using broker = await startBroker({ clientIdConflict: "fresh" });
    await using alice = await TestClient.connect(broker, owner);
    await alice.subscribe("t", 1);
    broker.context.publish("t", "secret", { qos: 1 });
    await alice.expect("publish");
    await using bob = await TestClient.connect(broker, {
      ...owner,
      username: "bob",
    });
    assertEquals([bob.code, bob.connack?.sessionPresent], [0, false]);
    if (version === 5) await assertDisconnected(alice, 0x8e);
    else await alice.closed();
    broker.context.publish("t", "more", { qos: 1 });
    await bob.ping();
    assertEquals([...broker.context.subscriptions()], []);
  });
}

Deno.test("a session that a plugin made belongs to the first client that comes", async () => {
  await using broker = await startBroker();
  broker.context.addSubscription("device", "t", 1);
  const first = { clientId: "device", username: "alice", clean: false };
  const alice = await TestClient.connect(broker, first);
  assertEquals([alice.code, alice.connack?.sessionPresent], [0, true]);
  await alice.close();
  await gone(broker, "device");
  await using bob = await TestClient.connect(broker, {
    ...first,
    username: "bob",
  });
  assertEquals(bob.code, 2);
});

/** What users may do; a test changes it. */
class Rights extends BaseTopicPlugin {
  static denied: Partial<Record<TopicFilteringEvent["action"], string[]>> = {};
  static slow = false;
  static broken = false;

  static reset(): void {
    Rights.denied = {};
    Rights.slow = Rights.broken = false;
  }

  authenticate(_event: AuthenticateEvent): boolean {
    return true;
  }

  topicFiltering(
    { action, topic }: TopicFilteringEvent,
  ): Decision | Promise<Decision> {
    if (Rights.broken) throw new Error("broken on purpose");
    const may = !(Rights.denied[action] ?? []).includes(topic);
    return Rights.slow ? Promise.resolve(may) : may;
  }
}

async function withRights(
  body: (broker: Broker, client: TestClient) => Promise<void>,
): Promise<void> {
  for (const slow of [false, true]) {
    Rights.reset();
    Rights.slow = slow;
    await using broker = await startBroker({ plugins: [Rights] });
    await using client = await TestClient.connect(broker, KEEPER);
    await client.subscribe(["a", "b", "$share/g/c"], 1);
    await body(broker, client);
  }
}

const KEEPER = { clientId: "keeper", clean: false } as const;

function filters(broker: Broker): string[] {
  return [...broker.context.subscriptions()].map(({ filter }) => filter).sort();
}

Deno.test("recheckSubscriptions() removes what is not granted any more, and only that", () =>
  withRights(async (broker, client) => {
    broker.context.addSubscription("keeper", "plugin/s");
    assertEquals(await broker.context.recheckSubscriptions(), 0);
    Rights.denied = { subscribe: ["a", "c", "plugin/s"] };
    assertEquals(await broker.context.recheckSubscriptions(), 2);
    assertEquals(filters(broker), ["b", "plugin/s"]);
    for (const topic of ["a", "b", "c"]) broker.context.publish(topic, "x");
    assertEquals(await client.message(), "b: x");
    await client.ping();
    // A subscription of the client's own to the same filter is one like any other.
    Rights.denied = {};
    await client.subscribe("plugin/s");
    Rights.denied = { subscribe: ["plugin/s"] };
    assertEquals(await broker.context.recheckSubscriptions(), 1);
  }));

Deno.test("recheckSubscriptions() tells the plugins, goes over many sessions, and keeps all if a plugin fails", async () => {
  Rights.reset();
  const removed: string[] = [];
  await using broker = await startBroker({
    plugins: [Rights, {
      onBrokerClientUnsubscribed: (
        { clientId, topic }: { clientId: string; topic: string },
      ) => removed.push(`${clientId} ${topic}`),
    }],
  });
  const clients: TestClient[] = [];
  for (let i = 0; i < 3; i++) {
    const client = await TestClient.connect(broker, { clientId: `c${i}` });
    const topics = Array.from({ length: 400 }, (_, n) => `t/${n}`);
    await client.subscribe([...topics, "a"]);
    clients.push(client);
  }
  Rights.broken = true;
  assertEquals(await broker.context.recheckSubscriptions(), 0);
  Rights.broken = false;
  Rights.denied = { subscribe: ["a"] };
  assertEquals(await broker.context.recheckSubscriptions(), 3);
  assertEquals(removed, ["c0 a", "c1 a", "c2 a"]);
  for (const client of clients) await client.close();
});

Deno.test("a session that is taken up again keeps only what its user may still subscribe to", () =>
  withRights(async (broker, client) => {
    await client.close();
    await gone(broker, "keeper");
    Rights.denied = { subscribe: ["a", "c"] };
    await using back = await TestClient.connect(broker, KEEPER);
    assertEquals(back.connack?.sessionPresent, true);
    assertEquals(filters(broker), ["b"]);
    for (const topic of ["a", "b", "c"]) broker.context.publish(topic, "x");
    assertEquals(await back.message(), "b: x");
    await back.ping();
  }));

Deno.test("another user does not change the subscriptions of a session that is not its own", () =>
  withRights(async (broker) => {
    Rights.denied = { subscribe: ["a"] };
    await using thief = await TestClient.connect(broker, {
      ...KEEPER,
      username: "mallory",
    });
    assertEquals(thief.code, 2);
    assertEquals(filters(broker), ["$share/g/c", "a", "b"]);
  }));

Deno.test("queued, unacknowledged and retained messages are not delivered once the right to receive is gone", () =>
  withRights(async (broker, client) => {
    broker.context.publish("a", "in flight", { qos: 1 });
    broker.context.publish("b", "in flight", { qos: 1 });
    await client.expect("publish");
    await client.expect("publish");
    await client.close();
    await gone(broker, "keeper");
    for (const topic of ["a", "b"]) {
      broker.context.publish(topic, "queued", { qos: 1 });
    }
    await eventually(() =>
      broker.context.getSession("keeper")?.queuedCount === 2
    );
    for (const topic of ["a", "b"]) {
      broker.context.retained.set(topic, "retained");
    }
    const before = broker.context.stats().dropped.denied;
    Rights.denied = { receive: ["a"] };
    await using back = await TestClient.connect(broker, KEEPER);
    assertEquals(await back.message(), "b: in flight");
    assertEquals(await back.message(), "b: queued");
    await back.subscribe(["a", "b"]);
    assertEquals(await back.message(), "b: retained");
    await back.ping();
    assertEquals(broker.context.stats().dropped.denied - before, 3);
  }));

Deno.test("a live message that waits behind a full window is asked about when it is sent", async () => {
  Rights.reset();
  await using broker = await startBroker({ plugins: [Rights], maxInflight: 1 });
  await using client = await TestClient.connect(broker);
  await client.subscribe(["a", "b"], 1);
  for (const topic of ["a", "a", "b"]) {
    broker.context.publish(topic, "x", { qos: 1 });
  }
  const { messageId } = await client.expect("publish");
  Rights.denied = { receive: ["a"] };
  await client.send({ cmd: "puback", messageId });
  assertEquals(await client.message(), "b: x");
  assert(broker.context.stats().dropped.denied === 1);
});
