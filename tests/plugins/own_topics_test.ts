/** Plugins that have topics of their own, and plugins that listen to messages. */

import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import {
  type ApplicationMessage,
  BasePlugin,
  BaseTopicPlugin,
  type Decision,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { RecordingLogger } from "./bundled/_context.ts";

/** Lets a client use its own topics below `$own/`, and remembers what it was asked. */
class OwnTopics extends BaseTopicPlugin {
  override readonly topicPrefix = "$own/";
  readonly asked: string[] = [];

  topicFiltering({ session, topic, action }: TopicFilteringEvent): Decision {
    this.asked.push(`${action} ${topic}`);
    return topic.startsWith(`$own/${session.clientId}/`);
  }
}

/** Denies what it is told to. */
class Denies extends BaseTopicPlugin {
  constructor(readonly denied: string) {
    super(undefined as never);
  }

  topicFiltering({ topic }: TopicFilteringEvent): Decision {
    return topic === this.denied ? false : undefined;
  }
}

Deno.test("a plugin with topics of its own opens them for clients, and decides about no others", async () => {
  const own = new OwnTopics(undefined as never);
  await using broker = await startBroker({
    plugins: ["auth_anonymous", own],
  });
  await using a = await TestClient.connect(broker, {
    clientId: "a",
    version: 5,
  });
  await using b = await TestClient.connect(broker, {
    clientId: "b",
    version: 5,
  });
  assertEquals(await a.subscribe(["$own/a/#", "$own/b/#", "$own/#", "#"]), [
    0,
    135,
    135,
    0,
  ]);
  await b.send({ cmd: "publish", ...message("$own/a/x", 1) });
  assertEquals((await b.expect("puback")).reasonCode, 135);
  await b.send({ cmd: "publish", ...message("$other/a/x", 2) });
  assertEquals((await b.expect("puback")).reasonCode, 135);
  await b.send({ cmd: "publish", ...message("free", 3) });
  assertEquals((await b.expect("puback")).reasonCode, 0);
  assertEquals(await a.message(), "free: x");
  await a.send({ cmd: "publish", ...message("$own/a/x", 1) });
  assertEquals(await a.message(), "$own/a/x: x");
  assertEquals((await a.expect("puback")).reasonCode, 0);
  assertEquals(own.asked.filter((line) => !line.includes("$own/")), []);
});

Deno.test("beside a plugin with topics of its own, the others decide as before", async () => {
  const own = new OwnTopics(undefined as never);
  const denies = new Denies("$own/a/no");
  await using broker = await startBroker({
    plugins: ["auth_anonymous", own, denies],
  });
  await using client = await TestClient.connect(broker, { clientId: "a" });
  // Nobody says yes to the last one, since the plugin's own topics are others.
  assertEquals(await client.subscribe(["$own/a/yes", "$own/a/no", "free"]), [
    0,
    128,
    128,
  ]);
});

Deno.test("a will may go to a plugin's own topics", async () => {
  const own = new OwnTopics(undefined as never);
  await using broker = await startBroker({ plugins: ["auth_anonymous", own] });
  await using watcher = await TestClient.connect(broker, { clientId: "a" });
  await watcher.subscribe("$own/a/#");
  const connect = (topic: string) =>
    TestClient.connect(broker, {
      clientId: topic.split("/")[1],
      will: { topic, payload: Buffer.from("gone"), qos: 0, retain: false },
    });
  await using refused = await connect("$other/a/will");
  assertEquals(refused.code, 5);
  await using accepted = await connect("$own/b/will");
  assertEquals(accepted.code, 0);
});

for (const topicPrefix of ["own/", "$own", "$+/", "$", "", 1]) {
  Deno.test(`"${topicPrefix}" cannot be a plugin's own topics`, async () => {
    const plugin = { topicPrefix, topicFiltering: () => true };
    await assertRejects(
      () => startBroker({ plugins: ["auth_anonymous", plugin] }),
      Error,
      "topicPrefix",
    );
  });
}

/** Listens to a filter from the start. */
class Listener extends BasePlugin {
  readonly heard: string[] = [];
  handler: (message: ApplicationMessage) => void = ({ topic, payload }) => {
    this.heard.push(`${topic}: ${new TextDecoder().decode(payload)}`);
  };
  end: () => void = () => {};

  static filter = "a/#";

  override onBrokerPreStart(): void {
    this.end = this.context.subscribe(
      Listener.filter,
      (message) => this.handler(message),
    );
    listener = this;
  }
}

let listener: Listener;

Deno.test("a plugin hears messages of clients, wills and plugins, whether anybody subscribes or not", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", Listener],
  });
  await using client = await TestClient.connect(broker, {
    will: { topic: "a/will", payload: Buffer.from("4"), qos: 0, retain: false },
  });
  await client.publish("a/b", "1");
  await client.publish("b", "2");
  await client.publish("a", "3", { qos: 2 });
  // Many at once: those that are passed on as a run.
  await client.send(
    ...Array.from(
      { length: 3 },
      (_, i) => ({ cmd: "publish" as const, ...message("a/run", 0, `r${i}`) }),
    ),
  );
  await client.ping();
  await client.close();
  await eventually(() => listener.heard.includes("a/will: 4"), "will");
  broker.context.publish("a/plugin", "5");
  broker.context.retained.set("a/retained", "not heard");
  assertEquals(listener.heard, [
    "a/b: 1",
    "a: 3",
    "a/run: r0",
    "a/run: r1",
    "a/run: r2",
    "a/will: 4",
    "a/plugin: 5",
  ]);
  listener.end();
  broker.context.publish("a/plugin", "6");
  assertEquals(listener.heard.length, 7);
});

Deno.test("what a plugin hears stays as it is, and a handler that throws harms nobody", async () => {
  const logger = new RecordingLogger("error");
  await using broker = await startBroker({
    plugins: ["auth_anonymous", Listener],
  }, logger);
  const kept: ApplicationMessage[] = [];
  listener.handler = (message) => {
    kept.push(message);
    throw new Error("on purpose");
  };
  await using client = await TestClient.connect(broker, { clientId: "me" });
  await client.subscribe("a/#");
  for (let i = 0; i < 3; i++) {
    await client.send({ cmd: "publish", ...message("a/b", 0, `${i}`) });
    assertEquals(await client.message(), `a/b: ${i}`);
  }
  assertEquals(
    kept.map(({ payload, publisher }) => [
      new TextDecoder().decode(payload),
      publisher,
    ]),
    [["0", "me"], ["1", "me"], ["2", "me"]],
  );
  assertEquals(logger.lines.length, 3);
  assertStringIncludes(logger.lines[0], "Cannot handle a message");
});

Deno.test("a plugin cannot listen to what is no filter", async () => {
  await using broker = await startBroker();
  for (const filter of ["", "a/#/b", "a+", "$share/group/a"]) {
    assertThrows(
      () => broker.context.subscribe(filter, () => {}),
      TypeError,
      `Cannot subscribe to "${filter}"`,
    );
  }
});

function message(topic: string, messageId: number, payload = "x") {
  return {
    topic,
    payload,
    qos: messageId === 0 ? 0 as const : 1 as const,
    ...(messageId !== 0 && { messageId }),
    dup: false,
    retain: false,
  };
}
