/** Plugins that come, go and are replaced while the broker runs. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  BasePlugin,
  Broker,
  type BrokerConfig,
  ConfigError,
  loadConfig,
  PluginError,
  type PublishEvent,
  silentLogger,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { withProject } from "../plugins/temporary_project.ts";
import { replaceUnderLoad } from "./replacing/replacing.ts";

const OPEN: BrokerConfig = {
  listeners: { default: { bind: "127.0.0.1:0" } },
  plugins: { auth_anonymous: null },
};

/** Writes down what becomes of it; its option says what to do. */
class Diary extends BasePlugin<{ tag?: string; fail?: string }> {
  static readonly entries: string[] = [];

  #note(what: string): void {
    Diary.entries.push(`${this.config.tag ?? this.context.name} ${what}`);
    if (this.config.fail === what) throw new Error(`failed in ${what}`);
  }

  override onBrokerPreStart(): void {
    this.#note("preStart");
    this.context.subscribe("#", ({ payload }) => {
      this.#note(`heard ${new TextDecoder().decode(payload)}`);
    });
  }

  override async onBrokerPostStart(): Promise<void> {
    await Promise.resolve();
    this.#note("postStart");
  }

  override onBrokerMessageReceived(): void {
    this.#note("message");
  }

  override close(): void {
    this.#note("close");
  }
}

function names(broker: Broker): string[] {
  return broker.describePlugins().map(({ name }) => name);
}

function diary(tag: string, more: Record<string, unknown> = {}) {
  return { plugin: Diary, options: { tag }, ...more };
}

Deno.test("addPlugin(), replacePlugin() and removePlugin() work while clients are there", async () => {
  Diary.entries.length = 0;
  await using broker = await startBroker(OPEN);
  await using client = await TestClient.connect(broker);
  assertEquals(await broker.addPlugin(diary("a")), "Diary");
  assertEquals(
    await broker.addPlugin(diary("b", { name: "second" })),
    "second",
  );
  await client.publish("t", "1");
  await broker.replacePlugin("Diary", diary("c"));
  assertEquals(names(broker), ["auth_anonymous", "Diary", "second"]);
  await client.publish("t", "2");
  await broker.removePlugin("Diary");
  assertEquals(names(broker), ["auth_anonymous", "second"]);
  await client.publish("t", "3");
  assertEquals(Diary.entries, [
    "a preStart",
    "a postStart",
    "b preStart",
    "b postStart",
    "a message",
    "b message",
    "a heard 1",
    "b heard 1",
    "c preStart",
    "c postStart",
    "a close",
    "c message",
    "b message",
    "b heard 2",
    "c heard 2",
    "c close",
    "b message",
    "b heard 3",
  ]);
  await client.ping();
});

Deno.test("replacePlugin() gives the rights of a plugin over in one turn", async () => {
  await using broker = await startBroker({
    ...OPEN,
    plugins: ["auth_anonymous", {
      plugin: { topicFiltering: () => false },
      name: "rights",
    }],
  });
  await using client = await TestClient.connect(broker);
  assertEquals(await client.subscribe("a", 1), [0x80]);
  await broker.replacePlugin("rights", {
    plugin: { topicFiltering: () => true },
  });
  assertEquals(await client.subscribe("a", 1), [1]);
  assertEquals(names(broker), ["auth_anonymous", "rights"]);
});

for (const fail of ["preStart", "postStart"]) {
  Deno.test(`a plugin that fails in ${fail} is closed, and everything stays as it was`, async () => {
    Diary.entries.length = 0;
    await using broker = await startBroker({
      ...OPEN,
      plugins: ["auth_anonymous", diary("old")],
    });
    Diary.entries.length = 0;
    const error = await assertRejects(
      () =>
        broker.replacePlugin("Diary", {
          plugin: Diary,
          options: { tag: "new", fail },
        }),
      PluginError,
      `it failed in onBroker${fail[0].toUpperCase()}${fail.slice(1)}(): `,
    );
    assertEquals(error.kind, "start");
    assertEquals(Diary.entries.at(-1), "new close");
    Diary.entries.length = 0;
    await using client = await TestClient.connect(broker);
    await client.publish("t", "1");
    assertEquals(Diary.entries, ["old message", "old heard 1"]);
  });
}

Deno.test("a plugin that cannot be loaded leaves everything as it was", async () => {
  await using broker = await startBroker(OPEN);
  const before = broker.describePlugins();
  const wrong: [unknown, new (...args: never[]) => Error, string][] = [
    [{ plugin: "auth_anonymos" }, PluginError, "auth_anonymous"],
    [{ plugin: "./nowhere.ts" }, PluginError, "could not be imported"],
    [
      { plugin: "event_logger", options: { x: 1 } },
      PluginError,
      "options were refused",
    ],
    [{ plugin: "sys", option: {} }, ConfigError, "option is not a known key"],
    [
      {},
      ConfigError,
      "plugin must be an alias, a specifier, a class or object, not nothing",
    ],
    [{ plugin: "" }, ConfigError, "plugin is a plugin without a name"],
  ];
  for (const [setting, kind, message] of wrong) {
    await assertRejects(
      () => broker.addPlugin(setting as never),
      kind as never,
      message,
    );
    await assertRejects(
      () => broker.replacePlugin("auth_anonymous", setting as never),
      kind as never,
      message,
    );
  }
  const unknown = await assertRejects(
    () => broker.removePlugin("auth_anonimous"),
    PluginError,
  );
  assertStringIncludes(
    unknown.message,
    'Cannot find the plugin "auth_anonimous": did you mean "auth_anonymous"?',
  );
  assertEquals(broker.describePlugins(), before);
});

Deno.test("the plugins change one change at a time, and only while the broker runs", async () => {
  const broker = new Broker(OPEN, { logger: silentLogger });
  await assertRejects(
    () => broker.addPlugin({ plugin: "sys" }),
    Error,
    "Cannot add a plugin: the broker is new",
  );
  await broker.start();
  await Promise.all([
    broker.addPlugin({ plugin: "sys" }),
    broker.replacePlugin("sys", { plugin: "event_logger", name: "log" }),
    broker.reload({ ...OPEN, plugins: ["auth_anonymous", "sys"] }),
    broker.removePlugin("sys"),
  ]);
  assertEquals(names(broker), ["auth_anonymous"]);
  // What is under way at the end is not taken into use, and is closed.
  const started = Promise.withResolvers<void>();
  const late = Promise.withResolvers<void>();
  let closed = 0;
  const slow = {
    onBrokerPreStart: () => (started.resolve(), late.promise),
    close: () => void closed++,
  };
  const adding = assertRejects(
    () => broker.addPlugin({ plugin: slow }),
    Error,
    "Cannot add a plugin: the broker is stop",
  );
  await started.promise;
  const stopping = broker.shutdown();
  late.resolve();
  await Promise.all([adding, stopping]);
  assertEquals(closed, 1);
});

for (const hook of ["topicFiltering", "interceptPublish"] as const) {
  Deno.test(`a plugin that is replaced ends what it has begun before it is closed: ${hook}`, async () => {
    const yes = hook === "topicFiltering" ? true : undefined;
    const topicOf = (event: TopicFilteringEvent | PublishEvent) =>
      "topic" in event ? event.topic : event.message.topic;
    const answer = Promise.withResolvers<true | undefined>();
    const event = Promise.withResolvers<void>();
    const seen: string[] = [];
    const asked: string[] = [];
    const slow = {
      [hook](event: TopicFilteringEvent | PublishEvent) {
        const topic = topicOf(event);
        asked.push(topic);
        return topic === "slow" ? answer.promise : yes;
      },
    };
    // Asked after the slow one, by a chain that began before it was replaced.
    const last = {
      [hook]: (event: TopicFilteringEvent | PublishEvent) => {
        seen.push(`asked ${topicOf(event)}`);
        return yes;
      },
      async onBrokerMessageReceived() {
        await event.promise;
        seen.push("event");
      },
      close: () => void seen.push("closed"),
    };
    await using broker = await startBroker({
      ...OPEN,
      plugins: [
        "auth_anonymous",
        slow,
        { plugin: last, name: "last" },
      ],
    });
    await using client = await TestClient.connect(broker);
    await client.send({
      cmd: "publish",
      topic: "slow",
      payload: "1",
      qos: 1,
      dup: false,
      retain: false,
      messageId: 1,
    });
    await eventually(() => asked.length === 1);
    const replacing = broker.replacePlugin("last", {
      plugin: { topicFiltering: () => true },
    });
    // Others are served by the new one meanwhile.
    await using other = await TestClient.connect(broker);
    await eventually(() => broker.describePlugins()[2].hooks.length === 1);
    await other.publish("fast", "1", { qos: 1 });
    assertEquals(seen, []);
    answer.resolve(yes);
    await client.expect("puback");
    assertEquals(seen, ["asked slow"]);
    event.resolve();
    await replacing;
    assertEquals(seen, ["asked slow", "event", "closed"]);
  });
}

Deno.test("reload() adds, removes and replaces plugins, and keeps the others", async () => {
  Diary.entries.length = 0;
  const config = (...plugins: unknown[]): BrokerConfig => ({
    ...OPEN,
    plugins: ["auth_anonymous", ...plugins],
  });
  await using broker = await startBroker(config(diary("a"), diary("b"), "sys"));
  await using client = await TestClient.connect(broker);
  Diary.entries.length = 0;
  // The first is removed: the other one is kept, not given the options of the first.
  const next = config("event_logger", diary("b"), diary("c", { name: "new" }));
  assertEquals(await broker.reload(next), { restart: [] });
  assertEquals(names(broker), [
    "auth_anonymous",
    "event_logger",
    "Diary_2",
    "new",
  ]);
  assertEquals(Diary.entries, ["c preStart", "c postStart", "a close"]);
  // Options that cannot change need a restart, and that is said each time.
  const other = config("event_logger", diary("d"), diary("c", { name: "new" }));
  for (let i = 0; i < 2; i++) {
    assertEquals(await broker.reload(other), {
      restart: ["plugins[2].options"],
    });
  }
  // Another name is another plugin.
  Diary.entries.length = 0;
  await broker.reload(config(diary("e", { name: "newest" })));
  assertEquals(names(broker), ["auth_anonymous", "newest"]);
  assertEquals(Diary.entries.slice(0, 2), ["e preStart", "e postStart"]);
  assertEquals(Diary.entries.slice(2).sort(), ["b close", "c close"]);
  await client.ping();
});

Deno.test("reload() changes nothing if one new plugin fails", async () => {
  Diary.entries.length = 0;
  const broker = await startBroker({
    ...OPEN,
    plugins: ["auth_anonymous", diary("a")],
  });
  try {
    const before = broker.describePlugins();
    await assertRejects(
      () =>
        broker.reload({
          ...OPEN,
          maxQos: 0,
          plugins: [
            "auth_anonymous",
            diary("b", { name: "good" }),
            { plugin: Diary, name: "bad", options: { fail: "preStart" } },
          ],
        }),
      PluginError,
      'Cannot start the plugin "bad" (plugins[2].options)',
    );
    assertEquals(broker.describePlugins(), before);
    assert(Diary.entries.includes("b close"));
    assert(!Diary.entries.includes("a close"));
    await using client = await TestClient.connect(broker);
    assertEquals(await client.subscribe("a", 2), [2]);
  } finally {
    await broker.shutdown();
  }
});

Deno.test("reload() takes another module if the import map has one now", async () => {
  const version = (number: number) =>
    `export default class Geo {
      authenticate() { return true; }
      topicFiltering() { return { allow: false, reasonCode: ${number} }; }
    }`;
  const map = (target: string) =>
    JSON.stringify({ imports: { "my.plugins/geo": target } });
  const files = {
    "geo.js": version(0x97),
    "deno.json": map("./geo.js"),
    "broker.json": JSON.stringify({
      listeners: { default: { bind: "127.0.0.1:0" } },
      "plugin-namespace": "my.plugins",
      "import-map": "deno.json",
      plugins: { geo: null },
    }),
  };
  await withProject(files, async (folder) => {
    const config = () => loadConfig(new URL("broker.json", folder).pathname);
    await using broker = new Broker(await config(), { logger: silentLogger });
    await broker.start();
    await using client = await TestClient.connect(broker, { version: 5 });
    assertEquals(await client.subscribe("a"), [0x97]);
    await Deno.writeTextFile(new URL("geo.js", folder), version(0x8f));
    // The module is in Deno's memory as long as its specifier is the same.
    await broker.reload(await config());
    assertEquals(await client.subscribe("a"), [0x97]);
    await Deno.writeTextFile(new URL("deno.json", folder), map("./geo.js?v=2"));
    assertEquals(await broker.reload(await config()), { restart: [] });
    assertEquals(await client.subscribe("a"), [0x8f]);
    await Deno.writeTextFile(new URL("deno.json", folder), "{");
    const error = await assertRejects(
      async () => broker.reload(await config()),
      PluginError,
    );
    assertEquals(error.kind, "import-map");
    assertEquals(await client.subscribe("a"), [0x8f]);
  });
});

Deno.test("a plugin is replaced under load without losing a message or a client", async () => {
  const { load, counts, connected, failures } = await replaceUnderLoad({
    replacements: 30,
    rate: 2000,
  });
  const { published, seconds: _seconds, ...rest } = load;
  assert(published > 0);
  assertEquals(rest, {
    acknowledged: published,
    received: published,
    misplaced: 0,
  });
  assertEquals(counts, { made: 31, closed: 31, seen: published, late: 0 });
  assertEquals(connected, 2);
  assertEquals(failures, 0);
});
