import { assert, assertEquals } from "@std/assert";
import type {
  ApplicationMessage,
  Broker,
  ClientEvent,
  Session,
} from "../../../mod.ts";
import { BasePlugin } from "../../../mod.ts";
import { EVENT_NAMES } from "../../../plugins/plugin_class.ts";
import { eventually, TestClient } from "../../_client.ts";
import { brokerWith, type Methods, useEverything } from "./_helpers.ts";

/** A plugin with the given methods that has a context. */
function pluginOf(methods: (plugin: BasePlugin) => Methods): object {
  class Misbehaving extends BasePlugin {}
  const names = Object.keys(methods({} as BasePlugin));
  for (const name of names) {
    Object.assign(Misbehaving.prototype, {
      [name](this: BasePlugin, ...args: never[]) {
        return methods(this)[name](...args);
      },
    });
  }
  return Misbehaving;
}

const HOOKS = [
  ...EVENT_NAMES.filter((name) => !/Pre|Post/.test(name)),
  "topicFiltering",
  "interceptPublish",
  "interceptDeliver",
  "interceptRetain",
  "interceptSubscribe",
  "interceptUnsubscribe",
  "interceptConnect",
  "interceptConnack",
  "interceptDisconnect",
];

for (const hook of HOOKS) {
  Deno.test(`a plugin that publishes twice whenever it is called: ${hook}`, async () => {
    let calls = 0;
    const Plugin = pluginOf(({ context }) => ({
      [hook]() {
        calls++;
        // Somebody gets it, and it is retained.
        context.publish("echo", `${calls}`, { retain: true });
        context.publish("echo", `${calls}`, { qos: 1 });
        if (hook === "topicFiltering") return true;
      },
    }));
    await using broker = await brokerWith([Plugin]);
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("echo", 1);
    await useEverything(broker);
    assert(reader.unread > 0 || calls === 0 || hook.includes("Failed"));
  });
}

Deno.test("a plugin that answers every message that it hears with two more", async () => {
  let heard = 0;
  const Plugin = pluginOf(({ context }) => ({
    onBrokerPostStart() {
      context.subscribe("echo", () => {
        heard++;
        context.publish("echo", "again");
        context.publish("echo", "and again");
      });
    },
  }));
  await using broker = await brokerWith([Plugin]);
  broker.context.publish("echo", "once");
  await useEverything(broker);
  // It goes on, and so do the others.
  const before = heard;
  await eventually(() => heard > before);
  await useEverything(broker);
});

Deno.test("a plugin whose listener rejects", async () => {
  let heard = 0;
  const Plugin = pluginOf(({ context }) => ({
    onBrokerPostStart() {
      // deno-lint-ignore require-await
      context.subscribe("#", async () => {
        heard++;
        throw new Error("broken on purpose");
      });
    },
  }));
  await using broker = await brokerWith([Plugin]);
  await useEverything(broker);
  assert(heard > 3);
});

/** Clients that are there, and what happens to them. */
async function crowd(broker: Broker, count: number): Promise<TestClient[]> {
  return await Promise.all(
    Array.from(
      { length: count },
      (_, i) => TestClient.connect(broker, { clientId: `crowd-${i}` }),
    ),
  );
}

Deno.test("a plugin that disconnects everybody one by one, from within the event", async () => {
  const Plugin = pluginOf(({ context }) => ({
    onBrokerClientDisconnected({ clientSession }: ClientEvent) {
      if (!clientSession.clientId.startsWith("crowd")) return;
      for (const { clientId, connected } of context.sessions) {
        if (connected && clientId.startsWith("crowd")) {
          return void context.disconnect(clientId);
        }
      }
    },
  }));
  await using broker = await brokerWith([Plugin]);
  const clients = await crowd(broker, 300);
  await clients[150].close();
  await eventually(() => broker.context.stats().clientsConnected === 0);
  for (const client of clients) await client.close();
  await useEverything(broker);
});

Deno.test("a plugin that takes subscriptions away and sessions down while a message is delivered", async () => {
  let broker: Broker | undefined = undefined;
  const others = (session: Session) =>
    [...broker!.context.sessions].filter(({ clientId }) =>
      clientId.startsWith("crowd") && clientId !== session.clientId
    );
  const Plugin = pluginOf(({ context }) => ({
    topicFiltering(
      { session, action, topic }: {
        session: Session;
        action: string;
        topic: string;
      },
    ) {
      if (action !== "receive" || topic !== "all") return true;
      const [first, second, third] = others(session);
      if (first) context.removeSubscription(first.clientId, "all");
      if (second) context.disconnect(second.clientId);
      if (third) context.disconnect(third.clientId, { deleteSession: true });
      return true;
    },
    onBrokerMessageBroadcast({ message }: { message: ApplicationMessage }) {
      if (message.topic === "all") context.addSubscription("crowd-0", "all", 1);
    },
  }));
  broker = await brokerWith([Plugin]);
  const clients = await crowd(broker, 30);
  for (const client of clients) await client.subscribe("all", 1);
  await using writer = await TestClient.connect(broker);
  for (let n = 0; n < 10; n++) await writer.publish("all", `${n}`, { qos: 1 });
  for (const client of clients) await client.close();
  await useEverything(broker);
  await eventually(() => broker!.context.stats().clientsConnected === 1);
  assertEquals(broker.context.stats().subscriptions <= 1, true);
  await broker.shutdown();
});
