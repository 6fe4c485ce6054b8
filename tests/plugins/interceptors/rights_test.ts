/** Rule 7: after an interceptor has changed something, rights are asked for again, on the result. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type {
  AuthenticateEvent,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { brokerWith, forVersions, type Methods } from "./_helpers.ts";

/** A plugin that allows no topic with "secret" in its name, and notes what it is asked. */
function guard(): { plugin: Methods; asked: string[] } {
  const asked: string[] = [];
  const plugin: Methods = {
    topicFiltering: ({ action, topic, qos, retain }: TopicFilteringEvent) => {
      asked.push(`${action} ${topic} ${qos} ${retain}`);
      return !topic.includes("secret");
    },
  };
  return { plugin, asked };
}

const isSlow = [false, true];

for (const slow of isSlow) {
  const how = slow ? "later" : "at once";
  /** The answer of an interceptor, given at once or not. */
  const give = <Answer>(answer: Answer): Answer =>
    (slow ? Promise.resolve(answer) : answer) as Answer;

  forVersions(
    `rule 7: interceptConnect changes who it is, and that one is authenticated; ${how}`,
    async (version) => {
      const asked: unknown[] = [];
      await using broker = await brokerWith([{
        interceptConnect: ({ session }) =>
          give({ clientId: "admin", username: `${session.username}!` }),
        authenticate: ({ session }: AuthenticateEvent) => {
          asked.push([session.clientId, session.username]);
          return session.username === "good!";
        },
      }]);
      for (const username of ["good", "bad"]) {
        await using client = await TestClient.connect(broker, {
          version,
          clientId: "one",
          username,
        });
        const refused = version === 5 ? 0x87 : 5;
        assertEquals(client.code, username === "good" ? 0 : refused);
      }
      assertEquals(asked, [["admin", "good!"], ["admin", "bad!"]]);
    },
  );

  forVersions(
    `rule 7: interceptSubscribe changes the filter, and its rights are asked for; ${how}`,
    async (version) => {
      const { plugin, asked } = guard();
      await using broker = await brokerWith([plugin, {
        interceptSubscribe: ({ filter }) =>
          give(
            filter === "public"
              ? { filter: "secret/#", qos: 0 as const }
              : { filter: "open/#" },
          ),
      }]);
      await using client = await TestClient.connect(broker, { version });
      assertEquals(
        await client.subscribe(["public", "secret"], 1),
        [version === 5 ? 0x87 : 0x80, 1],
      );
      assertEquals(asked, [
        "subscribe secret/# 0 false",
        "subscribe open/# 1 false",
      ]);
    },
  );

  forVersions(
    `rule 7: interceptPublish changes the message, and its rights are asked for; ${how}`,
    async (version) => {
      const { plugin, asked } = guard();
      await using broker = await brokerWith([plugin, {
        interceptPublish: ({ message }) =>
          give(
            message.topic === "public"
              ? { topic: "secret", qos: 0 as const, retain: true }
              : { topic: "open" },
          ),
      }]);
      await using witness = await TestClient.connect(broker, { version });
      await witness.subscribe("open");
      asked.length = 0;
      await using client = await TestClient.connect(broker, { version });
      for (const topic of ["public", "secret"]) {
        await client.publish(topic, "x", { qos: 1 }).catch(() => {});
      }
      assertEquals(await witness.message(), "open: x");
      assertEquals(asked, [
        "publish secret 0 true",
        "publish open 1 false",
        "receive open 0 false",
      ]);
      assertEquals(broker.context.stats().dropped.topic_refused, 1);
      assertEquals(broker.context.retained.size, 0);
    },
  );

  forVersions(
    `rule 7: interceptDeliver changes the message, and the client must be allowed to receive it; ${how}`,
    async (version) => {
      const { plugin, asked } = guard();
      await using broker = await brokerWith([plugin, {
        interceptDeliver: ({ message }) =>
          give({ topic: message.topic === "a" ? "secret" : "open" }),
      }]);
      await using client = await TestClient.connect(broker, { version });
      await client.subscribe("#");
      asked.length = 0;
      broker.context.publish("a", "x");
      broker.context.publish("secret", "y");
      assertEquals(await client.message(), "open: y");
      assertEquals(asked, [
        "receive secret 0 false",
        "receive open 0 false",
      ]);
      assertEquals(broker.context.stats().dropped.denied, 1);
    },
  );

  forVersions(
    `rule 7: interceptWill changes the will, and its rights are asked for when it is left and when it is sent; ${how}`,
    async (version) => {
      const { plugin, asked } = guard();
      const changes: Record<string, string> = {
        "register a": "secret",
        "fire b": "$SYS/b",
        "fire c": "secret",
        "register d": "e",
        "fire e": "open",
      };
      await using broker = await brokerWith([plugin, {
        interceptWill: ({ will, phase }) =>
          give({ topic: changes[`${phase} ${will.topic}`] }),
      }]);
      const leave = async (topic: string): Promise<number | undefined> => {
        await using client = await TestClient.connect(broker, {
          version,
          will: { topic, payload: Buffer.from("x"), qos: 1, retain: true },
        });
        return client.code;
      };
      const denied = () => broker.context.stats().dropped.denied;
      assertEquals(await leave("a"), version === 5 ? 0x87 : 5);
      assertEquals(await leave("b"), 0);
      await eventually(() => denied() === 1);
      assertEquals(await leave("c"), 0);
      await eventually(() => denied() === 2);
      assertEquals(await leave("d"), 0);
      await eventually(() => broker.context.retained.get("open") !== undefined);
      assertEquals(asked, [
        "publish secret 1 true",
        "publish b 1 true",
        "publish c 1 true",
        "publish secret 1 true",
        "publish e 1 true",
        "publish open 1 true",
      ]);
      assertEquals(broker.context.retained.size, 1);
    },
  );
}
