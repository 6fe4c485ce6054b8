/** What a sandboxed plugin sees and does is what it would see and do in the broker. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PluginError } from "../../../mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { MemoryLogger } from "../manager_support.ts";
import { withSandboxed } from "./_support.ts";

Deno.test("a sandboxed plugin gets events in their order, with all that they hold", async () => {
  const source = `export default class Subject extends BasePlugin {
    async onBrokerClientConnected({ clientId, clientSession }) {
      await null;
      const { keepAlive, protocolVersion, expiryInterval } = clientSession;
      this.context.logger.info(["seen 1", clientId, keepAlive, protocolVersion, expiryInterval].join());
    }
    onBrokerMessageReceived({ message }) {
      const { topic, payload, properties } = message;
      this.context.logger.info(["seen 2", topic, [...payload].join("."), properties?.contentType].join());
    }
    onBrokerClientDisconnected() { this.context.logger.info("seen 3"); }
    onBrokerPostShutdown() { this.context.logger.info("seen 4"); }
    close() { this.context.logger.info("seen 5 " + this.context.signal.aborted); }
  }`;
  let logger: MemoryLogger | undefined;
  await withSandboxed({ source }, async (running) => {
    logger = running.logger;
    const client = await TestClient.connect(running.broker, {
      version: 5,
      clientId: "c1",
      properties: { sessionExpiryInterval: 0xffffffff },
    });
    await client.publish("a", new Uint8Array([0, 255, 10]), {
      properties: { contentType: "x" },
    });
    await client.disconnect();
  });
  assertEquals(logger!.lines.map(({ message }) => message), [
    "seen 1,c1,60,5,Infinity",
    "seen 2,a,0.255.10,x",
    "seen 3",
    "seen 4",
    "seen 5 true",
  ]);
});

Deno.test("a sandboxed plugin authenticates, and may set the user name", async () => {
  const source = `export default class Subject extends BasePlugin {
    authenticate({ session }) {
      if (new TextDecoder().decode(session.password) !== "secret") {
        return { allow: false, reasonCode: 0x86, reasonString: "wrong password" };
      }
      session.username = "user of " + session.clientId;
      return true;
    }
    onBrokerClientConnected({ clientSession }) { this.context.logger.info("hello " + clientSession.username); }
  }`;
  await withSandboxed({ source }, async ({ broker, logger }) => {
    await using wrong = await TestClient.connect(broker, {
      version: 5,
      username: "u",
      password: "guess" as never,
    });
    assertEquals(wrong.code, 0x86);
    assertEquals(wrong.connack?.properties?.reasonString, "wrong password");
    await using client = await TestClient.connect(broker, {
      clientId: "c1",
      username: "u",
      password: "secret" as never,
    });
    assertEquals(client.code, 0);
    await eventually(() => logger.text.includes("hello user of c1"), "event");
  });
});

Deno.test("a sandboxed plugin does enhanced authentication", async () => {
  const source = `export default class Subject extends BasePlugin {
    enhancedAuthenticate({ method, data, step }) {
      if (method !== "echo") return undefined;
      return step === 1 ? { result: "continue", data: new Uint8Array([...data, 1]) } : { result: "success" };
    }
  }`;
  await withSandboxed({ source }, async ({ broker }) => {
    await using client = await TestClient.open(broker, 5);
    const properties = {
      authenticationMethod: "echo",
      authenticationData: Uint8Array.of(7) as never,
    };
    await client.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clientId: "c1",
      clean: true,
      keepalive: 0,
      properties,
    });
    const auth = await client.expect("auth");
    assertEquals([...auth.properties!.authenticationData!], [7, 1]);
    await client.send({ cmd: "auth", reasonCode: 0x18, properties });
    assertEquals((await client.expect("connack")).reasonCode, 0);
  });
});

Deno.test("a sandboxed plugin uses the broker's services", async () => {
  const source = `export default class Subject extends BasePlugin {
    async onBrokerClientSubscribed({ clientId }) {
      const { context } = this;
      const say = (what, value) => context.publish("said/" + what, JSON.stringify(value ?? "nothing"));
      const end = context.subscribe("to/plugin", ({ topic, payload }) => {
        say("got", new TextDecoder().decode(payload));
        end();
      });
      await context.retained.get("x");
      context.publish("to/plugin", "first");
      context.publish("to/plugin", "second");
      context.retained.set("kept/a", "1", { qos: 1 });
      context.retained.set("kept/b", new Uint8Array([50]));
      say("session", (await context.getSession(clientId)).clientId);
      say("nobody", await context.getSession("nobody"));
      say("kept", (await context.retained.match("kept/+")).map(({ topic, payload }) => topic + String.fromCharCode(...payload)).sort());
      say("clear", await context.retained.clear("kept/a"));
      say("get", await context.retained.get("kept/a"));
      say("to", await context.publishTo(clientId, "direct", "for you"));
      context.addSubscription(clientId, "more/#", 1);
      say("subscriptions", await context.subscriptions(clientId));
      say("removed", await context.removeSubscription(clientId, "more/#"));
      say("clients", (await context.stats()).clientsConnected);
      say("matches", [context.matches("a/+", "a/b"), context.covers("a/+", "a/#")]);
      say("retained.size", await Promise.resolve().then(() => context.retained.size).catch(({ message }) => message));
      say("topic", await Promise.resolve().then(() => context.publish("a/#", "")).catch(({ message }) => message));
      say("code", await context.disconnect(clientId, { reasonCode: 1 }).catch(({ message }) => message));
      context.count("things", 2);
      context.logger.child("part").warn("from a child", { number: 1 });
      context.setTimeout(() => say("timer", "over"), 1);
    }
  }`;
  await withSandboxed({ source }, async ({ broker, logger }) => {
    await using client = await TestClient.connect(broker, { clientId: "c1" });
    await client.subscribe(["said/#"]);
    const said: string[] = [];
    while (!said.at(-1)?.startsWith("said/timer")) {
      said.push(await client.message());
    }
    assertEquals(
      said.sort(),
      [
        "direct: for you",
        "said/clear: true",
        "said/clients: 1",
        `said/code: "Cannot disconnect \\"c1\\": 1 is no reason code of DISCONNECT (MQTT 5, section 3.14.2.1)"`,
        'said/get: "nothing"',
        'said/got: "first"',
        'said/kept: ["kept/a1","kept/b2"]',
        "said/matches: [true,false]",
        'said/nobody: "nothing"',
        "said/removed: true",
        `said/retained.size: "context.retained.size does not cross a sandbox; run the plugin without one, or do without it"`,
        'said/session: "c1"',
        'said/subscriptions: [{"clientId":"c1","filter":"said/#","qos":0},{"clientId":"c1","filter":"more/#","qos":1}]',
        'said/timer: "over"',
        "said/to: true",
        `said/topic: "Cannot publish to \\"a/#\\": the topic name has a wildcard"`,
      ].sort(),
    );
    const { counters } = broker.describePlugins()[1];
    assertEquals(counters.things, 2);
    assertStringIncludes(logger.text, "from a child");
  });
});

Deno.test("what a sandboxed plugin prints goes to the log", async () => {
  const source = `console.log("early", { a: 1 });
  export default class Subject extends BasePlugin {
    onBrokerPostStart() { console.error("late"); }
  }`;
  await withSandboxed({ source }, ({ logger }) => {
    assertEquals(logger.lines.map(({ level, message }) => [level, message]), [
      ["info", "early { a: 1 }"],
      ["error", "late"],
    ]);
    return Promise.resolve();
  });
});

Deno.test("cached answers are asked for once, until rights change", async () => {
  const source = `export default class Subject extends BasePlugin {
    #closed = false;
    topicFiltering({ topic, action }) {
      this.context.count(action + " " + topic);
      if (topic !== "close") return !this.#closed;
      this.#closed = true;
      this.context.recheckSubscriptions();
      return false;
    }
  }`;
  const sandbox = { cache: 3600, deadline: 60 };
  await withSandboxed({ source, sandbox }, async ({ broker }) => {
    const counters = () => broker.describePlugins()[1].counters;
    await using client = await TestClient.connect(broker, { version: 5 });
    await client.subscribe("a");
    for (let i = 0; i < 3; i++) {
      await client.send(packet("a"));
      assertEquals(await client.message(), "a: x");
    }
    await eventually(() => counters()["receive a"] === 1, "counters");
    assertEquals(counters(), {
      "subscribe a": 1,
      "publish a": 1,
      "receive a": 1,
    });
    // Many at once are passed on as one.
    await client.send(packet("a"), packet("a"), packet("a"));
    for (let i = 0; i < 3; i++) assertEquals(await client.message(), "a: x");
    await client.send(packet("close"));
    await eventually(() => [...broker.context.subscriptions()].length === 0);
    await client.send(packet("a"), packet("a"));
    await eventually(() => counters()["publish a"] === 2, "question");
    await client.ping();
  });
});

Deno.test("a bundled plugin runs in a sandbox, and takes new options", async () => {
  const logger = new MemoryLogger();
  const config = (admin: string[], sandbox: unknown = true) => ({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [
      "auth_anonymous",
      {
        plugin: "topic_acl",
        options: { "publish-acl": { anonymous: admin } },
        sandbox,
      },
    ],
  });
  await using broker = await startBroker(config(["a"]), logger);
  const reload = (admin: string[]) => broker.reload(config(admin));
  await using client = await TestClient.connect(broker, { version: 5 });
  const publish = async (topic: string) => {
    await client.send({ ...packet(topic), qos: 1, messageId: 1 });
    return (await client.expect("puback")).reasonCode;
  };
  assertEquals([await publish("a"), await publish("b")], [0x10, 0x87]);
  assertEquals(await reload(["b"]), { restart: [] });
  assertEquals([await publish("a"), await publish("b")], [0x87, 0x10]);
  await assertRejects(
    () => reload([1 as never]),
    PluginError,
    "plugins[1].options",
  );
  assertEquals(await publish("b"), 0x10);
});

Deno.test("a plugin that is the text of its specifier runs in a sandbox", async () => {
  const source = "export default class { authenticate() { return false; } }";
  const plugin = `data:text/javascript,${encodeURIComponent(source)}`;
  const plugins = ["auth_anonymous", { plugin, sandbox: true }];
  await using broker = await startBroker({ plugins });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 5);
});

Deno.test("a plugin whose rights change is replaced while clients stay", async () => {
  const config = (sandbox: unknown) => ({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: ["auth_anonymous", { plugin: "topic_taboo", sandbox }],
  });
  const logger = new MemoryLogger();
  await using broker = await startBroker(config(false), logger);
  await using client = await TestClient.connect(broker);
  for (const sandbox of [true, { memory: 64 }, false]) {
    assertEquals(await broker.reload(config(sandbox)), { restart: [] });
    await client.publish("a", "x", { qos: 1 });
  }
  const replaced = logger.text.match(/"topic_taboo" was replaced/g);
  assertEquals(replaced?.length, 3);
});

Deno.test("a sandboxed plugin intercepts, and one that fails refuses", async () => {
  const source = `export default class Subject extends BasePlugin {
    interceptPublish({ message, session }) {
      if (message.topic === "fail") throw new Error("a bad day");
      if (message.topic === "drop") return { drop: true };
      if (message.topic === "refuse") return { allow: false, reasonCode: 0x97 };
      return { topic: session.clientId + "/" + message.topic, payload: new Uint8Array([...message.payload, 33]) };
    }
    interceptSubscribe({ filter }) { return { filter: "c1/" + filter }; }
  }`;
  await withSandboxed({ source }, async ({ broker }) => {
    await using client = await TestClient.connect(broker, {
      version: 5,
      clientId: "c1",
    });
    await client.subscribe("#");
    const codes: Array<number | undefined> = [];
    for (const topic of ["fail", "drop", "refuse"]) {
      await client.send({ ...packet(topic), qos: 1, messageId: 1 });
      codes.push((await client.expect("puback")).reasonCode);
    }
    assertEquals(codes, [0x87, 0, 0x97]);
    await client.send(packet("a"));
    assertEquals(await client.message(), "c1/a: x!");
  });
});

function packet(topic: string) {
  return {
    cmd: "publish",
    topic,
    payload: "x",
    qos: 0,
    dup: false,
    retain: false,
  } as const;
}
