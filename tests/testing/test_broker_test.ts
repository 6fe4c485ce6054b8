/** What authors test their plugins with, used as they use it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime, TestBroker } from "../../broker/testing/mod.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  BasePlugin,
  BaseTopicPlugin,
  type Decision,
  type TopicFilteringEvent,
} from "../../plugins/mod.ts";

class OnlyAlice extends BaseAuthPlugin {
  override authenticate({ session }: AuthenticateEvent): Decision {
    return session.username === "alice" &&
      new TextDecoder().decode(session.password) === "secret";
  }
}

class OwnTopics extends BaseTopicPlugin {
  override async topicFiltering(
    { topic, session }: TopicFilteringEvent,
  ): Promise<Decision> {
    await Promise.resolve();
    return topic.startsWith(`${session.clientId}/`);
  }
}

for (const version of [3, 4, 5] as const) {
  Deno.test(`a client of level ${version} publishes and receives with every QoS`, async () => {
    await using broker = await TestBroker.start();
    const client = await broker.connect({ version });
    assertEquals(client.code, 0);
    assertEquals(await client.subscribe("a/#"), 2);
    for (const qos of [0, 1, 2] as const) {
      assertEquals(await client.publish("a/b", `${qos}`, { qos }), 0);
      const { topic, text, payload, retain, ...message } = await client
        .receive();
      assertEquals([topic, text, retain], ["a/b", `${qos}`, false]);
      assertEquals(payload, new TextEncoder().encode(`${qos}`));
      assertEquals(message.qos, qos);
    }
    assertEquals(await client.unsubscribe("a/#"), 0);
    await client.publish("a/b", "nobody hears it");
    assertEquals(await client.received(), []);
    await client.disconnect();
  });
}

Deno.test("a plugin that authenticates decides alone", async () => {
  await using broker = await TestBroker.start({ plugins: [OnlyAlice] });
  const alice = await broker.connect({ username: "alice", password: "secret" });
  assertEquals(alice.code, 0);
  const mallory = await broker.connect({ username: "alice", password: "?" });
  assertEquals(mallory.code, 0x87);
  assertEquals(await mallory.closed(), undefined);
});

for (const version of [4, 5] as const) {
  Deno.test(`allows() does what it asks about, for level ${version}`, async () => {
    await using broker = await TestBroker.start({ plugins: [OwnTopics] });
    const client = await broker.connect({ clientId: "a", version });
    for (const action of ["publish", "subscribe", "receive"] as const) {
      assert(await broker.allows(client, action, "a/b"), action);
      assert(!await broker.allows(client, action, "b/b"), action);
    }
    assertEquals([...broker.context.subscriptions()], []);
  });
}

Deno.test("events are recorded in their order and can be awaited", async () => {
  await using broker = await TestBroker.start();
  const coming = broker.events.next(
    "onBrokerClientConnected",
    ({ clientId }) => clientId === "b",
  );
  await broker.connect({ clientId: "a" });
  const b = await broker.connect({ clientId: "b" });
  assertEquals((await coming).clientId, "b");
  const { clientId } = await broker.events.next("onBrokerClientConnected");
  assertEquals(clientId, "a");
  await b.disconnect();
  await broker.events.next("onBrokerClientDisconnected");
  assertEquals(
    broker.events.all("onBrokerClientConnected").map((event) => event.clientId),
    ["a", "b"],
  );
  assertEquals(broker.events.names.slice(0, 2), [
    "onBrokerPreStart",
    "onBrokerPostStart",
  ]);
});

Deno.test("a clock that stands still moves the timers of plugins and of the broker", async () => {
  class Ticker extends BasePlugin {
    override onBrokerPostStart(): void {
      let count = 0;
      this.context.setInterval(
        () => this.context.publish("tick", `${++count}`),
        60_000,
      );
    }
  }
  using time = new FakeTime(0);
  await using broker = await TestBroker.start({ plugins: [Ticker] });
  const client = await broker.connect({ keepalive: 150 });
  await client.subscribe("tick");
  await time.tick(180_000);
  assertEquals((await client.received()).map(({ text }) => text), [
    "1",
    "2",
    "3",
  ]);
  assertEquals(time.now, 180_000);
  // One and a half times the keep alive of silence.
  await time.tick(226_000);
  assertEquals((await client.closed())?.reasonCode, 0x8d);
});

Deno.test("restored time is the real one", () => {
  const before = Date.now();
  const time = new FakeTime(0);
  assertEquals(Date.now(), 0);
  time.restore();
  time.restore();
  assert(Date.now() >= before);
});

Deno.test("who waits for what cannot come is told why", async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect({ clientId: "a" });
  const waiting = client.receive("x");
  broker.context.disconnect("a");
  await assertRejects(
    () => waiting,
    Error,
    'Cannot wait for message of "x": the broker sent DISCONNECT with reason code 152',
  );
  assertEquals((await client.closed())?.reasonCode, 0x98);
});

Deno.test("plugins see the address and the listener that a test names", async () => {
  await using broker = await TestBroker.start();
  await broker.connect({ remoteAddress: "2001:db8::1", listener: "tls" });
  const { clientSession } = await broker.events.next("onBrokerClientConnected");
  assertEquals(
    [clientSession.remoteAddress, clientSession.listener],
    ["2001:db8::1", "tls"],
  );
});

Deno.test("the log of the broker and its plugins goes to the test", async () => {
  class Noisy extends BasePlugin {
    override onBrokerPostStart(): void {
      this.context.logger.warn("here I am");
    }
  }
  const lines: string[] = [];
  await using _ = await TestBroker.start({
    plugins: [Noisy],
    log: (line) => lines.push(line),
  });
  assert(lines.some((line) => line.includes("here I am")), lines.join(""));
});
