/** Another configuration for a broker that runs. */

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
  type ConfigChange,
  ConfigError,
  type ConfigReloadedEvent,
  loadConfig,
  PluginError,
  silentLogger,
} from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { limitsOf, recordWarnings, type Warning } from "../limits/_helpers.ts";
import { publish } from "../protocol/_helpers.ts";

const OPEN: BrokerConfig = {
  listeners: { default: { bind: "127.0.0.1:0" } },
  plugins: { auth_anonymous: null },
};

/** Keeps its options, and may refuse or fail. */
class Probe extends BasePlugin<{ value: number; how?: string }> {
  static readonly events: string[] = [];
  used: number = this.config.value;

  override onConfigChanged(
    { value, how }: { value: number; how?: string },
  ): ConfigChange | Promise<ConfigChange> {
    Probe.events.push(`prepare ${value}`);
    assertEquals(this.config.value, this.used);
    if (how === "refuse") throw new Error("refused on purpose");
    if (how === "later") return Promise.reject(new Error("refused later"));
    if (how === "restart") return;
    if (how === "wrong") return 7 as never;
    return () => {
      assertEquals(this.config.value, value);
      this.used = value;
      Probe.events.push(`use ${value}`);
      if (how === "fail") throw new Error("failed on purpose");
    };
  }

  override onBrokerConfigReloaded({ restart }: ConfigReloadedEvent): void {
    Probe.events.push(`reloaded ${restart.join()}`);
  }
}

function withProbe(...options: Record<string, unknown>[]): BrokerConfig {
  return {
    ...OPEN,
    plugins: [
      { auth_anonymous: null },
      ...options.map((options) => ({ plugin: Probe, options })),
    ],
  };
}

Deno.test("reload() changes limits for the clients that are there, too", async () => {
  await using broker = await startBroker(OPEN);
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe(["a", "b"]);
  assertEquals(
    await broker.reload({
      ...OPEN,
      maxSubscriptionsPerClient: 2,
      messageRate: 0.001,
      maxQos: 1,
    }),
    { restart: [] },
  );
  assertEquals(await client.subscribe(["b", "c"], 2), [1, 0x97]);
  await client.send(publish("x", "1"), publish("x", "2"));
  await eventually(() => limitsOf(broker).messageRate === 1);
  assertEquals(broker.context.brokerConfig.maxQos, 1);
  // Taking the rate away sets the client free at once.
  await broker.reload({ ...OPEN, maxConnections: 2 });
  await client.ping();
  await using _second = await TestClient.connect(broker);
  await using refused = await TestClient.open(broker);
  await refused.closed();
});

Deno.test("reload() of a wrong configuration changes nothing", async () => {
  await using broker = await startBroker({ ...OPEN, maxQos: 1 });
  const error = await assertRejects(
    () => broker.reload({ ...OPEN, maxQos: 7 } as never),
    ConfigError,
  );
  assertStringIncludes(error.message, "maxQos");
  await using client = await TestClient.connect(broker);
  assertEquals(await client.subscribe("a", 2), [1]);
});

Deno.test("reload() offers plugins their options, then takes all into use", async () => {
  Probe.events.length = 0;
  await using broker = await startBroker(withProbe({ value: 1 }, { value: 2 }));
  await broker.reload(withProbe({ value: 3 }, { value: 4 }));
  await broker.reload(withProbe({ value: 3 }, { value: 4 }));
  const once = ["prepare 3", "prepare 4", "use 3", "use 4"];
  const told = ["reloaded ", "reloaded "];
  assertEquals(Probe.events, [...once, ...told, ...once, ...told]);
});

for (
  const [how, why] of [
    ["refuse", "refused on purpose"],
    ["later", "refused later"],
    ["wrong", "must return a function or nothing"],
  ]
) {
  Deno.test(`reload() changes nothing if a plugin refuses: ${how}`, async () => {
    Probe.events.length = 0;
    const before = withProbe({ value: 1 }, { value: 2 });
    await using broker = await startBroker(before);
    const error = await assertRejects(
      () =>
        broker.reload({
          ...withProbe({ value: 3 }, { value: 4, how }),
          maxQos: 0,
        }),
      PluginError,
    );
    assertStringIncludes(error.message, 'of the plugin "Probe_2" (plugins[2]');
    assertStringIncludes(error.message, why);
    assertEquals(Probe.events, ["prepare 3", "prepare 4"]);
    await using client = await TestClient.connect(broker);
    assertEquals(await client.subscribe("a", 2), [2]);
    assertEquals(await broker.reload(before), { restart: [] });
  });
}

Deno.test("reload() goes on if a plugin fails when it takes its options into use", async () => {
  Probe.events.length = 0;
  await using broker = await startBroker(withProbe({ value: 1 }, { value: 2 }));
  await broker.reload(withProbe({ value: 3, how: "fail" }, { value: 4 }));
  assertEquals(Probe.events.slice(2, 4), ["use 3", "use 4"]);
  assertEquals(broker.describePlugins()[1], {
    ...broker.describePlugins()[1],
    failures: 1,
  } as never);
});

Deno.test("reload() refuses options that a schema refuses, of plugins that cannot change them too", async () => {
  await using broker = await startBroker({
    ...OPEN,
    plugins: [{ auth_anonymous: null }, { event_logger: null }],
  });
  const error = await assertRejects(
    () =>
      broker.reload({
        ...OPEN,
        plugins: [{ auth_anonymous: null }, { event_logger: { x: 1 } }],
      }),
    PluginError,
  );
  assertStringIncludes(error.message, "plugins[1].event_logger");
});

Deno.test("reload() says what needs a restart, at every reload, and logs it", async () => {
  const warnings: Warning[] = [];
  const observer = { onBrokerClientConnected() {} };
  class Fixed extends BasePlugin {
    override onBrokerClientConnected(): void {}
  }
  const config = (
    changes: BrokerConfig,
    ...plugins: unknown[]
  ): BrokerConfig => ({
    ...changes,
    plugins: [{ auth_anonymous: null }, ...plugins],
  });
  await using broker = new Broker(
    config(
      {
        listeners: {
          default: { bind: "127.0.0.1:0" },
          other: { bind: "127.0.0.1:0" },
          web: { type: "ws", bind: "127.0.0.1:0" },
        },
      },
      { plugin: Fixed, options: { a: [1, { b: 2 }] } },
      { plugin: Probe, options: { value: 1 } },
      observer,
    ),
    { logger: recordWarnings(warnings) },
  );
  await broker.start();
  const next = config(
    {
      overlapping: "each",
      listeners: {
        default: { bind: "127.0.0.2:0", messageRate: 5 },
        web: { bind: "127.0.0.1:0" },
        fresh: { bind: "127.0.0.1:0" },
      },
    },
    { plugin: Probe, options: { value: 1, how: "restart" } },
    { plugin: Fixed, options: { a: [1, { b: 3 }] } },
    "sys",
  );
  for (let i = 0; i < 2; i++) {
    const { restart } = await broker.reload(next);
    assertEquals(restart, [
      "overlapping",
      "listeners.default.bind",
      "listeners.other (removed)",
      "listeners.web.type",
      "listeners.fresh (new)",
      "plugins[1].options",
      "plugins[2].options",
    ]);
    assertEquals(warnings.at(-1)?.fields, { restart });
  }
  // What can change has changed.
  await using client = await TestClient.connect(broker);
  await client.send(...Array.from({ length: 20 }, () => publish("t", "x")));
  await eventually(() => limitsOf(broker).messageRate > 0);
});

Deno.test("reload() of a file that has not changed needs no restart, whatever is in it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/broker.json`;
    const write = (changes: Record<string, unknown> = {}) =>
      Deno.writeTextFile(
        path,
        JSON.stringify({
          listeners: { default: { bind: "127.0.0.1:0" } },
          "import-map": "deno.json",
          store: { type: "sqlite", path: `${folder}/store.db` },
          plugins: { auth_anonymous: null, sys: { "sys-interval": 5 } },
          ...changes,
        }),
      );
    await Deno.writeTextFile(`${folder}/deno.json`, '{ "imports": {} }');
    await write();
    await using broker = new Broker(await loadConfig(path), {
      logger: silentLogger,
    });
    await broker.start();
    assertEquals(await broker.reload(await loadConfig(path)), { restart: [] });
    await write({ store: { type: "memory" } });
    assertEquals((await broker.reload(await loadConfig(path))).restart, [
      "store",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("reload() changes the policy and the time limit of decisions", async () => {
  const plugins = [
    { authenticate: () => true },
    { authenticate: () => new Promise<boolean>(() => {}) },
  ];
  await using broker = await startBroker({
    ...OPEN,
    plugins,
    authPolicy: "first",
  });
  {
    await using client = await TestClient.connect(broker);
    assertEquals(client.code, 0);
  }
  await broker.reload({ ...OPEN, plugins, pluginTimeout: 0.05 });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 5);
});

Deno.test("reload() is refused before the start and after the end; two at a time follow each other", async () => {
  const broker = new Broker(OPEN, { logger: silentLogger });
  await assertRejects(() => broker.reload(OPEN), Error, "the broker is new");
  await broker.start();
  const both = [
    broker.reload({ ...OPEN, maxQos: 0 }),
    broker.reload({ ...OPEN, maxQos: 1 }),
  ];
  await Promise.all(both);
  assertEquals(broker.context.brokerConfig.maxQos, 1);
  const late = broker.reload(OPEN);
  await Promise.all([late.catch(() => {}), broker.shutdown()]);
  await assertRejects(
    () => broker.reload(OPEN),
    Error,
    "the broker is stopped",
  );
  // The next life begins with the last configuration.
  await broker.start();
  assert(broker.listeners.length === 1);
  await broker.shutdown();
});
