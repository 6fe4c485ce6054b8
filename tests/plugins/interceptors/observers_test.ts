/** The observers beside those of aMQTT: what became of sessions, messages and plugins. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type {
  BrokerEventName,
  BrokerEvents,
  MessageDroppedEvent,
  PluginFailedEvent,
} from "../../../plugins/mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { brokerWith, forVersions, type Methods, textOf } from "./_helpers.ts";

/** A plugin that notes some events, as short texts. */
function notes(names: readonly BrokerEventName[]): {
  plugin: Methods;
  lines: string[];
} {
  const lines: string[] = [];
  const plugin = Object.fromEntries(names.map((name) => [
    name,
    (event: BrokerEvents[BrokerEventName]) => {
      const { clientId, message, reason, qos } = event as Partial<
        MessageDroppedEvent & { qos: number }
      >;
      const parts = [name.replace("onBroker", ""), clientId ?? "nobody"];
      if (message) parts.push(`${message.topic}=${textOf(message.payload)}`);
      if (qos !== undefined) parts.push(`${qos}`);
      if (reason !== undefined) parts.push(reason);
      lines.push(parts.join(" "));
    },
  ])) as Methods;
  return { plugin, lines };
}

function persistent(version: 4 | 5, clientId: string, expiry = 100) {
  return {
    version,
    clientId,
    clean: false,
    ...(version === 5 && { properties: { sessionExpiryInterval: expiry } }),
  };
}

forVersions(
  "sessions are created, resumed, taken over and end",
  async (version) => {
    const { plugin, lines } = notes([
      "onBrokerSessionCreated",
      "onBrokerSessionResumed",
      "onBrokerSessionTakenOver",
      "onBrokerSessionExpired",
      "onBrokerClientConnected",
    ]);
    await using broker = await brokerWith([plugin]);
    const options = persistent(version, "one");
    const first = await TestClient.connect(broker, options);
    const second = await TestClient.connect(broker, options);
    if (version === 5) await first.expect("disconnect");
    await first.closed();
    await second.disconnect();
    const third = await TestClient.connect(broker, { ...options, clean: true });
    await third.disconnect();
    const fourth = await TestClient.connect(broker, {
      version,
      clientId: "two",
    });
    await fourth.disconnect();
    await first.close();
    assertEquals(lines, [
      "SessionCreated one",
      "ClientConnected one",
      "SessionTakenOver one",
      "SessionResumed one",
      "ClientConnected one",
      "SessionExpired one",
      "SessionCreated one",
      "ClientConnected one",
      // MQTT 3 has no session that is new and stays.
      ...version === 4 ? ["SessionExpired one"] : [],
      "SessionCreated two",
      "ClientConnected two",
      "SessionExpired two",
    ]);
  },
);

forVersions("a session expires when its client stays away", async (version) => {
  const { plugin, lines } = notes(["onBrokerSessionExpired"]);
  await using broker = await brokerWith([plugin], {
    sessionExpiryInterval: 0.05,
  });
  const client = await TestClient.connect(broker, persistent(version, "one"));
  await client.disconnect();
  await eventually(() => lines.length === 1);
  assertEquals(lines, ["SessionExpired one"]);
});

forVersions(
  "a client that is not let in is told of, with the reason",
  async (version) => {
    const seen: unknown[] = [];
    await using broker = await brokerWith([{
      authenticate: ({ session }) =>
        session.username === "banned"
          ? { allow: false, reasonCode: 0x8a }
          : session.username === "good",
      onBrokerClientAuthenticationFailed: (event) => {
        seen.push(event);
      },
    }]);
    for (const username of ["good", "bad", "banned"]) {
      await using _ = await TestClient.connect(broker, {
        version,
        clientId: "one",
        username,
      });
    }
    const event = {
      clientId: "one",
      remoteAddress: "127.0.0.1",
      listener: "default",
    };
    assertEquals(seen, [
      { ...event, username: "bad", reasonCode: 0x87 },
      { ...event, username: "banned", reasonCode: 0x8a },
    ]);
  },
);

forVersions(
  "messages are delivered, acknowledged and refused",
  async (version) => {
    const { plugin, lines } = notes([
      "onBrokerMessageDelivered",
      "onBrokerMessageAcknowledged",
      "onBrokerMessageDropped",
    ]);
    await using broker = await brokerWith([plugin]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await client.subscribe("#", 2);
    for (const qos of [0, 1, 2] as const) {
      broker.context.publish("a", `${qos}`, { qos });
      const { messageId } = await client.expect("publish");
      if (qos === 1) await client.send({ cmd: "puback", messageId });
      if (qos === 2) {
        await client.send({ cmd: "pubrec", messageId });
        await client.expect("pubrel");
        await client.send({ cmd: "pubcomp", messageId });
      }
      await client.ping();
    }
    const expected = [
      "MessageDelivered one a=0 0",
      "MessageDelivered one a=1 1",
      "MessageAcknowledged one a=1 1",
      "MessageDelivered one a=2 2",
      "MessageAcknowledged one a=2 2",
    ];
    assertEquals(lines, expected);
    if (version === 4) return;
    for (const qos of [1, 2] as const) {
      broker.context.publish("a", "x", { qos });
      const { messageId } = await client.expect("publish");
      const cmd = qos === 1 ? "puback" : "pubrec";
      await client.send({ cmd, messageId, reasonCode: 0x97 });
      await client.ping();
    }
    assertEquals(lines.slice(expected.length), [
      "MessageDelivered one a=x 1",
      "MessageDropped one a=x client_refused",
      "MessageDelivered one a=x 2",
      "MessageDropped one a=x client_refused",
    ]);
    assertEquals(broker.context.stats().dropped.client_refused, 2);
  },
);

forVersions("a message that is repeated is delivered once", async (version) => {
  const { plugin, lines } = notes(["onBrokerMessageDelivered"]);
  await using broker = await brokerWith([plugin]);
  const options = persistent(version, "one");
  const client = await TestClient.connect(broker, options);
  await client.subscribe("a", 1);
  broker.context.publish("a", "x", { qos: 1 });
  await client.expect("publish");
  await client.close();
  await eventually(() => broker.context.stats().clientsConnected === 0);
  await using again = await TestClient.connect(broker, options);
  assertEquals((await again.expect("publish")).dup, true);
  assertEquals(lines, ["MessageDelivered one a=x 1"]);
});

forVersions("messages are dropped, each with its reason", async (version) => {
  const { plugin, lines } = notes(["onBrokerMessageDropped"]);
  await using broker = await brokerWith([plugin, {
    topicFiltering: ({ topic, action, session }) =>
      topic === "denied"
        ? action !== "receive" || session.clientId !== "two"
        : topic !== "refused",
    interceptPublish: ({ message }) =>
      message.topic === "intercepted" ? { drop: true } : undefined,
  }], { maxQueuedMessages: 1 });
  const two = await TestClient.connect(broker, persistent(version, "two"));
  await two.subscribe(["denied", "queue", "offline"], 1);
  await using one = await TestClient.connect(broker, {
    version,
    clientId: "one",
    ...(version === 5 && { properties: { maximumPacketSize: 50 } }),
  });
  await one.subscribe("large", 0);
  await one.publish("nowhere", "x");
  await one.publish("refused", "x", { qos: 1 });
  await one.publish("intercepted", "x");
  await one.publish("denied", "x");
  if (version === 5) await one.publish("large", "x".repeat(50));
  await two.disconnect();
  for (let i = 0; i < 2; i++) await one.publish("queue", "x", { qos: 1 });
  await one.publish("offline", "x");
  assertEquals(lines, [
    "MessageDropped nobody nowhere=x no_subscribers",
    "MessageDropped nobody refused=x topic_refused",
    "MessageDropped nobody intercepted=x intercepted",
    "MessageDropped two denied=x denied",
    ...version === 5
      ? [`MessageDropped one large=${"x".repeat(50)} packet_too_large`]
      : [],
    "MessageDropped two queue=x queue_full",
    "MessageDropped two offline=x offline",
  ]);
});

Deno.test("messages that are too old are told of, in a queue and as retained ones", async () => {
  const { plugin, lines } = notes([
    "onBrokerMessageExpired",
    "onBrokerMessageDropped",
  ]);
  await using broker = await brokerWith([plugin]);
  const options = persistent(5, "one");
  const client = await TestClient.connect(broker, options);
  await client.subscribe("queued", 1);
  await client.disconnect();
  const properties = { messageExpiryInterval: 1 };
  broker.context.publish("queued", "x", { qos: 1, properties });
  broker.context.retained.set("kept", "y", { properties });
  await eventually(() => lines.length === 1);
  await using again = await TestClient.connect(broker, options);
  await again.ping();
  assertEquals(lines, [
    "MessageExpired nobody kept=y",
    "MessageExpired one queued=x",
  ]);
});

forVersions("a will that is sent is told of", async (version) => {
  const { plugin, lines } = notes(["onBrokerWillSent"]);
  await using broker = await brokerWith([plugin]);
  const client = await TestClient.connect(broker, {
    version,
    clientId: "one",
    will: { topic: "w", payload: Buffer.from("x"), qos: 0, retain: false },
  });
  await client.close();
  await eventually(() => lines.length === 1);
  assertEquals(lines, ["WillSent one w=x"]);
});

forVersions(
  "a plugin that fails is told of, but not of its own doing there",
  async (version) => {
    const failed: string[] = [];
    const note = ({ plugin, method, error }: PluginFailedEvent): void => {
      failed.push(`${plugin} ${method} ${(error as Error).message}`);
      throw new Error("even this");
    };
    await using broker = await brokerWith([
      { onBrokerPluginFailed: note },
      {
        interceptPublish: () => {
          throw new Error("broken");
        },
        onBrokerClientConnected: () => Promise.reject(new Error("later")),
      },
    ]);
    await using client = await TestClient.connect(broker, { version });
    await client.publish("a", "x");
    await eventually(() => failed.length === 2);
    assertEquals(failed.sort(), [
      "plugin_2 interceptPublish broken",
      "plugin_2 onBrokerClientConnected later",
    ]);
  },
);

forVersions("the events of aMQTT tell of a client's life", async (version) => {
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  await using broker = await brokerWith([{
    onBrokerClientConnected: ({ clientId }) => note(`${clientId} connected`),
    onBrokerClientDisconnected: ({ clientId }) =>
      note(`${clientId} disconnected`),
    onBrokerClientSubscribed: ({ clientId, topic, qos }) =>
      note(`${clientId} subscribed ${topic} ${qos}`),
    onBrokerClientUnsubscribed: ({ clientId, topic }) =>
      note(`${clientId} unsubscribed ${topic}`),
    onBrokerMessageReceived: ({ clientId, message }) =>
      note(`${clientId} sent ${message.topic}`),
    onBrokerMessageBroadcast: ({ clientId, message }) =>
      note(`${clientId} may send ${message.topic}`),
    onBrokerRetainedMessage: ({ clientId, retainedMessage }) =>
      note(`${clientId} retained ${retainedMessage.topic}`),
    onMqttPacketReceived: ({ packet, session }) =>
      note(`> ${packet.cmd} ${session?.clientId}`),
    onMqttPacketSent: ({ packet, session }) =>
      note(`< ${packet.cmd} ${session?.clientId}`),
  }]);
  await using client = await TestClient.connect(broker, {
    version,
    clientId: "one",
  });
  await client.subscribe("a", 1);
  await client.send({
    cmd: "publish",
    topic: "a",
    payload: "x",
    qos: 0,
    dup: false,
    retain: true,
  });
  await client.expect("publish");
  await client.unsubscribe("a");
  await client.disconnect();
  assertEquals(lines, [
    ...["> connect undefined", "< connack one", "one connected"],
    ...["> subscribe one", "< suback one", "one subscribed a 1"],
    ...["> publish one", "one sent a", "one may send a", "null retained a"],
    "< publish one",
    ...["> unsubscribe one", "< unsuback one", "one unsubscribed a"],
    ...["> disconnect one", "one disconnected"],
  ]);
});
