/** Interceptors of SUBSCRIBE and UNSUBSCRIBE, filter by filter. */

import { assertEquals } from "@std/assert";
import type { SubscribeEvent, UnsubscribeEvent } from "../../../plugins/mod.ts";
import { TestClient } from "../../_client.ts";
import { brokerWith, failures, forVersions } from "./_helpers.ts";

forVersions(
  "interceptSubscribe sees each filter with its options",
  async (version) => {
    const seen: unknown[] = [];
    await using broker = await brokerWith([{
      interceptSubscribe: ({ session, filter, ...options }) => {
        seen.push([session.clientId, filter, options]);
      },
    }]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [
        version === 5
          ? { topic: "a/#", qos: 1, nl: true, rap: true, rh: 1 }
          : { topic: "a/#", qos: 1 },
        { topic: "$share/g/b", qos: 2 },
      ],
      ...(version === 5 && { properties: { userProperties: { k: "v" } } }),
    });
    assertEquals((await client.expect("suback")).granted, [1, 2]);
    const userProperties = version === 5 ? [["k", "v"]] : undefined;
    assertEquals(seen, [
      ["one", "a/#", {
        qos: 1,
        noLocal: version === 5,
        retainAsPublished: version === 5,
        retainHandling: version === 5 ? 1 : 0,
        userProperties,
      }],
      ["one", "$share/g/b", {
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
        userProperties,
      }],
    ]);
  },
);

forVersions(
  "interceptSubscribe rewrites and refuses single filters",
  async (version) => {
    await using broker = await brokerWith([{
      interceptSubscribe: ({ filter }) => {
        if (filter === "secret") {
          return { allow: false, reasonCode: 0x97, reasonString: "enough" };
        }
        if (filter === "plain") return { filter: "tenant/plain", qos: 0 };
      },
      interceptUnsubscribe: ({ filter }: UnsubscribeEvent) => {
        if (filter === "plain") return { filter: "tenant/plain" };
      },
    }]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    assertEquals(
      await client.subscribe(["plain", "secret", "other"], 1),
      [0, version === 5 ? 0x97 : 0x80, 1],
    );
    const filters = [...broker.context.subscriptions("one")].map(({ filter }) =>
      filter
    );
    assertEquals(filters, ["tenant/plain", "other"]);
    await client.unsubscribe("plain");
    assertEquals([...broker.context.subscriptions("one")].length, 1);
  },
);

forVersions(
  "interceptSubscribe grants without retained messages",
  async (version) => {
    await using broker = await brokerWith([{
      interceptSubscribe: ({ filter }) =>
        filter === "quiet" ? { retainHandling: 2 } : undefined,
    }]);
    broker.context.publish("quiet", "kept", { retain: true });
    broker.context.publish("loud", "kept", { retain: true });
    await using client = await TestClient.connect(broker, { version });
    assertEquals(await client.subscribe("quiet"), [0]);
    await client.ping();
    broker.context.publish("quiet", "live");
    assertEquals(await client.message(), "quiet: live");
    await client.subscribe("loud");
    assertEquals(await client.message(), "loud: kept");
  },
);

forVersions(
  "interceptSubscribe sets no local and retain as published",
  async (version) => {
    await using broker = await brokerWith([{
      interceptSubscribe: () => ({ noLocal: true, retainAsPublished: true }),
    }]);
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("a");
    await client.publish("a", "own");
    await using other = await TestClient.connect(broker, { version });
    await other.publish("a", "foreign", { retain: true });
    const { payload, retain } = await client.expect("publish");
    assertEquals([`${payload}`, retain], ["foreign", true]);
  },
);

forVersions(
  "interceptSubscribe may take its time; what comes behind waits",
  async (version) => {
    const gate = Promise.withResolvers<undefined>();
    await using broker = await brokerWith([{
      interceptSubscribe: () => gate.promise,
    }]);
    await using client = await TestClient.connect(broker, { version });
    await client.send(
      {
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "a", qos: 0 }],
      },
      { cmd: "pingreq" },
    );
    // Others are served meanwhile.
    await using other = await TestClient.connect(broker, { version });
    await other.ping();
    assertEquals(client.unread, 0);
    gate.resolve(undefined);
    await client.expect("suback");
    await client.expect("pingresp");
  },
);

forVersions(
  "interceptUnsubscribe refuses, and the subscription stays",
  async (version) => {
    await using broker = await brokerWith([{
      interceptUnsubscribe: ({ filter }) => filter !== "pinned" && undefined,
    }]);
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe(["pinned", "free"]);
    const { granted } = await client.unsubscribe("pinned", "free");
    if (version === 5) assertEquals(granted, [0x87, 0]);
    broker.context.publish("pinned", "1");
    broker.context.publish("free", "2");
    assertEquals(await client.message(), "pinned: 1");
    await client.ping();
  },
);

forVersions(
  "interceptSubscribe: what cannot be a subscription refuses it",
  async (version) => {
    const answers: unknown[] = [
      { filter: "a/#/b" },
      { filter: "" },
      { filter: "a\0" },
      { filter: "1/2/3/4/5/6" },
      { filter: "x".repeat(70_000) },
      { qos: 3 },
      { retainHandling: 3 },
      { noLocal: 1 },
      { filter: "$share/g/a", noLocal: true },
      { topic: "typo" },
      { drop: true },
      true,
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptSubscribe: (_: SubscribeEvent) => answers[at++] as undefined,
      interceptUnsubscribe: () => ({ filter: "+b" }),
    }], { maxTopicLevels: 5 });
    await using client = await TestClient.connect(broker, { version });
    const refused = version === 5 ? 0x87 : 0x80;
    for (const _ of answers) {
      assertEquals(await client.subscribe("a"), [refused]);
    }
    assertEquals([...broker.context.subscriptions()].length, 0);
    const { granted } = await client.unsubscribe("a");
    if (version === 5) assertEquals(granted, [0x87]);
    assertEquals(failures(broker), answers.length + 1);
  },
);
