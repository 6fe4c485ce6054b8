import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type {
  ApplicationMessage,
  MessageEvent,
  Packet,
} from "../../../plugins/mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { MemoryLogger } from "../manager_support.ts";
import { EVENT_NAMES, Recorder } from "./recorder.ts";

Deno.test("aMQTT 29: every event reaches a catch-all plugin in one run", async () => {
  const recorder = new Recorder();
  const broker = await startBroker({ plugins: ["auth_anonymous", recorder] });
  assertEquals(recorder.names, ["onBrokerPreStart", "onBrokerPostStart"]);
  await using client = await TestClient.connect(broker, {
    clientId: "one",
    username: "someone",
    password: "secret" as never,
  });
  assertEquals(client.code, 0);
  await client.subscribe("a/#", 1);
  await client.send({
    cmd: "publish",
    topic: "a/b",
    payload: "hello",
    qos: 1,
    messageId: 7,
    dup: false,
    retain: true,
  });
  assertEquals(await client.message(), "a/b: hello");
  await client.expect("puback");
  await client.unsubscribe("a/#");
  await client.disconnect();
  await broker.shutdown();

  assertEquals(recorder.names, [
    "onBrokerPreStart",
    "onBrokerPostStart",
    "onBrokerClientConnected",
    "onBrokerClientSubscribed",
    "onBrokerMessageReceived",
    "onBrokerMessageBroadcast",
    "onBrokerRetainedMessage",
    "onBrokerClientUnsubscribed",
    "onBrokerClientDisconnected",
    "onBrokerPreShutdown",
    "onBrokerPostShutdown",
  ]);
  const seen = new Set(recorder.recorded.map(({ name }) => name));
  assertEquals(EVENT_NAMES.filter((name) => !seen.has(name)), []);

  for (
    const event of [
      ...recorder.all("onBrokerClientConnected"),
      ...recorder.all("onBrokerClientDisconnected"),
    ]
  ) {
    assertEquals(event.clientId, "one");
    assertEquals(event.clientSession.username, "someone");
    assertEquals(event.clientSession.password, undefined);
  }
  assertEquals(recorder.all("onBrokerClientSubscribed"), [
    { clientId: "one", topic: "a/#", qos: 1 },
  ]);
  assertEquals(recorder.all("onBrokerClientUnsubscribed"), [
    { clientId: "one", topic: "a/#" },
  ]);
  for (
    const { clientId, message } of [
      ...recorder.all("onBrokerMessageReceived"),
      ...recorder.all("onBrokerMessageBroadcast"),
    ]
  ) {
    assertEquals(clientId, "one");
    assertEquals(message.publisher, "one");
    assertEquals(shown(message), ["a/b", "hello", 1, true]);
  }
  const [retained] = recorder.all("onBrokerRetainedMessage");
  assertEquals(retained.clientId, null);
  assertEquals(shown(retained.retainedMessage), ["a/b", "hello", 1, true]);
});

Deno.test("aMQTT 29: every packet of every kind reaches the packet events", async () => {
  const recorder = new Recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", recorder],
  });
  await using client = await TestClient.connect(broker, {
    version: 5,
    username: "someone",
    password: "secret" as never,
  });
  await client.subscribe("a/#", 2);
  await client.publish("elsewhere", "0");
  await client.publish("elsewhere", "1", { qos: 1 });
  await client.publish("elsewhere", "2", { qos: 2 });
  broker.context.publish("a/1", "1", { qos: 1 });
  const first = await client.expect("publish");
  await client.send({ cmd: "puback", messageId: first.messageId });
  broker.context.publish("a/2", "2", { qos: 2 });
  const second = await client.expect("publish");
  await client.send({ cmd: "pubrec", messageId: second.messageId });
  await client.expect("pubrel");
  await client.send({ cmd: "pubcomp", messageId: second.messageId });
  await client.unsubscribe("a/#");
  await client.disconnect();
  await recorder.wait("onBrokerClientDisconnected");

  const received = recorder.all("onMqttPacketReceived");
  assertEquals(received.map(({ packet }) => packet.cmd), [
    "connect",
    "subscribe",
    "publish",
    "pingreq",
    "publish",
    "publish",
    "pubrel",
    "puback",
    "pubrec",
    "pubcomp",
    "unsubscribe",
    "disconnect",
  ]);
  assertEquals(received[0].session, undefined);
  for (const { session } of received.slice(1)) assert(session !== undefined);
  assert(!("password" in received[0].packet));
  const sent = recorder.all("onMqttPacketSent");
  assertEquals(sent.map(({ packet }) => packet.cmd), [
    "connack",
    "suback",
    "pingresp",
    "puback",
    "pubrec",
    "pubcomp",
    "publish",
    "publish",
    "pubrel",
    "unsuback",
  ]);
  const publish = sent[6].packet as Packet & { cmd: "publish" };
  assertEquals([publish.topic, `${publish.payload}`, publish.qos], [
    "a/1",
    "1",
    1,
  ]);
});

// One hook at a time: the broker passes on a burst as a whole if nobody looks.
for (
  const hook of [
    "onBrokerMessageReceived",
    "onBrokerMessageBroadcast",
    "onMqttPacketReceived",
    "onMqttPacketSent",
    "topicFiltering",
  ]
) {
  Deno.test(`aMQTT 29: ${hook} sees each PUBLISH of a burst`, async () => {
    const seen: string[] = [];
    const look = (event: {
      message?: ApplicationMessage;
      packet?: Packet;
      action?: string;
    }): boolean => {
      const { message, packet, action } = event;
      if (message !== undefined) seen.push(text(message));
      if (packet?.cmd === "publish") seen.push(`${packet.payload}`);
      if (action === "publish") seen.push(`${seen.length}`.padStart(2, "0"));
      return true;
    };
    await using broker = await startBroker({
      plugins: ["auth_anonymous", { [hook]: look }],
    });
    await using receiver = await TestClient.connect(broker);
    await receiver.subscribe("burst");
    await using sender = await TestClient.connect(broker);
    const expected = Array.from(
      { length: 50 },
      (_, i) => `${i}`.padStart(2, "0"),
    );
    await sender.send(...expected.map((payload): Packet => ({
      cmd: "publish",
      topic: "burst",
      payload,
      qos: 0,
      dup: false,
      retain: false,
    })));
    for (const payload of expected) {
      assertEquals(await receiver.message(), `burst: ${payload}`);
    }
    assertEquals(seen, expected);
  });
}

Deno.test("aMQTT 30: onBrokerRetainedMessage fires for a topic set and cleared, and for an offline session", async () => {
  const recorder = new Recorder();
  await using broker = await startBroker({
    queueQos0: true,
    plugins: ["auth_anonymous", recorder],
  });
  const away = { clientId: "away", clean: false };
  const first = await TestClient.connect(broker, away);
  await first.subscribe("news", 1);
  await first.disconnect();
  await recorder.wait("onBrokerClientDisconnected");

  await using sender = await TestClient.connect(broker, { clientId: "here" });
  await sender.publish("news", "set", { qos: 0, retain: true });
  await sender.publish("other", "", { qos: 0, retain: true });
  await sender.publish("news", "", { qos: 0, retain: true });

  const events = recorder.all("onBrokerRetainedMessage");
  assertEquals(
    events.map((event) => [event.clientId, shown(event.retainedMessage)]),
    [
      [null, ["news", "set", 0, true]],
      ["away", ["news", "set", 0, true]],
      // "other" had none: nothing was cleared.
      [null, ["news", "", 0, true]],
      ["away", ["news", "", 0, true]],
    ],
  );
  assertEquals(broker.context.getSession("away")?.connected, false);
  assertEquals(broker.context.retained.size, 0);

  await using second = await TestClient.connect(broker, away);
  assertEquals(await second.message(), "news: set");
  assertEquals(await second.message(), "news: ");
  assertEquals(recorder.all("onBrokerRetainedMessage").length, 4);
});

Deno.test("aMQTT 30: without queue-qos-0 a QoS 0 message for an offline session is no event", async () => {
  const recorder = new Recorder();
  await using broker = await startBroker({
    plugins: ["auth_anonymous", recorder],
  });
  const first = await TestClient.connect(broker, {
    clientId: "away",
    clean: false,
  });
  await first.subscribe("news", 1);
  await first.disconnect();
  await using sender = await TestClient.connect(broker);
  await sender.publish("news", "lost");
  await sender.publish("news", "kept", { qos: 1 });
  assertEquals(
    recorder.all("onBrokerRetainedMessage")
      .map((event) => [event.clientId, text(event.retainedMessage)]),
    [["away", "kept"]],
  );
});

for (const qos of [0, 1, 2] as const) {
  Deno.test(`a plugin may disconnect the client of a message of QoS ${qos}, which then goes nowhere`, async () => {
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        onBrokerMessageReceived({ clientId, message }: MessageEvent) {
          if (message.topic === "bad") broker.context.disconnect(clientId);
        },
      }],
    });
    await using receiver = await TestClient.connect(broker);
    await receiver.subscribe("#", 2);
    await using sender = await TestClient.connect(broker, { version: 5 });
    await sender.send({
      cmd: "publish",
      topic: "bad",
      payload: "x",
      qos,
      messageId: qos === 0 ? undefined : 1,
      dup: false,
      retain: true,
    });
    assertEquals((await sender.expect("disconnect")).reasonCode, 0x98);
    await sender.closed();
    await receiver.ping();
    assertEquals(broker.context.retained.size, 0);
  });
}

for (
  const [how, fail] of [
    ["throw", () => {
      throw new Error("broken observer");
    }],
    ["reject", () => Promise.reject(new Error("broken observer"))],
  ] as const
) {
  Deno.test(`observers that ${how} never harm a client`, async () => {
    const logger = new MemoryLogger();
    const broken = Object.fromEntries(EVENT_NAMES.map((name) => [name, fail]));
    const recorder = new Recorder();
    const broker = await startBroker({
      plugins: [
        "auth_anonymous",
        broken,
        recorder,
      ],
    }, logger);
    await using client = await TestClient.connect(broker, { version: 5 });
    assertEquals(client.code, 0);
    assertEquals(await client.subscribe("a", 2), [2]);
    await using sender = await TestClient.connect(broker, { version: 5 });
    await sender.publish("a", "0", { qos: 0, retain: true });
    await sender.publish("a", "1", { qos: 1 });
    await sender.publish("a", "2", { qos: 2 });
    assertEquals(await client.message(), "a: 0");
    assertEquals(await client.message(), "a: 1");
    assertEquals(await client.message(), "a: 2");
    await client.unsubscribe("a");
    await client.disconnect();
    await sender.ping();
    await broker.shutdown();
    assertEquals(recorder.names.at(-1), "onBrokerPostShutdown");
    assertEquals(recorder.all("onBrokerMessageBroadcast").length, 3);
    assertStringIncludes(logger.text, "broken observer");
  });
}

function shown(message: ApplicationMessage): unknown[] {
  return [message.topic, text(message), message.qos, message.retain];
}

function text(message: ApplicationMessage): string {
  return new TextDecoder().decode(message.payload);
}
