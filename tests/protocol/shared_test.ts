/** Shared subscriptions (MQTT 5, section 4.8.2), which clients of MQTT 3.1.1 have too. */

import { assertEquals } from "@std/assert";
import type { TopicFilteringEvent } from "../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import {
  assertDisconnected,
  flight,
  frame,
  gone,
  subscribe,
  text,
} from "./_helpers.ts";

const FILTER = "$share/group/a/+";

for (const version of [4, 5] as const) {
  const options = { version };
  const lasting = (clientId: string, expiry = 60) => ({
    version,
    clientId,
    clean: false,
    ...version === 5 && { properties: { sessionExpiryInterval: expiry } },
  });

  Deno.test(`MQTT ${version}: each message goes to one member, in turn`, async () => {
    await using broker = await startBroker();
    await using one = await TestClient.connect(broker, options);
    await using two = await TestClient.connect(broker, options);
    await using three = await TestClient.connect(broker, options);
    await using alone = await TestClient.connect(broker, options);
    await using all = await TestClient.connect(broker, options);
    for (const member of [one, two, three]) await member.subscribe(FILTER, 1);
    await alone.subscribe("$share/other/a/+", 1);
    await all.subscribe("a/#", 1);
    for (let i = 0; i < 9; i++) {
      broker.context.publish("a/b", `${i}`, { qos: i % 2 ? 1 : 0 });
    }
    for (const [n, member] of [one, two, three].entries()) {
      for (const i of [n, n + 3, n + 6]) {
        assertEquals(await member.message(), `a/b: ${i}`);
      }
      await member.ping();
    }
    for (let i = 0; i < 9; i++) {
      assertEquals(await alone.message(), `a/b: ${i}`);
      assertEquals(await all.message(), `a/b: ${i}`);
    }
  });

  Deno.test(`MQTT ${version}: an absent member is passed over, retained messages are not sent`, async () => {
    await using broker = await startBroker();
    broker.context.publish("a/b", "retained", { retain: true });
    await using one = await TestClient.connect(broker, lasting("one"));
    await one.subscribe(FILTER, 1);
    await one.ping();
    await one.close();
    await gone(broker, "one");
    await using two = await TestClient.connect(broker, lasting("two"));
    await two.subscribe(FILTER, 1);
    for (let i = 0; i < 3; i++) {
      broker.context.publish("a/b", `${i}`, { qos: 1 });
      assertEquals(await two.message(), `a/b: ${i}`);
    }
  });

  Deno.test(`MQTT ${version}: QoS 1 messages of a member that goes away go to another`, async () => {
    await using broker = await startBroker({ maxInflight: 2 });
    await using one = await TestClient.connect(broker, options);
    await one.subscribe(FILTER, 1);
    for (let i = 0; i < 4; i++) {
      broker.context.publish("a/b", `${i}`, { qos: 1 });
    }
    // Two are in flight, two are queued.
    assertEquals(await one.message(), "a/b: 0");
    assertEquals(await one.message(), "a/b: 1");
    await using two = await TestClient.connect(broker, options);
    await two.subscribe(FILTER, 1);
    await one.close();
    for (let i = 0; i < 4; i++) {
      const packet = await two.expect("publish");
      assertEquals(flight(packet).slice(0, 3), [`${i}`, 1, false]);
      await two.send({ cmd: "puback", messageId: packet.messageId });
    }
    await two.ping();
    assertEquals(broker.context.stats().inflightOut, 0);
  });

  Deno.test(`MQTT ${version}: QoS 1 messages of a lasting session go to a member that is there, once`, async () => {
    await using broker = await startBroker();
    await using one = await TestClient.connect(broker, lasting("one"));
    await one.subscribe(FILTER, 1);
    broker.context.publish("a/b", "x", { qos: 1 });
    assertEquals(await one.message(), "a/b: x");
    await using two = await TestClient.connect(broker, options);
    await two.subscribe(FILTER, 1);
    await one.close();
    assertEquals(await two.message(), "a/b: x");
    await using back = await TestClient.connect(broker, lasting("one"));
    await back.ping();
  });

  Deno.test(`MQTT ${version}: QoS 2 messages in flight stay with their member [MQTT-4.8.2-4]`, async () => {
    await using broker = await startBroker();
    await using one = await TestClient.connect(broker, lasting("one"));
    await one.subscribe(FILTER, 2);
    broker.context.publish("a/b", "x", { qos: 2 });
    const { messageId } = await one.expect("publish");
    await using two = await TestClient.connect(broker, options);
    await two.subscribe(FILTER, 2);
    await one.close();
    await gone(broker, "one");
    await two.ping();
    await using back = await TestClient.connect(broker, lasting("one"));
    assertEquals(flight(await back.expect("publish")), [
      "x",
      2,
      true,
      messageId,
    ]);
  });

  Deno.test(`MQTT ${version}: QoS 2 messages in flight end with the session [MQTT-4.8.2-5]`, async () => {
    await using broker = await startBroker();
    await using one = await TestClient.connect(broker, {
      ...options,
      clientId: "one",
    });
    await one.subscribe(FILTER, 2);
    broker.context.publish("a/b", "x", { qos: 2 });
    await one.expect("publish");
    await using two = await TestClient.connect(broker, options);
    await two.subscribe(FILTER, 2);
    await one.close();
    await gone(broker, "one");
    await two.ping();
    assertEquals(broker.context.stats().inflightOut, 0);
  });

  Deno.test(`MQTT ${version}: messages wait for the first member that returns when all are away`, async () => {
    await using broker = await startBroker();
    for (const id of ["one", "two"]) {
      await using member = await TestClient.connect(broker, lasting(id));
      await member.subscribe(FILTER, 1);
    }
    await gone(broker, "one");
    await gone(broker, "two");
    for (let i = 0; i < 2; i++) {
      broker.context.publish("a/b", `${i}`, { qos: 1 });
    }
    await using two = await TestClient.connect(broker, lasting("two"));
    const got: string[] = [];
    for (let i = 0; i < 2; i++) {
      const packet = await two.expect("publish");
      got.push(`${packet.payload}`);
      await two.send({ cmd: "puback", messageId: packet.messageId });
    }
    assertEquals(got.sort(), ["0", "1"]);
    await two.ping();
    await using one = await TestClient.connect(broker, lasting("one"));
    await one.ping();
    const { inflightOut, queued } = broker.context.stats();
    assertEquals([inflightOut, queued], [0, 0]);
  });

  Deno.test(`MQTT ${version}: messages that wait for absent members go to a new one`, async () => {
    await using broker = await startBroker({ queueQos0: true });
    {
      await using member = await TestClient.connect(broker, lasting("one"));
      await member.subscribe([FILTER, "own"], 2);
      broker.context.publish("a/b", "in flight", { qos: 2 });
      await member.expect("publish");
    }
    await gone(broker, "one");
    for (const qos of [0, 1, 2] as const) {
      broker.context.publish("a/b", `${qos}`, { qos });
    }
    broker.context.publish("own", "mine", { qos: 1 });
    await using fresh = await TestClient.connect(broker, options);
    await fresh.subscribe("$share/other/a/+", 2);
    await fresh.ping();
    await fresh.subscribe(FILTER, 2);
    for (const qos of [0, 1, 2]) {
      const packet = await fresh.expect("publish");
      assertEquals(flight(packet).slice(0, 3), [`${qos}`, qos, false]);
    }
    await fresh.ping();
    // What is in flight with QoS 2, and what is not shared, stays.
    await using back = await TestClient.connect(broker, lasting("one"));
    assertEquals(await back.message(), "a/b: in flight");
    assertEquals(await back.message(), "own: mine");
    await back.ping();
  });

  Deno.test(`MQTT ${version}: a message whose member leaves while a plugin decides goes to another`, async () => {
    const gate = Promise.withResolvers<boolean>();
    const asked: string[] = [];
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        topicFiltering({ session, action }: TopicFilteringEvent) {
          if (action !== "receive") return true;
          asked.push(session.clientId);
          return session.clientId === "slow" ? gate.promise : true;
        },
      }],
    });
    await using slow = await TestClient.connect(broker, {
      ...options,
      clientId: "slow",
    });
    await slow.subscribe(FILTER, 1);
    // One is asked about, the other waits behind it.
    broker.context.publish("a/b", "1", { qos: 1 });
    broker.context.publish("a/b", "2", { qos: 1 });
    await using other = await TestClient.connect(broker, options);
    await other.subscribe(FILTER, 1);
    await slow.close();
    await gone(broker, "slow");
    gate.resolve(true);
    assertEquals(await other.message(), "a/b: 1");
    assertEquals(await other.message(), "a/b: 2");
    assertEquals(asked.filter((id) => id === "slow").length, 1);
  });

  Deno.test(`MQTT ${version}: a queued message whose member leaves while a plugin decides goes to another`, async () => {
    const gate = Promise.withResolvers<boolean>();
    let patient = false;
    let asked = 0;
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        topicFiltering({ session, action }: TopicFilteringEvent) {
          const slow = patient && session.clientId === "slow" &&
            action === "receive";
          if (slow) asked++;
          return slow ? gate.promise : true;
        },
      }],
    });
    {
      await using slow = await TestClient.connect(broker, lasting("slow"));
      await slow.subscribe(FILTER, 1);
    }
    await gone(broker, "slow");
    broker.context.publish("a/b", "1", { qos: 1 });
    broker.context.publish("a/b", "2", { qos: 1 });
    patient = true;
    await using slow = await TestClient.connect(broker, lasting("slow"));
    await eventually(() => asked === 1);
    await using other = await TestClient.connect(broker, options);
    await other.subscribe(FILTER, 1);
    await slow.close();
    assertEquals(await other.message(), "a/b: 1");
    assertEquals(await other.message(), "a/b: 2");
    gate.resolve(true);
    await other.ping();
  });

  Deno.test(`MQTT ${version}: a member may leave its group`, async () => {
    await using broker = await startBroker();
    await using one = await TestClient.connect(broker, options);
    await using two = await TestClient.connect(broker, options);
    await one.subscribe(FILTER);
    await two.subscribe(FILTER);
    await one.unsubscribe(FILTER);
    for (let i = 0; i < 2; i++) {
      broker.context.publish("a/b", `${i}`);
      assertEquals(await two.message(), `a/b: ${i}`);
    }
    await two.unsubscribe(FILTER);
    broker.context.publish("a/b", "nobody");
    await one.ping();
    await two.ping();
  });
}

Deno.test("MQTT 5: a shared subscription has its own identifier and its own copy", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await subscribe(client, { topic: FILTER, qos: 1 }, 1);
  await subscribe(client, { topic: "a/b", qos: 0 }, 2);
  broker.context.publish("a/b", "x", { qos: 1 });
  const copies = [
    await client.expect("publish"),
    await client.expect("publish"),
  ].map(({ qos, properties }) => [qos, properties?.subscriptionIdentifier]);
  assertEquals(copies.toSorted(), [[0, 2], [1, 1]]);
});

Deno.test("MQTT 5: no local on a shared subscription is a protocol error [MQTT-3.8.3-4]", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.raw(frame(0x82, [0, 1, 0, ...text(FILTER), 4]));
  await assertDisconnected(client, 0x82);
});

Deno.test("MQTT 5: a member's refusal discards the message [MQTT-4.8.2-6]", async () => {
  await using broker = await startBroker();
  await using one = await TestClient.connect(broker, { version: 5 });
  await one.subscribe(FILTER, 1);
  broker.context.publish("a/b", "x", { qos: 1 });
  const { messageId } = await one.expect("publish");
  await using two = await TestClient.connect(broker, { version: 5 });
  await two.subscribe(FILTER, 1);
  await one.send({ cmd: "puback", messageId, reasonCode: 0x80 });
  await one.ping();
  await one.close();
  await two.ping();
});
