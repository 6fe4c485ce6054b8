/** Interceptors of PUBLISH, and what they make of its message. */

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import type { PublishAnswer, PublishEvent } from "../../../plugins/mod.ts";
import { TestClient } from "../../_client.ts";
import {
  brokerWith,
  bytes,
  failures,
  forVersions,
  textOf,
} from "./_helpers.ts";

forVersions(
  "interceptPublish changes topic, payload, QoS, retain flag and properties",
  async (version) => {
    await using broker = await brokerWith([{
      interceptPublish: ({ message }) => ({
        topic: `tenant/${message.topic}`,
        payload: textOf(message.payload).toUpperCase(),
        qos: 0,
        retain: true,
        properties: {
          contentType: "text/plain",
          userProperties: [["a", "1"], ["a", "2"]],
          messageExpiryInterval: 100,
        },
      }),
    }]);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#", 2);
    await using writer = await TestClient.connect(broker, { version });
    for (const qos of [0, 1, 2] as const) {
      // The writer is answered as it asked.
      await writer.publish("a", "hello", { qos });
      const packet = await reader.expect("publish");
      assertEquals([packet.topic, `${packet.payload}`, packet.qos], [
        "tenant/a",
        "HELLO",
        0,
      ]);
      if (version === 5) {
        const { userProperties, ...rest } = packet.properties!;
        assertEquals(rest, {
          contentType: "text/plain",
          messageExpiryInterval: 100,
        });
        assertEquals({ ...userProperties }, { a: ["1", "2"] });
      }
    }
    const kept = broker.context.retained.get("tenant/a")!;
    assertEquals([textOf(kept.payload), kept.properties?.contentType], [
      "HELLO",
      "text/plain",
    ]);
    assertEquals(broker.context.retained.size, 1);
  },
);

forVersions(
  "interceptPublish drops without telling, and refuses with a reason",
  async (version) => {
    await using broker = await brokerWith([{
      interceptPublish: ({ message }) => {
        if (message.topic === "drop") return { drop: true };
        if (message.topic === "refuse") {
          return { allow: false, reasonCode: 0x97, reasonString: "enough" };
        }
      },
    }]);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#");
    await using writer = await TestClient.connect(broker, { version });
    for (const qos of [0, 1, 2] as const) {
      await writer.publish("drop", "x", { qos, retain: true });
    }
    const send = async (qos: 1 | 2, messageId: number) => {
      await writer.send({
        cmd: "publish",
        topic: "refuse",
        payload: "x",
        dup: false,
        retain: false,
        qos,
        messageId,
      });
      const answer = await writer.expect(qos === 1 ? "puback" : "pubrec");
      const { reasonCode, properties } = answer;
      if (version === 5) {
        assertEquals([reasonCode, properties?.reasonString], [0x97, "enough"]);
      }
    };
    await send(1, 101);
    await send(2, 102);
    if (version === 4) {
      // As if it had passed: MQTT 3 has no way to say no.
      await writer.send({ cmd: "pubrel", messageId: 102 });
      await writer.expect("pubcomp");
    }
    await writer.publish("pass", "y");
    assertEquals(await reader.message(), "pass: y");
    assertEquals(broker.context.retained.size, 0);
    assertEquals(broker.context.stats().dropped.intercepted, 5);
  },
);

forVersions(
  "interceptPublish is asked once for a message of QoS 2 that is repeated",
  async (version) => {
    let asked = 0;
    await using broker = await brokerWith([{
      interceptPublish: () => {
        asked++;
      },
    }]);
    await using client = await TestClient.connect(broker, { version });
    for (const dup of [false, true]) {
      await client.send({
        cmd: "publish",
        topic: "a",
        payload: "x",
        dup,
        retain: false,
        qos: 2,
        messageId: 1,
      });
      await client.expect("pubrec");
    }
    assertEquals(asked, 1);
  },
);

Deno.test("interceptPublish sees the topic that an alias stands for (5.0)", async () => {
  const seen: string[] = [];
  await using broker = await brokerWith([{
    interceptPublish: ({ message }) => {
      seen.push(`${message.topic}: ${textOf(message.payload)}`);
      return { topic: "elsewhere" };
    },
  }]);
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe("elsewhere");
  const properties = { topicAlias: 1 };
  await client.send(
    ...["long/name", ""].map((topic, i) => ({
      cmd: "publish" as const,
      topic,
      payload: `${i}`,
      qos: 0 as const,
      dup: false,
      retain: false,
      properties,
    })),
  );
  assertEquals(await client.message(), "elsewhere: 0");
  assertEquals(await client.message(), "elsewhere: 1");
  assertEquals(seen, ["long/name: 0", "long/name: 1"]);
});

forVersions(
  "interceptPublish takes topics that begin with $ in, and may not write there",
  async (version) => {
    await using broker = await brokerWith([{
      interceptPublish: ({ message }) => {
        const topic = message.topic;
        if (topic.startsWith("$in/")) return { topic: topic.slice(4) };
        if (topic === "out") return { topic: "$out/x" };
      },
    }]);
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe(["#", "$out/#"]);
    await client.publish("out", "1");
    await client.send({
      cmd: "publish",
      topic: "$in/a/b",
      payload: "2",
      qos: 0,
      dup: false,
      retain: false,
    });
    assertEquals(await client.message(), "a/b: 2");
  },
);

forVersions(
  "interceptPublish delays a message and those behind it; the bytes stay",
  async (version) => {
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    await using broker = await brokerWith([{
      interceptPublish: async (
        { message }: PublishEvent,
      ): Promise<PublishAnswer> => {
        if (message.topic === "slow") await gate.promise;
        seen.push(textOf(message.payload));
      },
    }]);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#");
    await using writer = await TestClient.connect(broker, { version });
    const packet = (topic: string, payload: string) => ({
      cmd: "publish" as const,
      topic,
      payload,
      qos: 0 as const,
      dup: false,
      retain: false,
    });
    await writer.send(packet("slow", "first"), packet("fast", "second"));
    await using other = await TestClient.connect(broker, { version });
    await other.publish("fast", "other");
    assertEquals(await reader.message(), "fast: other");
    gate.resolve();
    assertEquals(await reader.message(), "slow: first");
    assertEquals(await reader.message(), "fast: second");
    assertEquals(seen, ["other", "first", "second"]);
  },
);

forVersions(
  "interceptPublish: the client that leaves meanwhile has published nothing",
  async (version) => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using broker = await brokerWith([{
      interceptPublish: async () => {
        asked.resolve();
        await gate.promise;
      },
    }]);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#");
    await using writer = await TestClient.connect(broker, {
      version,
      clientId: "writer",
    });
    await writer.send({
      cmd: "publish",
      topic: "a",
      payload: "x",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    await asked.promise;
    broker.context.disconnect("writer");
    gate.resolve();
    if (version === 5) await writer.expect("disconnect");
    await writer.closed();
    await assertRejects(() => writer.next());
    await reader.ping();
  },
);

forVersions(
  "interceptPublish does not see what plugins publish",
  async (version) => {
    let asked = 0;
    const broker = await brokerWith([{
      interceptPublish: ({ message }) => {
        asked++;
        broker.context.publish(`copy/${message.topic}`, message.payload);
      },
    }]);
    await using _ = broker;
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#");
    await using writer = await TestClient.connect(broker, { version });
    await writer.publish("a", "x");
    assertEquals(await reader.message(), "copy/a: x");
    assertEquals(await reader.message(), "a: x");
    assertEquals(asked, 1);
  },
);

forVersions(
  "interceptPublish: what cannot be a message refuses it",
  async (version) => {
    const answers: unknown[] = [
      { topic: "a/+" },
      { topic: "" },
      { topic: "\udc00" },
      { topic: "a\0b" },
      { topic: "1/2/3/4/5/6" },
      { topic: "x".repeat(70_000) },
      { payload: 5 },
      { payload: new Uint8Array(5000) },
      { qos: 3 },
      { qos: 2 },
      { qos: "1" },
      { retain: true },
      { retain: 0 },
      { properties: { contentType: 1 } },
      { properties: { colour: "red" } },
      { properties: { responseTopic: "a/#" } },
      { properties: { messageExpiryInterval: -1 } },
      { properties: { userProperties: [["a"]] } },
      { properties: { userProperties: [["a", "\ud800"]] } },
      { properties: { userProperties: Array(20).fill(["a", "b"]) } },
      { properties: { correlationData: "text" } },
      { properties: null },
      { drop: false },
      { drop: true, topic: "a" },
      { allow: false, reasonCode: 0x10 },
      { payload: "x", typo: 1 },
      true,
      "refuse",
      () => Promise.resolve({ topic: "a/#" }),
      () => Promise.reject(new Error("broken")),
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptPublish: () => {
        const answer = answers[at++];
        return typeof answer === "function" ? answer() : answer;
      },
    }], {
      maxTopicLevels: 5,
      maxPacketSize: 4096,
      maxQos: 1,
      retainAvailable: false,
      maxUserProperties: 10,
    });
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("#");
    for (let i = 1; i <= answers.length; i++) {
      await client.send({
        cmd: "publish",
        topic: "a",
        payload: "x",
        qos: 1,
        messageId: i,
        dup: false,
        retain: false,
      });
      const { reasonCode } = await client.expect("puback");
      if (version === 5) assertEquals(reasonCode, 0x87);
    }
    assertEquals(failures(broker), answers.length);
    assertEquals(
      broker.context.stats().dropped.intercepted,
      answers.length,
    );
  },
);

forVersions(
  "interceptPublish: a message that is stored is the changed one",
  async (version) => {
    const folder = await Deno.makeTempDir();
    const config = {
      store: { type: "sqlite" as const, path: `${folder}/store.db` },
    };
    try {
      const options = {
        version,
        clientId: "reader",
        clean: false,
        ...(version === 5 && { properties: { sessionExpiryInterval: 1000 } }),
      };
      {
        await using broker = await brokerWith([{
          interceptPublish: async ({ message }: PublishEvent) => {
            await Promise.resolve();
            return { payload: bytes(`${textOf(message.payload)}!`) };
          },
        }], config);
        await using reader = await TestClient.connect(broker, options);
        await reader.subscribe("a", 1);
        await reader.disconnect();
        await using writer = await TestClient.connect(broker, { version });
        await writer.publish("a", Buffer.from("kept"), {
          qos: 1,
          retain: true,
        });
      }
      await using broker = await brokerWith([], config);
      assertEquals(textOf(broker.context.retained.get("a")!.payload), "kept!");
      await using reader = await TestClient.connect(broker, options);
      assertEquals(await reader.message(), "a: kept!");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
