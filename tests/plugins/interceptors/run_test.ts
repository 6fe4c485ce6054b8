/** Many messages at once, which the broker passes on together: plugins see each, and what they do has its place in the order. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../../../mod.ts";
import type {
  ApplicationMessage,
  MessageEvent,
  PublishAnswer,
  PublishEvent,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import { TestClient } from "../../_client.ts";
import { brokerWith, forVersions, type Methods, textOf } from "./_helpers.ts";

const COUNT = 400;
// Several do not fit into one copy of what is shown to observers.
const LONG = ` ${"x".repeat(100)}`;

/** Has a client publish many messages in one write; returns what two readers get, up to the end, which both get. */
async function publishMany(
  broker: Broker,
  version: 4 | 5,
): Promise<string[]> {
  const [one, two] = await linesOf(broker, version);
  assertEquals(one, two);
  return one;
}

async function linesOf(broker: Broker, version: 4 | 5): Promise<string[][]> {
  const readers = [];
  for (const clientId of ["one", "two"]) {
    const client = await TestClient.connect(broker, { version, clientId });
    await client.subscribe(["t", "other/#"]);
    readers.push(client);
  }
  await using writer = await TestClient.connect(broker, {
    version,
    clientId: "writer",
  });
  await writer.send(
    ...Array.from({ length: COUNT }, (_, i) => ({
      cmd: "publish" as const,
      topic: "t",
      payload: i === COUNT - 1 ? "end" : `${i}${LONG}`,
      qos: 0 as const,
      dup: false,
      retain: false,
    })),
  );
  const all: string[][] = [];
  for (const reader of readers) {
    const lines = [];
    while (lines.at(-1) !== "t: end") lines.push(await reader.message());
    all.push(lines.map((line) => line.replace(LONG, "")));
    await reader.close();
  }
  return all;
}

/** What the readers get of messages that stay as they are. */
const PLAIN = [
  ...Array.from({ length: COUNT - 1 }, (_, i) => `t: ${i}`),
  "t: end",
];

function numberOf(message: ApplicationMessage): number {
  return parseInt(textOf(message.payload));
}

forVersions(
  "observers see each of many messages, and may keep them",
  async (version) => {
    const received: MessageEvent[] = [];
    const broadcast: ApplicationMessage[] = [];
    const stats: number[] = [];
    const plugin: Methods = {
      onBrokerMessageReceived: (event) => void received.push(event),
      interceptPublish: ({ message }) => void stats.push(numberOf(message)),
      onBrokerMessageBroadcast: ({ message }) => void broadcast.push(message),
    };
    await using broker = await brokerWith([plugin]);
    assertEquals(await publishMany(broker, version), PLAIN);
    // Others have used the buffers meanwhile.
    assertEquals(await publishMany(broker, version), PLAIN);
    const expected = Array.from(
      { length: COUNT },
      (_, i) => i === COUNT - 1 ? "end" : `${i}${LONG}`,
    );
    const seen = received.map(({ message }) => textOf(message.payload));
    assertEquals(seen, [...expected, ...expected]);
    assertEquals(broadcast.map(({ payload }) => textOf(payload)), seen);
    const { clientId, message } = received[5];
    assertEquals(
      [clientId, message.topic, message.qos, message.retain],
      ["writer", "t", 0, false],
    );
    assertEquals([stats.length, stats[3]], [2 * COUNT, 3]);
    const { publishReceived, publishSent } = broker.context.stats();
    assertEquals([publishReceived, publishSent], [2 * COUNT, 4 * COUNT]);
  },
);

const PLACES = [
  { place: "alone", others: 0 },
  { place: "between two others", others: 1 },
];

for (const { place, others } of PLACES) {
  forVersions(
    `an interceptor, ${place}, changes, drops, refuses and delays some of many messages`,
    async (version) => {
      const answers: Record<
        number,
        () => PublishAnswer | Promise<PublishAnswer>
      > = {
        0: () => ({ payload: "first" }),
        7: () => ({ drop: true }),
        8: () => false,
        100: () => ({ topic: "other/a" }),
        101: () => Promise.resolve({ payload: "later" }),
        102: () => Promise.resolve(),
        103: () => {
          throw new Error("broken");
        },
        [COUNT - 2]: () => ({ drop: true }),
      };
      const seen: number[] = [];
      let asked = 0;
      const other: Methods = { interceptPublish: () => void asked++ };
      await using broker = await brokerWith([
        ...Array.from({ length: others }, () => other),
        {
          interceptPublish: ({ message }: PublishEvent) => {
            const number = numberOf(message);
            seen.push(number);
            return answers[number]?.();
          },
        },
        ...Array.from({ length: others }, () => other),
      ]);
      const expected = PLAIN.toSpliced(COUNT - 2, 1)
        .toSpliced(100, 4, "other/a: 100", "t: later", "t: 102")
        .toSpliced(7, 2);
      expected[0] = "t: first";
      assertEquals(await publishMany(broker, version), expected);
      assertEquals(
        seen.map((one) => Number.isNaN(one) ? COUNT - 1 : one),
        Array.from({ length: COUNT }, (_, i) => i),
      );
      const { dropped, publishReceived } = broker.context.stats();
      assertEquals(dropped.intercepted, 4);
      assertEquals(publishReceived, COUNT);
      assertEquals(asked, others * (COUNT + COUNT - 4));
    },
  );
}

const HOOKS = [
  "onBrokerMessageReceived",
  "interceptPublish",
  "onBrokerMessageBroadcast",
] as const;

for (const hook of HOOKS) {
  forVersions(
    `what a plugin publishes in ${hook} comes before the message that it saw, and behind those before`,
    async (version) => {
      const broker: Broker = await brokerWith([{
        [hook]: ({ message }: PublishEvent) => {
          const number = numberOf(message);
          if (number % 50 === 3) {
            broker.context.publish("other/a", `before ${number}`);
          }
          if (number % 50 === 4) {
            broker.context.publishTo("one", "other/b", `before ${number}`);
            broker.context.publishTo("two", "other/b", `before ${number}`);
          }
        },
      }]);
      await using _ = broker;
      const expected = PLAIN.flatMap((line, i) =>
        i === COUNT - 1 || (i % 50 !== 3 && i % 50 !== 4)
          ? [line]
          : [`other/${i % 50 === 3 ? "a" : "b"}: before ${i}`, line]
      );
      assertEquals(await publishMany(broker, version), expected);
    },
  );

  forVersions(
    `a plugin that sends the client away in ${hook}, or unsubscribes another one, has that done between two messages`,
    async (version) => {
      const broker: Broker = await brokerWith([{
        [hook]: ({ message }: PublishEvent) => {
          const number = numberOf(message);
          if (number === 10) broker.context.removeSubscription("reader", "t");
          if (number === 20) broker.context.addSubscription("reader", "t");
          if (number === 30) broker.context.disconnect("writer");
        },
      }]);
      await using _ = broker;
      await using reader = await TestClient.connect(broker, {
        version,
        clientId: "reader",
      });
      await reader.subscribe("t");
      await using writer = await TestClient.connect(broker, {
        version,
        clientId: "writer",
      });
      await writer.send(
        ...Array.from({ length: COUNT }, (_, i) => ({
          cmd: "publish" as const,
          topic: "t",
          payload: `${i}`,
          qos: 0 as const,
          dup: false,
          retain: false,
        })),
      );
      await writer.closed();
      broker.context.publish("t", "end");
      const lines = [];
      while (lines.at(-1) !== "t: end") lines.push(await reader.message());
      // The last one was allowed already.
      const last = hook === "onBrokerMessageBroadcast" ? ["t: 30"] : [];
      assertEquals(lines, [
        ...PLAIN.slice(0, 10),
        ...PLAIN.slice(20, 30),
        ...last,
        "t: end",
      ]);
    },
  );
}

forVersions(
  "a plugin that decides about topics is asked about each of many messages, and each receiver",
  async (version) => {
    const asked = { publish: 0, one: 0, two: 0 };
    const broker: Broker = await brokerWith([{
      topicFiltering({ action, session, topic }: TopicFilteringEvent) {
        if (action === "subscribe" || topic !== "t") return true;
        const who = action === "publish"
          ? action
          : session.clientId as "one" | "two";
        const number = asked[who]++;
        if (number === COUNT - 1) return true;
        if (who === "publish") {
          if (number === 20) broker.context.publish("other/a", "20");
          return number === 30 ? Promise.resolve(true) : number !== 10;
        }
        if (number === 40) broker.context.publish(`other/${who}`, "40");
        if (number === 50) return Promise.resolve(who === "one");
        return number % 7 !== (who === "one" ? 1 : 2);
      },
    }]);
    await using _ = broker;
    const [one, two] = await linesOf(broker, version);
    // Of the messages that may pass, all but the tenth, each receiver may have some.
    const passed = PLAIN.toSpliced(10, 1);
    const expected = (who: "one" | "two") =>
      passed.flatMap((line, i) => {
        const lines = line === "t: 20" ? ["other/a: 20"] : [];
        const extra = (other: string) => i === 40 ? [`other/${other}: 40`] : [];
        const allowed = line === "t: end" ||
          (i === 50 ? who === "one" : i % 7 !== (who === "one" ? 1 : 2));
        const own = allowed ? [line] : [];
        // The first receiver has a message before the second one is asked.
        return who === "one"
          ? [...lines, ...extra("one"), ...own, ...extra("two")]
          : [...lines, ...extra("one"), ...extra("two"), ...own];
      });
    assertEquals(one, expected("one"));
    assertEquals(two, expected("two"));
    assertEquals(asked, { publish: COUNT, one: COUNT - 1, two: COUNT - 1 });
  },
);
