/** Interceptors of what clients get: deliver, retain, and the members of shared subscriptions. */

import { assertEquals } from "@std/assert";
import type { DeliverEvent, SelectMemberEvent } from "../../../plugins/mod.ts";
import { TestClient } from "../../_client.ts";
import { brokerWith, failures, forVersions, textOf } from "./_helpers.ts";

forVersions(
  "interceptDeliver changes what one client gets, or keeps it back",
  async (version) => {
    const seen: unknown[] = [];
    await using broker = await brokerWith([{
      interceptDeliver: ({ session, message, qos, retain }) => {
        seen.push([session.clientId, message.topic, qos, retain]);
        if (session.clientId === "two") {
          return {
            topic: `for/two/${message.topic}`,
            payload: `${textOf(message.payload)} (2)`,
            properties: { contentType: "text/plain" },
          };
        }
        if (session.clientId === "three") return { drop: true };
        if (session.clientId === "four") return false;
      },
    }]);
    const clients = [];
    for (const clientId of ["one", "two", "three", "four"]) {
      const client = await TestClient.connect(broker, { version, clientId });
      await client.subscribe("a", 1);
      clients.push(client);
    }
    const [one, two, three, four] = clients;
    await using writer = await TestClient.connect(broker, { version });
    await writer.publish("a", "hello");
    broker.context.publish("a", "last", { qos: 1 });
    for (const client of [three, four]) await client.ping();
    const packet = await two.expect("publish");
    assertEquals([packet.topic, `${packet.payload}`], [
      "for/two/a",
      "hello (2)",
    ]);
    if (version === 5) {
      assertEquals(
        packet.properties!.contentType,
        "text/plain",
      );
    }
    assertEquals(await two.message(), "for/two/a: last (2)");
    assertEquals(await one.message(), "a: hello");
    assertEquals(await one.message(), "a: last");
    assertEquals(seen.slice(0, 4), [
      ["one", "a", 0, false],
      ["two", "a", 0, false],
      ["three", "a", 0, false],
      ["four", "a", 0, false],
    ]);
    assertEquals(broker.context.stats().dropped.intercepted, 4);
    for (const client of clients) await client.close();
  },
);

forVersions(
  "interceptDeliver is asked for retained messages, and once for what waits for a client that is away",
  async (version) => {
    const seen: unknown[] = [];
    await using broker = await brokerWith([{
      interceptDeliver: async (
        { session, message, qos, retain }: DeliverEvent,
      ) => {
        seen.push([message.topic, qos, retain, session.connected]);
        await Promise.resolve();
        return { payload: `${textOf(message.payload)}!` };
      },
    }]);
    const options = {
      version,
      clientId: "one",
      clean: false,
      ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }),
    };
    broker.context.publish("kept", "retained", { retain: true });
    await using client = await TestClient.connect(broker, options);
    await client.subscribe("#", 1);
    assertEquals(await client.message(), "kept: retained!");
    await client.disconnect();
    broker.context.publish("a", "1", { qos: 1 });
    assertEquals(broker.context.publishTo("one", "b", "2", { qos: 1 }), true);
    await using again = await TestClient.connect(broker, options);
    assertEquals(await again.message(), "a: 1!");
    assertEquals(await again.message(), "b: 2!");
    assertEquals(seen, [
      ["kept", 0, true, true],
      ["a", 1, false, false],
      ["b", 1, false, false],
    ]);
  },
);

forVersions(
  "interceptDeliver: order is kept while a plugin thinks about one message",
  async (version) => {
    const gate = Promise.withResolvers<void>();
    await using broker = await brokerWith([{
      interceptDeliver: ({ session, message }) =>
        session.clientId === "one" && textOf(message.payload) === "0"
          ? gate.promise
          : undefined,
    }]);
    await using one = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await using two = await TestClient.connect(broker, {
      version,
      clientId: "two",
    });
    for (const client of [one, two]) await client.subscribe("a");
    for (let i = 0; i < 3; i++) broker.context.publish("a", `${i}`);
    for (let i = 0; i < 3; i++) assertEquals(await two.message(), `a: ${i}`);
    await one.ping();
    gate.resolve();
    for (let i = 0; i < 3; i++) assertEquals(await one.message(), `a: ${i}`);
  },
);

forVersions(
  "interceptDeliver: what cannot be a message is not delivered",
  async (version) => {
    const answers: unknown[] = [
      { topic: "a/#" },
      { payload: 1 },
      { qos: 1 },
      { payload: new Uint8Array(5000) },
      true,
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptDeliver: () => answers[at++] as undefined,
    }], { maxPacketSize: 4096 });
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("a");
    for (const _ of answers) broker.context.publish("a", "x");
    broker.context.publish("a", "last");
    assertEquals(await client.message(), "a: last");
    assertEquals(failures(broker), answers.length);
  },
);

forVersions(
  "interceptDeliver: one that causes what it intercepts ends after a while",
  async (version) => {
    let asked = 0;
    const broker = await brokerWith([{
      interceptDeliver: () => {
        asked++;
        broker.context.publish("a", "again");
      },
    }]);
    await using _ = broker;
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("a");
    broker.context.publish("a", "first");
    await client.expect("publish");
    assertEquals([asked, failures(broker)], [16, 1]);
  },
);

forVersions(
  "interceptRetain changes what is retained, or leaves it",
  async (version) => {
    const broker = await brokerWith([{
      interceptRetain: ({ message }) => {
        if (message.topic === "never") return { drop: true };
        if (message.topic === "pinned" && message.payload.length === 0) {
          return false;
        }
        if (message.topic === "late") {
          return Promise.reject(new Error()) as never;
        }
        if (message.payload.length === 0) return;
        return {
          payload: `kept ${textOf(message.payload)}`,
          properties: { messageExpiryInterval: 1000 },
        };
      },
    }]);
    await using _ = broker;
    const { retained } = broker.context;
    const textAt = (topic: string) => {
      const message = retained.get(topic);
      return message && textOf(message.payload);
    };
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("#");
    const retain = true;
    for (const topic of ["a", "pinned", "never", "late"]) {
      broker.context.publish(topic, "x", { retain });
      // Subscribers get it all the same, as it was.
      assertEquals(await client.message(), `${topic}: x`);
    }
    assertEquals(textAt("a"), "kept x");
    assertEquals(textAt("never"), undefined);
    assertEquals(textAt("late"), undefined);
    assertEquals(failures(broker), 1);
    await using writer = await TestClient.connect(broker, { version });
    await writer.publish("pinned", "", { retain });
    await writer.publish("a", "", { retain });
    assertEquals(textAt("pinned"), "kept x");
    assertEquals(retained.size, 1);
  },
);

forVersions(
  "selectSharedMember chooses who gets a message",
  async (version) => {
    const seen: unknown[] = [];
    const answers: unknown[] = [];
    await using broker = await brokerWith([{
      selectSharedMember: (event: SelectMemberEvent) => {
        const { filter, message, members } = event;
        seen.push([
          filter,
          message.topic,
          members.map(({ clientId }) => clientId),
        ]);
        return answers.length > 0 ? answers.shift() as undefined : "two";
      },
    }]);
    await using one = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await using two = await TestClient.connect(broker, {
      version,
      clientId: "two",
    });
    for (const client of [one, two]) await client.subscribe("$share/g/a/#");
    for (let i = 0; i < 3; i++) {
      broker.context.publish("a/b", `${i}`);
      assertEquals(await two.message(), `a/b: ${i}`);
    }
    await one.ping();
    assertEquals(seen[0], ["$share/g/a/#", "a/b", ["one", "two"]]);
    // Nobody loses a message because a plugin does not know what it wants.
    answers.push("nobody", 5, Promise.resolve("one"));
    for (let i = 0; i < 3; i++) broker.context.publish("a/b", "x");
    await two.ping().catch(() => {});
    assertEquals(failures(broker), 3);
    assertEquals(broker.context.stats().publishSent, 6);
  },
);
