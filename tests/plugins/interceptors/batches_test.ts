/** Messages that plugins are told of many at a time: when, and what for. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { encode } from "../../../codec/mod.ts";
import { type Broker, type BrokerConfig, silentLogger } from "../../../mod.ts";
import type {
  ApplicationMessage,
  MessageBatch,
  MessagesEvent,
  Packet,
  PublishEvent,
} from "../../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { publish } from "../../protocol/_helpers.ts";
import { GatedStore } from "../../store/_stores.ts";
import { brokerWith, forVersions, type Methods, textOf } from "./_helpers.ts";

/** A plugin that notes what is in each batch. */
function collector(): { plugin: Methods; batches: string[][]; all: string[] } {
  const batches: string[][] = [];
  const all: string[] = [];
  const plugin: Methods = {
    onBrokerMessagesReceived({ messages }) {
      const lines = linesOf(messages);
      batches.push(lines);
      all.push(...lines);
    },
  };
  return { plugin, batches, all };
}

function linesOf(messages: Iterable<ApplicationMessage>): string[] {
  return Array.from(
    messages,
    ({ topic, payload }) => `${topic}: ${textOf(payload)}`,
  );
}

function numbered(count: number): Packet[] {
  return Array.from({ length: count }, (_, i) => publish("t", `${i}`));
}

function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `t: ${from + i}`);
}

forVersions(
  "a batch has what one read brought, before plugins change or refuse any of it",
  async (version) => {
    const { plugin, batches } = collector();
    await using broker = await brokerWith([plugin, {
      interceptPublish: ({ message }: PublishEvent) => {
        const text = textOf(message.payload);
        if (text === "1") return { payload: "changed" };
        if (text === "2") return { drop: true };
        return text === "3" ? false : undefined;
      },
      topicFiltering: ({ topic }) => topic !== "forbidden",
    }]);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("t");
    await using writer = await TestClient.connect(broker, { version });
    await writer.send(
      ...numbered(5),
      publish("forbidden", "x", { qos: 1, messageId: 1 }),
    );
    await writer.expect("puback");
    assertEquals(batches, [[...lines(0, 5), "forbidden: x"]]);
    for (const text of ["0", "changed", "4"]) {
      assertEquals(await reader.message(), `t: ${text}`);
    }
    // What plugins publish is no client's.
    broker.context.publish("t", "5");
    assertEquals(await reader.message(), "t: 5");
    assertEquals(batches.length, 1);
  },
);

forVersions(
  "a batch is told before the end of the connection that brought it",
  async (version) => {
    const { plugin, batches } = collector();
    const ends: number[] = [];
    await using broker = await brokerWith([plugin, {
      onBrokerClientDisconnected: () => void ends.push(batches.length),
    }]);
    await using leaving = await TestClient.connect(broker, { version });
    await leaving.send(...numbered(3), { cmd: "disconnect" });
    await leaving.closed();
    await using broken = await TestClient.connect(broker, { version });
    const bytes = numbered(4).map((packet) => encode(packet, version));
    // QoS 3 does not exist.
    await broken.raw(Buffer.concat([...bytes, Uint8Array.of(0x36, 0)]));
    await broken.closed();
    assertEquals(batches, [lines(0, 3), lines(0, 4)]);
    assertEquals(ends, [1, 2]);
  },
);

for (
  const hook of [
    "onBrokerMessageReceived",
    "interceptPublish",
    "onBrokerMessageBroadcast",
  ] as const
) {
  forVersions(
    `a batch ends with the message for which a plugin sends the client away in ${hook}`,
    async (version) => {
      const { plugin, batches } = collector();
      const broker: Broker = await brokerWith([plugin, {
        [hook]: ({ message }: PublishEvent) => {
          if (textOf(message.payload) === "30") {
            broker.context.disconnect("writer");
          }
        },
      }]);
      await using _ = broker;
      for (const qos of [0, 1] as const) {
        await using writer = await TestClient.connect(broker, {
          version,
          clientId: "writer",
        });
        await writer.send(
          ...numbered(100).map((packet, i) => ({
            ...packet as ReturnType<typeof publish>,
            qos,
            messageId: qos === 0 ? undefined : i + 1,
          })),
        );
        await writer.closed();
        assertEquals(batches.splice(0).flat(), lines(0, 31));
      }
    },
  );
}

forVersions(
  "a plugin publishes, and sends clients away, while it is told of a batch",
  async (version) => {
    const batches: string[][] = [];
    const broker: Broker = await brokerWith([{
      onBrokerMessagesReceived({ clientId, messages }) {
        batches.push(linesOf(messages));
        broker.context.publish("t", "from the plugin");
        broker.context.disconnect(clientId);
        broker.context.publish("t", "and another");
      },
    }]);
    await using _ = broker;
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("t");
    const endings: Packet[][] = [[], [{ cmd: "disconnect" }], [{
      cmd: "connack",
      reasonCode: 0,
      returnCode: 0,
      sessionPresent: false,
    }]];
    for (const ending of endings) {
      await using writer = await TestClient.connect(broker, {
        version,
        clientId: "writer",
      });
      await writer.subscribe("t");
      await writer.send(...numbered(3), ...ending);
      await writer.closed();
      const rest = [];
      while (writer.unread > 0) rest.push((await writer.next()).cmd);
      // Nothing follows a DISCONNECT.
      assertEquals(rest.slice(0, 4), Array(4).fill("publish"));
      assertEquals(rest.slice(4), version === 5 ? ["disconnect"] : []);
      for (const text of ["0", "1", "2", "from the plugin", "and another"]) {
        assertEquals(await reader.message(), `t: ${text}`);
      }
    }
    assertEquals(batches, Array(3).fill(lines(0, 3)));
    assertEquals(broker.context.stats().clientsConnected, 1);
  },
);

forVersions(
  "a batch is told before the broker waits for a plugin's answer",
  async (version) => {
    const { plugin, batches } = collector();
    const gate = Promise.withResolvers<void>();
    await using broker = await brokerWith([plugin, {
      interceptPublish: ({ message }: PublishEvent) =>
        textOf(message.payload) === "2" ? gate.promise : undefined,
    }]);
    await using writer = await TestClient.connect(broker, { version });
    await writer.send(...numbered(5));
    await eventually(() => batches.length > 0);
    assertEquals(batches, [lines(0, 3)]);
    gate.resolve();
    await writer.ping();
    assertEquals(batches, [lines(0, 3), lines(3, 5)]);
  },
);

forVersions("a client that is slowed down loses nothing", async (version) => {
  const { plugin, all } = collector();
  await using broker = await brokerWith([plugin], { messageRate: 500 });
  await using writer = await TestClient.connect(broker, { version });
  await writer.send(...numbered(600), { cmd: "pingreq" });
  await writer.expect("pingresp");
  assertEquals(all, lines(0, 600));
});

forVersions(
  "what waits for the store is told when it is handled",
  async (version) => {
    const seen: Record<string, string[]> = { one: [], two: [] };
    const store = new GatedStore();
    await using broker = await startBroker(
      {
        plugins: ["auth_anonymous", {
          onBrokerMessagesReceived({ clientId, messages }: MessagesEvent) {
            for (const { topic } of messages) seen[clientId].push(topic);
          },
        }] as BrokerConfig["plugins"],
      },
      silentLogger,
      { store },
    );
    store.shut();
    const payload = Buffer.alloc(1 << 20);
    // More than may wait to be written.
    const count = 40;
    const flags = { qos: 1, retain: true } as const;
    await Promise.all(
      Object.keys(seen).map(async (clientId) => {
        await using writer = await TestClient.connect(broker, {
          version,
          clientId,
        });
        const topics = Array.from(
          { length: count },
          (_, i) => `${clientId}/${i}`,
        );
        const sent = writer.send(
          ...topics.map((topic, i) =>
            publish(topic, payload, { ...flags, messageId: i + 1 })
          ),
        );
        await eventually(() => seen.one.length + seen.two.length > 30);
        assert(seen[clientId].length < count);
        store.pass();
        await sent;
        for (let i = 0; i < count; i++) await writer.expect("puback");
        assertEquals(seen[clientId], topics);
      }),
    );
  },
);

Deno.test("a batch that nobody looked at says so when the call is over; one that somebody looked at stays", async () => {
  const unread: MessageBatch[] = [];
  const read: MessageBatch[] = [];
  await using broker = await brokerWith([{
    onBrokerMessagesReceived({ clientId, messages }) {
      if (clientId === "read") {
        read.push(messages);
        messages[Symbol.iterator]();
      } else unread.push(messages);
    },
  }]);
  for (const clientId of ["read", "unread"]) {
    await using writer = await TestClient.connect(broker, { clientId });
    await writer.send(...numbered(3), { cmd: "pingreq" });
    await writer.expect("pingresp");
  }
  assertEquals(linesOf(read[0]), lines(0, 3));
  assertEquals(linesOf(read[0]), lines(0, 3));
  assertEquals([unread[0].length, unread[0].bytes], [3, 3]);
  assertThrows(
    () => [...unread[0]],
    Error,
    "Cannot read the messages of a batch: the call that brought it is over",
  );
});

Deno.test("batches that wait for a slow plugin stay whole", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  await using broker = await brokerWith([{
    async onBrokerMessagesReceived({ messages }) {
      await gate.promise;
      seen.push(...linesOf(messages));
    },
  }]);
  await using writer = await TestClient.connect(broker);
  for (let i = 0; i < 100; i += 10) {
    await writer.send(...numbered(100).slice(i, i + 10), { cmd: "pingreq" });
    await writer.expect("pingresp");
  }
  gate.resolve();
  await eventually(() => seen.length === 100);
  assertEquals(seen, lines(0, 100));
});
