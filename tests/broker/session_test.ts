import { assert, assertEquals } from "@std/assert";
import { createLogger } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { recorder } from "./_recorder.ts";

const PERSISTENT = [
  { version: 3, clean: false },
  { version: 4, clean: false },
  { version: 5, clean: false, properties: { sessionExpiryInterval: 100 } },
] as const;

for (const options of PERSISTENT) {
  Deno.test(`aMQTT 16: level ${options.version}: a persistent session gets the QoS 1 and 2 messages that it missed, and nothing else`, async () => {
    const { plugin, of } = recorder();
    await using broker = await startBroker({
      plugins: ["auth_anonymous", plugin],
    });
    const first = await TestClient.connect(broker, {
      ...options,
      clientId: "c1",
    });
    assertEquals(first.connack?.sessionPresent, false);
    for (const qos of [0, 1, 2] as const) await first.subscribe(`q${qos}`, qos);
    await first.disconnect();
    assertEquals(broker.context.getSession("c1")?.connected, false);

    await using publisher = await TestClient.connect(broker);
    for (const [i, topic] of ["q0", "q1", "q2", "other"].entries()) {
      await publisher.publish(topic, `${i}`, { qos: 2 });
    }
    await publisher.publish("q1", "not kept", { qos: 0 });
    assertEquals(broker.context.getSession("c1")?.queuedCount, 2);
    assertEquals(
      of("onBrokerRetainedMessage").map(({ clientId, retainedMessage }) => [
        clientId,
        retainedMessage.topic,
      ]),
      [["c1", "q1"], ["c1", "q2"]],
    );

    await using back = await TestClient.connect(broker, {
      ...options,
      clientId: "c1",
    });
    // MQTT 3.1 has no such flag.
    assertEquals(back.connack?.sessionPresent, options.version !== 3);
    for (const qos of [1, 2]) {
      const packet = await back.expect("publish");
      assertEquals([packet.topic, packet.qos], [`q${qos}`, qos]);
      assertEquals([packet.retain, packet.dup], [false, false]);
      assertEquals(packet.payload.toString(), `${qos}`);
      const { messageId } = packet;
      if (qos === 1) await back.send({ cmd: "puback", messageId });
      else {
        await back.send({ cmd: "pubrec", messageId });
        await back.expect("pubrel");
        await back.send({ cmd: "pubcomp", messageId });
      }
    }
    await back.ping();
    const session = broker.context.getSession("c1");
    assertEquals([session?.queuedCount, session?.inflightCount], [0, 0]);
  });
}

Deno.test("aMQTT 16: with queue-qos0 a message of QoS 0 waits too, but not for a subscription of QoS 0", async () => {
  await using broker = await startBroker({ queueQos0: true });
  const options = { clientId: "c1", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("q0", 0);
  await first.subscribe("q1", 1);
  await first.disconnect();
  await using publisher = await TestClient.connect(broker);
  await publisher.publish("q0", "no");
  await publisher.publish("q1", "yes");
  await using back = await TestClient.connect(broker, options);
  assertEquals(await back.message(), "q1: yes");
  await back.ping();
});

Deno.test("aMQTT 16: what was sent but not acknowledged is sent again, which aMQTT forgets", async () => {
  await using broker = await startBroker();
  const options = { clientId: "c1", clean: false };
  const first = await TestClient.connect(broker, options);
  await first.subscribe("t", 2);
  await using publisher = await TestClient.connect(broker);
  await publisher.publish("t", "1", { qos: 1 });
  await publisher.publish("t", "2", { qos: 2 });
  const sent = [await first.expect("publish"), await first.expect("publish")];
  await first.close();
  await eventually(() => !broker.context.getSession("c1")?.connected);
  await using back = await TestClient.connect(broker, options);
  for (const { messageId, payload, qos } of sent) {
    const packet = await back.expect("publish");
    assertEquals([packet.messageId, packet.qos], [messageId, qos]);
    assertEquals([packet.payload, packet.dup], [payload, true]);
  }
  await back.ping();
});

Deno.test("aMQTT 22: a clean session vanishes with its connection, whether the client is anonymous or not", async () => {
  await using broker = await startBroker();
  for (const username of [undefined, "alice"]) {
    const client = await TestClient.connect(broker, {
      clientId: "c1",
      username,
    });
    await client.subscribe("t", 1);
    await client.disconnect();
    assertEquals([...broker.context.sessions], []);
    assertEquals([...broker.context.subscriptions()], []);
    assertEquals(broker.context.stats().clientsDisconnected, 0);
    const abrupt = await TestClient.connect(broker, { username });
    await abrupt.close();
    await eventually(() => [...broker.context.sessions].length === 0);
  }
});

Deno.test("aMQTT 22: a persistent session stays, of an anonymous client too, which aMQTT drops", async () => {
  await using broker = await startBroker();
  for (const username of [undefined, "alice"]) {
    const options = { clientId: `of ${username}`, username, clean: false };
    const client = await TestClient.connect(broker, options);
    await client.subscribe("t", 1);
    await client.disconnect();
    await using back = await TestClient.connect(broker, options);
    assertEquals(back.connack?.sessionPresent, true);
    assertEquals([...broker.context.subscriptions(options.clientId)].length, 1);
  }
});

Deno.test("aMQTT 22: a session ends after session-expiry-interval: 1 s removes it, 20 s keep it, and the log tells", async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: "debug",
    write: (line) => lines.push(line),
  });
  await using short = await startBroker({ sessionExpiryInterval: 1 }, logger);
  await using long = await startBroker({ sessionExpiryInterval: 20 });
  const options = { clientId: "c1", clean: false };
  const start = Date.now();
  for (const broker of [short, long]) {
    const client = await TestClient.connect(broker, options);
    await client.subscribe("t", 1);
    await client.disconnect();
    assert(broker.context.getSession("c1") !== undefined);
  }
  await eventually(
    () => short.context.getSession("c1") === undefined,
    "end of the session",
  );
  assert(Date.now() - start >= 1000);
  assertEquals([...short.context.subscriptions()], []);
  assertEquals(short.context.stats().clientsDisconnected, 0);
  assert(
    lines.some((line) => line.includes("Session expired clientId=c1")),
    lines.join(""),
  );
  assert(long.context.getSession("c1") !== undefined);
  await using back = await TestClient.connect(short, options);
  assertEquals(back.connack?.sessionPresent, false);
});

Deno.test("aMQTT 22: a session that is taken up again in time does not expire", async () => {
  await using broker = await startBroker({ sessionExpiryInterval: 2 });
  const options = { clientId: "c1", clean: false };
  const client = await TestClient.connect(broker, options);
  await client.disconnect();
  const other = await TestClient.connect(broker, {
    clientId: "c2",
    clean: false,
  });
  await using back = await TestClient.connect(broker, options);
  assertEquals(back.connack?.sessionPresent, true);
  // The other session began its seconds later: when it is over, so is the first one's.
  await other.disconnect();
  await eventually(() => broker.context.getSession("c2") === undefined);
  assert(broker.context.getSession("c1")?.connected);
  await back.ping();
});

Deno.test("aMQTT 22: a client that connects again takes its session over; the old connection is closed, with clean=1 too", async () => {
  await using broker = await startBroker();
  for (const clean of [false, true]) {
    const options = { clientId: "c1", clean };
    await using old = await TestClient.connect(broker, options);
    await old.subscribe("t", 1);
    await using fresh = await TestClient.connect(broker, options);
    assertEquals(fresh.connack?.sessionPresent, !clean);
    await old.closed();
    assertEquals([...broker.context.sessions].length, 1);
    assertEquals([...broker.context.subscriptions()].length, clean ? 0 : 1);
    await fresh.ping();
  }
});
