/** Rules that the whole framework keeps: four answers, failures that stay where they are, no promise without need, order, and bounded queues. Rules 2, 3, 9, 10 and 12 are tested beside this folder, rule 7 in rights_test.ts. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Broker, BrokerConfig } from "../../../mod.ts";
import type { PublishEvent } from "../../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import {
  loadManager,
  MemoryLogger,
  SESSION,
  topicEvent,
} from "../manager_support.ts";
import { brokerWith, failures, forVersions, textOf } from "./_helpers.ts";

// -- Rule 1 --

const broken = () => {
  throw new Error("broken");
};
const yes = () => true;
const no = () => ({ allow: false, reasonCode: 0x8c, reasonString: "no" });
const nothing = () => {};

forVersions(
  "rule 1: allow, deny with a reason, abstain and fail are four answers; all abstaining denies",
  async (version) => {
    const connect = async (answers: (() => unknown)[], policy?: string) => {
      const plugins = answers.map((answer) => ({
        authenticate: () => answer(),
      }));
      await using broker = await startBroker({
        plugins,
        ...(policy !== undefined && { authPolicy: policy }),
      } as BrokerConfig);
      await using client = await TestClient.connect(broker, { version });
      const { reasonString } = client.connack!.properties ?? {};
      return [client.code, reasonString, failures(broker)];
    };
    const notAuthorized = version === 5 ? 0x87 : 5;
    const denied = version === 5 ? [0x8c, "no", 0] : [5, undefined, 0];
    const allowed = [0, undefined, 0];
    const silent = [notAuthorized, undefined, 0];
    const failed = [notAuthorized, undefined, 1];
    assertEquals(await connect([yes]), allowed);
    assertEquals(await connect([no]), denied);
    assertEquals(await connect([nothing, nothing]), silent);
    assertEquals(await connect([broken, yes]), failed);
    assertEquals(await connect([nothing, yes]), allowed);
    assertEquals(await connect([yes, no]), denied);
    assertEquals(await connect([yes, no], "first"), allowed);
    assertEquals(await connect([nothing, no, yes], "first"), denied);
    assertEquals(await connect([yes, no], "deny-overrides"), denied);
  },
);

forVersions(
  "rule 1: an interceptor changes, refuses with a reason, leaves as it is, or fails, which refuses",
  async (version) => {
    const answers = [
      () => ({ filter: "b" }),
      no,
      nothing,
      broken,
    ];
    await using broker = await brokerWith([{
      interceptSubscribe: ({ filter }) => answers[+filter]() as undefined,
    }]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    // SUBACK does not know the reason code.
    const refused = version === 5 ? 0x87 : 0x80;
    assertEquals(
      await client.subscribe(["0", "1", "2", "3"]),
      [0, refused, 0, refused],
    );
    const filters = [...broker.context.subscriptions("one")].map((one) =>
      one.filter
    );
    assertEquals(filters, ["b", "2"]);
  },
);

// -- Rule 4 --

forVersions(
  "rule 4: a plugin that throws ends nothing but its own part; after some failures observers are left alone and guards refuse",
  async (version) => {
    const logger = new MemoryLogger();
    let events = 0;
    let questions = 0;
    const plugin = {
      onBrokerMessageReceived: () => {
        events++;
        throw new Error("cannot observe");
      },
      interceptPublish: ({ message }: PublishEvent) => {
        questions++;
        if (message.topic === "bad") throw new Error("cannot judge");
      },
    };
    const seen: string[] = [];
    const watcher = {
      onBrokerMessageReceived: ({ message }: PublishEvent) =>
        void seen.push(textOf(message.payload)),
    };
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        plugin,
        name: "shaky",
        "circuit-breaker": { failures: 3, window: 600, open: 600 },
      }, watcher] as BrokerConfig["plugins"],
    }, logger);
    await using reader = await TestClient.connect(broker, { version });
    await reader.subscribe("#");
    await using client = await TestClient.connect(broker, { version });
    const messages = ["good", "bad", "good", "good", "good"];
    for (let i = 0; i < messages.length; i++) {
      await client.send({
        cmd: "publish",
        topic: messages[i],
        payload: `${i}`,
        qos: 1,
        messageId: i + 1,
        dup: false,
        retain: false,
      });
      const { reasonCode = 0 } = await client.expect("puback");
      if (version === 5) assertEquals(reasonCode, i === 0 ? 0 : 0x87);
    }
    // 1: observing. 2: observing and judging. From then on nothing is asked.
    assertEquals([events, questions, failures(broker)], [2, 2, 3]);
    assertEquals(seen, ["0", "1", "2", "3", "4"]);
    assertEquals(await reader.message(), "good: 0");
    await reader.ping();
    await client.ping();
    assertStringIncludes(
      logger.text,
      'The plugin "shaky" failed in onBrokerMessageReceived(): cannot observe',
    );
    assertStringIncludes(logger.text, 'The plugin "shaky" failed 3 times');
  },
);

// -- Rule 5 --

Deno.test("rule 5: plain answers make no promise, and a hook that nobody has is not there", async () => {
  const manager = await loadManager([
    {
      path: "p",
      plugin: {
        authenticate: yes,
        topicFiltering: yes,
        interceptPublish: ({ message }: PublishEvent) =>
          message.topic === "a" ? { topic: "b" } : undefined,
      },
    },
    { path: "q", plugin: { interceptPublish: nothing } },
  ]);
  assertEquals(manager.authenticate({ session: SESSION }), true);
  assertEquals(manager.topicFiltering(topicEvent("t")), true);
  const { publish, ...others } = manager.intercepts;
  const event = { session: SESSION, message: { topic: "x" } } as PublishEvent;
  const apply = () => event;
  assert(publish!.ask(event, apply) === event);
  const changed = { ...event, message: { topic: "a" } } as PublishEvent;
  assert(publish!.ask(changed, apply) === event);
  assertEquals(Object.values(others).filter((one) => one !== undefined), []);
  for (const observers of Object.values(manager.hooks)) {
    assertEquals(observers.length, 0);
  }
  await manager.close();
  const without = await loadManager([{
    path: "p",
    plugin: { close() {}, onBrokerPreStart() {} },
  }]);
  assertEquals([without.authenticates, without.filtersTopics], [false, false]);
  await without.close();
});

// -- Rule 6 --

forVersions(
  "rule 6: while a plugin thinks about a client's packet, that client's later ones wait in their order, and nobody else",
  async (version) => {
    const gate = Promise.withResolvers<undefined>();
    const seen: string[] = [];
    const think = <Answer>(what: string, answer: Answer) => {
      seen.push(what);
      return what.startsWith("slow ")
        ? gate.promise.then(() => answer)
        : answer;
    };
    await using broker = await brokerWith([{
      interceptSubscribe: ({ session }) =>
        think(`${session.clientId} subscribe`, undefined),
      interceptPublish: ({ session, message }) =>
        think(
          `${session.clientId} publish ${textOf(message.payload)}`,
          undefined,
        ),
      topicFiltering: ({ session, action }) =>
        action === "publish" ? think(`${session.clientId} may`, true) : true,
    }]);
    await using slow = await TestClient.connect(broker, {
      version,
      clientId: "slow",
    });
    const packets = [1, 2, 3].map((i) => ({
      cmd: "publish" as const,
      topic: "t",
      payload: `${i}`,
      qos: 0 as const,
      dup: false,
      retain: false,
    }));
    await slow.send(
      {
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "t", qos: 0 }],
      },
      ...packets,
      { cmd: "pingreq" },
    );
    await eventually(() => seen.length === 1, "first question");
    await using other = await TestClient.connect(broker, {
      version,
      clientId: "other",
    });
    await other.publish("t", "other");
    assertEquals(seen, ["slow subscribe", "other publish other", "other may"]);
    assertEquals(slow.unread, 0);
    gate.resolve(undefined);
    await slow.expect("suback");
    for (const i of [1, 2, 3]) assertEquals(await slow.message(), `t: ${i}`);
    await slow.expect("pingresp");
    assertEquals(seen.slice(3), [
      ...["slow publish 1", "slow may", "slow publish 2", "slow may"],
      ...["slow publish 3", "slow may"],
    ]);
  },
);

// -- Rule 8 --

forVersions(
  "rule 8: what waits for a slow observer is bounded; the oldest goes, and it is counted",
  async (version) => {
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    await using broker = await brokerWith([{
      async onBrokerMessageReceived({ message }) {
        seen.push(+textOf(message.payload));
        if (seen.length === 1) await gate.promise;
      },
    }]);
    await using client = await TestClient.connect(broker, { version });
    const count = 1200;
    const packets = Array.from({ length: count }, (_, i) => ({
      cmd: "publish" as const,
      topic: "t",
      payload: `${i}`,
      qos: 0 as const,
      dup: false,
      retain: false,
    }));
    await client.send(...packets);
    await client.ping();
    const dropped = () => droppedEvents(broker);
    // One is being handled, 1000 wait.
    assertEquals(dropped(), count - 1001);
    gate.resolve();
    await eventually(() => seen.length === 1001, "rest of the events");
    assertEquals(seen[0], 0);
    assertEquals(
      seen.slice(1),
      packets.slice(-1000).map((_, i) => count - 1000 + i),
    );
  },
);

function droppedEvents(broker: Broker): number {
  return broker.describePlugins().reduce(
    (sum, one) => sum + one.dropped,
    0,
  );
}
