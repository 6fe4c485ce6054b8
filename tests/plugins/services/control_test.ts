/** Commands that clients give by publishing to `$CONTROL/…`. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { ControlError, type ControlRequest } from "../../../mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { RecordingLogger } from "../bundled/_context.ts";
import { ADMINS, command, GO, start } from "./_commands.ts";
import { startProbes } from "./_probe.ts";

Deno.test("a client gives a command, and it alone gets the answer", async () => {
  await using broker = await start();
  const given: ControlRequest[] = [];
  broker.context.control("go", (request) => {
    given.push(request);
    return { for: request.session.clientId };
  });
  await using observer = await TestClient.connect(broker.broker, {
    version: 5,
    username: "admin",
  });
  const filters = ["$CONTROL/#", "#", "answers/+"];
  assertEquals(await observer.subscribe(filters), [0, 0, 0]);
  for (const version of [3, 4, 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      const clientId = `c${version}${qos}`;
      await using client = await TestClient.connect(broker.broker, {
        version,
        username: "admin",
        clientId,
      });
      assertEquals(await command(client, { a: qos }, { qos }), {
        topic: `${GO}/response`,
        answer: { result: { for: clientId } },
      });
      const { session, parameters } = given.pop()!;
      assertEquals([session.clientId, parameters], [clientId, { a: qos }]);
      if (version < 5) continue;
      const sent = {
        qos,
        responseTopic: "answers/1",
        correlationData: "ü",
      };
      assertEquals(await command(client, "", sent), {
        topic: "answers/1",
        answer: { result: { for: clientId } },
        correlation: "ü",
      });
      assertEquals(given.pop()!.parameters, {});
    }
  }
  assertEquals(given, []);
  // Neither the command nor the answer went to anybody else.
  await observer.ping();
});

Deno.test("without a plugin that decides about the topic nobody may give a command", async () => {
  let given = 0;
  const own = class {
    readonly topicPrefix = "$own/";
    topicFiltering() {
      return true;
    }
  };
  const auth = { "auth_anonymous": null };
  for (
    const plugins of [
      [auth],
      [auth, new own()],
      [auth, { topic_taboo: null }],
      [auth, { topic_taboo: null }, { topic_acl: { subscribeAcl: {} } }],
      [auth, { topic_acl: { publishAcl: { admin: ["#", "+/#", "$SYS/#"] } } }],
      [auth, { topicFiltering: () => undefined }],
      [auth, ADMINS, { topicFiltering: () => false }],
    ]
  ) {
    for (const allowDollarPublish of [false, true]) {
      await using broker = await startProbes({ allowDollarPublish }, {
        plugins,
      });
      broker.context.control("go", () => given++);
      await using client = await TestClient.connect(broker.broker, {
        version: 5,
        username: "admin",
      });
      assertEquals(await client.tryPublish(GO, "{}"), 0x87);
      const list = "$CONTROL/broker/v1/listClients";
      assertEquals(await client.tryPublish(list, "{}"), 0x87);
      await client.ping();
    }
  }
  assertEquals(given, 0);
});

Deno.test("a topic plugin says who may give which command", async () => {
  const acl = {
    "topic_acl": {
      publishAcl: { admin: ["$CONTROL/probe/#"], "*": ["x"] },
    },
  };
  await using broker = await startProbes({}, {
    plugins: [{ auth_anonymous: null }, { topic_taboo: null }, acl],
  });
  broker.context.control("go", () => "done");
  const connect = (username: string) =>
    TestClient.connect(broker.broker, { version: 5, username });
  await using admin = await connect("admin");
  await using other = await connect("other");
  assertEquals((await command(admin, {})).answer, { result: "done" });
  assertEquals(
    await admin.tryPublish("$CONTROL/broker/v1/plugins", "{}"),
    0x87,
  );
  assertEquals(await other.tryPublish(GO, "{}"), 0x87);
  // There is no such command.
  assertEquals(await admin.tryPublish("$CONTROL/probe/v1/gone", "{}"), 0x87);
  assertEquals(await admin.tryPublish(`${GO}/response`, "{}"), 0x87);
});

Deno.test("what is wrong with a command is answered, without details of the plugin", async () => {
  const logger = new RecordingLogger("error");
  await using broker = await start({ logger });
  const { context } = broker;
  const schema = v.strictObject({
    room: v.string(),
    more: v.optional(v.array(v.number())),
  });
  context.control("go", schema, ({ parameters }) => {
    switch (parameters.room) {
      case "none":
        throw new ControlError("there is no such room");
      case "foreign": {
        const error = new Error("of another copy");
        error.name = "ControlError";
        throw error;
      }
      case "bad":
        throw new Error("secret");
      case "circle": {
        const circle: unknown[] = [];
        circle.push(circle);
        return circle;
      }
    }
  });
  await using client = await TestClient.connect(broker.broker, {
    version: 5,
    username: "admin",
  });
  const answers: [payload: unknown, answer: unknown][] = [
    [{ room: "ok" }, { result: null }],
    ["{", { error: "the payload is not valid JSON" }],
    [{ room: "none" }, { error: "there is no such room" }],
    [{ room: "foreign" }, { error: "of another copy" }],
    [{ room: "bad" }, { error: "the command failed" }],
    [{ room: "circle" }, { error: "the result cannot be written as JSON" }],
  ];
  for (const [payload, answer] of answers) {
    assertEquals((await command(client, payload)).answer, answer);
  }
  for (
    const [payload, path] of [
      [{}, "room: "],
      [{ room: "a", more: [1, "2"] }, "more.1: "],
      [{ room: "a", x: 1 }, "x: "],
    ]
  ) {
    const { answer } = await command(client, payload);
    const { error } = answer as { error: string };
    assert(error.startsWith(path as string), error);
  }
  assertEquals(logger.lines, [`error: Cannot do ${GO}`]);
});

Deno.test("a command is for clients that are there, and given by a PUBLISH only", async () => {
  await using broker = await start();
  let given = 0;
  const gate = Promise.withResolvers<void>();
  broker.context.control("go", async () => {
    given++;
    await gate.promise;
  });
  // Neither a plugin nor a will gives commands.
  broker.context.publish(GO, "{}");
  const dying = await TestClient.connect(broker.broker, {
    version: 5,
    username: "admin",
    will: { topic: GO, payload: "{}", qos: 0, retain: false } as never,
  });
  assertEquals(dying.code, 0x87);
  await dying.close();
  await eventually(() => broker.context.stats().clientsConnected === 0);
  assertEquals(given, 0);
  // The answer to one who is away waits for it, if that was QoS 1.
  const id = {
    version: 5,
    username: "admin",
    clientId: "away",
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  const away = await TestClient.connect(broker.broker, id);
  assertEquals(await away.tryPublish(GO, "{}"), 0);
  await away.close();
  await eventually(() => broker.context.stats().clientsConnected === 0);
  gate.resolve();
  await using back = await TestClient.connect(broker.broker, id);
  assertEquals(await back.message(), `${GO}/response: {"result":null}`);
});

Deno.test("a command ends with the plugin, or when it is removed", async () => {
  await using broker = await start({ names: ["probe", "other"] });
  const { context } = broker;
  const remove = context.control("go", () => 1);
  await using client = await TestClient.connect(broker.broker, {
    version: 5,
    username: "admin",
  });
  assertEquals((await command(client, {})).answer, { result: 1 });
  remove();
  assertEquals(await client.tryPublish(GO, "{}"), 0x87);
  context.control("go", () => 2);
  assertEquals((await command(client, {})).answer, { result: 2 });
  const other = broker.probes.other.context;
  other.control("go", () => 3);
  const topic = "$CONTROL/other/v1/go";
  assertEquals((await command(client, {}, { topic })).answer, { result: 3 });
  assertThrows(() => context.control("go", () => 4), TypeError, "already");
  for (const name of ["", "1", "a/b", "a b", "+", "#"]) {
    assertThrows(() => context.control(name, () => 4), TypeError, "Cannot add");
  }
  await client.close();
  const { broker: host } = broker;
  await host.shutdown();
  await host.start();
  context.control("late", () => 5);
  await using again = await TestClient.connect(host, {
    version: 5,
    username: "admin",
  });
  assertEquals(await again.tryPublish(GO, "{}"), 0x87);
  assertEquals(await again.tryPublish("$CONTROL/probe/v1/late", "{}"), 0x87);
});

Deno.test("no plugin can pass for the broker", async () => {
  const problems: unknown[] = [];
  await using _broker = await start({
    names: ["broker"],
    onConstruct(context) {
      try {
        context.control("disconnect", () => {});
      } catch (error) {
        problems.push((error as Error).message);
      }
    },
  });
  assertEquals(problems, [
    'Cannot add the command "disconnect": "broker" is the broker itself; give the plugin another name',
  ]);
});

Deno.test("at most 100 commands are under way", async () => {
  await using broker = await start();
  const gate = Promise.withResolvers<void>();
  let under = 0;
  broker.context.control("go", async () => {
    under++;
    await gate.promise;
  });
  await using client = await TestClient.connect(broker.broker, {
    username: "admin",
  });
  const publish = {
    cmd: "publish",
    topic: GO,
    payload: "{}",
    qos: 0,
    retain: false,
    dup: false,
  } as const;
  await client.send(...Array(101).fill(publish));
  assertEquals(
    await client.message(),
    `${GO}/response: {"error":"too many commands are under way"}`,
  );
  assertEquals(under, 100);
  gate.resolve();
  for (let i = 0; i < 100; i++) {
    assertEquals(await client.message(), `${GO}/response: {"result":null}`);
  }
  await client.send(publish);
  assertEquals(await client.message(), `${GO}/response: {"result":null}`);
});
