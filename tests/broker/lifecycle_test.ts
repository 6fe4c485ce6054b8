import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BaseTopicPlugin,
  Broker,
  type Decision,
  ListenError,
  silentLogger,
  type TopicFilteringEvent,
  type Transport,
} from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { recorder } from "./_recorder.ts";

// What `bind` may be is tested in full in tests/config/bind_test.ts; here, that it opens.
for (
  const [bind, client] of [
    ["0", "127.0.0.1"],
    [":0", "127.0.0.1"],
    ["0.0.0.0:0", "127.0.0.1"],
    ["[::1]:0", "::1"],
    ["127.0.0.1:0", "127.0.0.1"],
    ["localhost:0", "localhost"],
  ]
) {
  Deno.test(`aMQTT 1: bind "${bind}" opens a listener`, async () => {
    await using broker = await startBroker({
      listeners: { default: { bind } },
    });
    const [{ port }] = broker.listeners;
    const conn = await Deno.connect({ hostname: client, port });
    await using connected = await TestClient.connect(conn);
    assertEquals(connected.code, 0);
  });
}

Deno.test("aMQTT 2: start and shutdown fire their events, and the state is stopped at the end", async () => {
  const { plugin, names } = recorder();
  const broker = await startBroker({ plugins: ["auth_anonymous", plugin] });
  assertEquals(names, ["onBrokerPreStart", "onBrokerPostStart"]);
  assertEquals(broker.state, "started");
  await broker.shutdown();
  assertEquals(names.slice(2), ["onBrokerPreShutdown", "onBrokerPostShutdown"]);
  assertEquals(broker.state, "stopped");
  assertEquals(broker.listeners, []);
});

Deno.test("aMQTT 2: a stopped broker starts again, and a started one refuses", async () => {
  await using broker = await startBroker();
  await assertRejects(() => broker.start(), Error, "it is started");
  await broker.shutdown();
  await broker.shutdown();
  await broker.start();
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 0);
});

Deno.test("aMQTT 2: a shutdown during the start waits for it and leaves nothing running", async () => {
  const { plugin, names } = recorder();
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: ["auth_anonymous", plugin],
  }, { logger: silentLogger });
  const started = broker.start();
  await assertRejects(() => broker.check(), Error, "it is starting");
  await Promise.all([broker.shutdown(), started]);
  assertEquals([broker.state, broker.listeners], ["stopped", []]);
  assertEquals(names.at(-1), "onBrokerPostShutdown");
});

Deno.test("aMQTT 2: a start that fails closes what it opened, and can be repeated", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const closed: string[] = [];
  let first = 0;
  const broker = new Broker({
    listeners: {
      good: { bind: "127.0.0.1:0" },
      bad: { bind: `127.0.0.1:${port}` },
    },
    plugins: ["auth_anonymous", {
      onBrokerPreStart: () => void first++,
      close: () => void closed.push("plugin"),
    }],
  }, { logger: silentLogger });
  for (let i = 1; i <= 2; i++) {
    const failed = broker.start();
    const stopped = broker.shutdown();
    await assertRejects(
      () => failed,
      ListenError,
      `Cannot listen on 127.0.0.1:${port} (listeners.bad.bind)`,
    );
    await stopped;
    assertEquals([broker.state, broker.listeners], ["stopped", []]);
    assertEquals([first, closed.length], [i, i]);
  }
});

Deno.test("aMQTT 2: shutdown disconnects the clients; MQTT 5 clients are told why", async () => {
  const broker = await startBroker();
  await using old = await TestClient.connect(broker, { version: 4 });
  await using modern = await TestClient.connect(broker, { version: 5 });
  const stopped = broker.shutdown();
  assertEquals((await modern.expect("disconnect")).reasonCode, 0x8b);
  await modern.closed();
  await old.closed();
  await assertRejects(() => old.next(), Error, "has ended");
  await Promise.all([old.close(), modern.close()]);
  await stopped;
});

Deno.test("aMQTT 4: the number of clients rises and falls with the sockets", async () => {
  await using broker = await startBroker();
  const { context } = broker;
  assertEquals(context.stats().clientsConnected, 0);
  const clients: TestClient[] = [];
  for (let i = 1; i <= 3; i++) {
    clients.push(await TestClient.connect(broker));
    assertEquals(context.stats().clientsConnected, i);
  }
  await clients[0].disconnect();
  assertEquals(context.stats().clientsConnected, 2);
  await clients[1].close();
  await eventually(() => context.stats().clientsConnected === 1);
  await clients[2].close();
  await eventually(() => context.stats().clientsConnected === 0);
  assertEquals(context.stats().clientsMaximum, 3);
});

Deno.test("aMQTT 4: maxConnections holds for each listener; one too many is closed, not kept waiting as in aMQTT", async () => {
  await using broker = await startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0", maxConnections: 1 },
      other: { bind: "127.0.0.1:0", maxConnections: 1 },
    },
  });
  const [first, other] = broker.listeners;
  const a = await TestClient.connect(first.port);
  assertEquals(a.code, 0);
  await assertRejects(() => TestClient.connect(first.port));
  await using elsewhere = await TestClient.connect(other.port);
  assertEquals(elsewhere.code, 0);
  await a.disconnect();
  // The place is free when the broker has seen the end of the socket, too.
  let again: TestClient | undefined;
  for (let i = 0; again === undefined && i < 100; i++) {
    again = await TestClient.connect(first.port).catch(() => undefined);
  }
  assertEquals(again?.code, 0);
  await again?.close();
});

/** Fails in each way that a plugin can, for one subscriber each. */
class Failing extends BaseTopicPlugin {
  topicFiltering(
    { session, action }: TopicFilteringEvent,
  ): Decision | Promise<Decision> {
    if (action !== "receive") return true;
    if (session.clientId === "throws") throw new Error("on purpose");
    if (session.clientId === "rejects") return Promise.reject(new Error("so"));
    if (session.clientId === "hangs") return new Promise(() => {});
    return true;
  }
}

Deno.test("aMQTT 18: a delivery that fails or hangs does not keep others from their messages", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", Failing],
    pluginTimeout: 1,
  });
  await using throwing = await TestClient.connect(broker, {
    clientId: "throws",
  });
  await using rejected = await TestClient.connect(broker, {
    clientId: "rejects",
  });
  await using hanging = await TestClient.connect(broker, { clientId: "hangs" });
  await using healthy = await TestClient.connect(broker, { clientId: "ok" });
  for (const client of [throwing, rejected, hanging, healthy]) {
    assertEquals(await client.subscribe("t", 1), [1]);
  }
  await using publisher = await TestClient.connect(broker);
  for (const payload of ["1", "2"]) {
    await publisher.publish("t", payload, { qos: 1 });
    assertEquals(await healthy.message(), `t: ${payload}`);
  }
  for (const client of [throwing, rejected, hanging]) await client.ping();
  await eventually(
    () => broker.context.stats().dropped.denied === 6,
    "answer for every delivery",
  );
});

Deno.test("aMQTT 18: sockets that close right after CONNECT, or before, are harmless", async () => {
  await using broker = await startBroker();
  for (let i = 0; i < 20; i++) {
    const client = await TestClient.open(broker);
    if (i % 2 === 0) {
      await client.send({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clientId: "hasty",
        clean: true,
        keepalive: 10,
      });
    }
    await client.close();
  }
  await using healthy = await TestClient.connect(broker);
  assertEquals(healthy.code, 0);
  await healthy.ping();
  // Those that the broker has not read yet come and go now.
  await eventually(() => {
    const { clientsConnected, bytesReceived } = broker.context.stats();
    return clientsConnected === 1 && bytesReceived > 10 * 15;
  });
  assertEquals([...broker.context.sessions].length, 1);
});

Deno.test("aMQTT 20: a connection without the peer's address is served, while aMQTT rejects it", async () => {
  const { plugin, of } = recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", plugin],
  });
  const toBroker = new TransformStream<Uint8Array>();
  const toClient: number[] = [];
  const reader = toBroker.readable.getReader();
  const transport: Transport = {
    kind: "external",
    remoteAddress: "",
    remotePort: 0,
    async read(into) {
      const { value } = await reader.read();
      if (value === undefined) return null;
      into.set(value);
      return value.length;
    },
    write(bytes) {
      toClient.push(...bytes);
      return Promise.resolve(bytes.length);
    },
    close: () => void reader.cancel(),
  };
  const served = broker.handleTransport(transport);
  const writer = toBroker.writable.getWriter();
  await writer.write(
    // deno-fmt-ignore
    Uint8Array.of(0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 2, 0x61, 0x62),
  );
  await eventually(() => toClient.length === 4, "CONNACK");
  assertEquals(toClient, [0x20, 2, 0, 0]);
  const [{ clientId, clientSession }] = of("onBrokerClientConnected");
  assertEquals(clientId, "ab");
  assertEquals(clientSession.remoteAddress, "");
  assertEquals(clientSession.listener, "external");
  await writer.close();
  await served;
  assert(!clientSession.connected);
});
