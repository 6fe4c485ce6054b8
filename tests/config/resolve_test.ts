import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { isResolvedConfig, resolveConfig } from "../../broker/config/mod.ts";

const MIB = 1024 ** 2;

/** The limits that a listener may have of its own, where nobody says anything. */
const LISTENER_LIMITS = {
  connectTimeout: 10,
  maxPacketSize: 2 * MIB,
  maxConnectPacketSize: 128 * 1024,
  maxFrameSize: 16 * MIB,
  maxConnectionsPerAddress: 0,
  connectionRate: 0,
  messageRate: 0,
  byteRate: 0,
};

Deno.test("resolveConfig() without a configuration lets everybody of this machine in", () => {
  const config = resolveConfig(undefined);
  assertEquals(
    config.listeners.map(({ name, type, hostname, port }) => [
      name,
      type,
      hostname,
      port,
    ]),
    [["default", "tcp", "127.0.0.1", 1883]],
  );
  assertEquals(config.plugins, [
    { plugin: "event_logger", path: "plugins.event_logger" },
    {
      plugin: "auth_anonymous",
      path: "plugins.auth_anonymous",
      options: { allowAnonymous: true },
    },
    { plugin: "sys", path: "plugins.sys" },
  ]);
  assertEquals(config.warnings, []);
  assertEquals(config.source, "none");
});

Deno.test("resolveConfig() fills in every default", () => {
  const { listeners: _, raw, ...config } = resolveConfig({});
  assertEquals(config, {
    store: { type: "memory" },
    plugins: [],
    authPolicy: "all",
    topicPolicy: "all",
    pluginTimeout: 5,
    readyTimeout: 30,
    timeoutDisconnectDelay: 0,
    sessionExpiryInterval: Infinity,
    maxConnections: 100_000,
    maxPendingConnections: 10_000,
    ...LISTENER_LIMITS,
    maxSessions: 1_000_000,
    maxSessionsPerUser: 0,
    maxKeepAlive: 65535,
    maxInflight: 1000,
    receiveMaximum: 1000,
    topicAliasMaximum: 100,
    maxQueuedMessages: 10000,
    maxQueuedBytes: 16 * MIB,
    maxTotalQueuedMessages: 5_000_000,
    maxTotalQueuedBytes: 1024 * MIB,
    queueQos0: false,
    maxTopicLevels: 128,
    maxTopicLength: 4096,
    maxUserProperties: 256,
    maxSubscriptionsPerClient: 10_000,
    maxSubscriptions: 1_000_000,
    maxRetainedMessages: 1_000_000,
    maxRetainedBytes: 1024 * MIB,
    maxPluginStorage: 16 * MIB,
    maxPluginValue: MIB,
    maxLoginFailuresPerAddress: 20,
    maxLoginFailuresPerUser: 20,
    loginBanTime: 60,
    flappingLimit: 0,
    flappingWindow: 60,
    flappingBanTime: 300,
    maxQos: 2,
    retainAvailable: true,
    overlapping: "merge",
    allowDollarPublish: false,
    clientIdConflict: "refuse",
    versions: [3, 4, 5],
    maxOutputBytes: 16 * MIB,
    sendTimeout: 60,
    maxMemory: 0,
    shutdownTimeout: 10,
    source: "inline",
    warnings: [
      "No plugin decides who may connect, so nobody can: add auth_anonymous or auth_file to plugins",
    ],
  });
  assertEquals(raw, {});
});

Deno.test("resolveConfig() takes every key in three spellings", () => {
  for (const key of ["max-packet-size", "max_packet_size", "maxPacketSize"]) {
    assertEquals(resolveConfig({ [key]: 5000 }).maxPacketSize, 5000, key);
  }
  const { listeners } = resolveConfig({
    listeners: {
      a: { "max-connections": 7 },
      b: { max_connections: 8, bind: 0 },
    },
  });
  assertEquals(listeners.map((one) => one.maxConnections), [7, 8]);
});

Deno.test("resolveConfig() takes sizes with units", () => {
  const sizes: [size: unknown, bytes: number][] = [
    [4096, 4096],
    ["64KB", 64_000],
    ["64KiB", 65_536],
    ["2MiB", 2 * MIB],
    ["1.5 MB", 1_500_000],
    ["100mib", 100 * MIB],
    ["512B", 512],
  ];
  for (const [size, bytes] of sizes) {
    const { maxQueuedBytes } = resolveConfig({ "max-queued-bytes": size });
    assertEquals(maxQueuedBytes, bytes, String(size));
  }
});

Deno.test("resolveConfig() takes the words on and off", () => {
  for (const word of [true, "on", "ON", "Yes"]) {
    assertEquals(resolveConfig({ queueQos0: word }).queueQos0, true);
  }
  for (const word of [false, "off", "No"]) {
    assertEquals(
      resolveConfig({ retainAvailable: word }).retainAvailable,
      false,
    );
  }
});

Deno.test("resolveConfig() takes versions as numbers and texts", () => {
  const versions = (list: unknown) =>
    resolveConfig({ versions: list }).versions;
  assertEquals(versions([5, 3.1, "3.1.1", "5.0"]), [3, 4, 5]);
  assertEquals(versions(["3.1.1"]), [4]);
  assertEquals(versions(["3.1"]), [3]);
});

Deno.test("resolveConfig() takes a key without a value as absent", () => {
  const config = resolveConfig({
    listeners: { default: null },
    "session-expiry-interval": null,
    "max-packet-size": null,
    auth: null,
    plugins: { auth_anonymous: null },
  });
  assertEquals(config.sessionExpiryInterval, Infinity);
  assertEquals(config.maxPacketSize, 2 * MIB);
  assertEquals(config.listeners[0].hostname, "0.0.0.0");
  assertEquals(config.warnings, []);
});

Deno.test("resolveConfig() never allows a CONNECT that is larger than any packet", () => {
  const config = resolveConfig({ maxPacketSize: 1000 });
  assertEquals(config.maxConnectPacketSize, 1000);
});

Deno.test("resolveConfig() gives a listener its own limits, those of default, those of the broker, the defaults", () => {
  const { listeners } = resolveConfig({
    "message-rate": 5,
    "byte-rate": "1KB",
    listeners: {
      default: { bind: 1, "connect-timeout": 3, "byte-rate": "2KB" },
      own: { bind: 2, "byte-rate": 0, "max-packet-size": 4096 },
    },
  });
  const [first, own] = listeners.map(({ limits }) => limits);
  assertEquals(first, {
    ...LISTENER_LIMITS,
    connectTimeout: 3,
    messageRate: 5,
    byteRate: 2000,
  });
  assertEquals(own, {
    ...LISTENER_LIMITS,
    connectTimeout: 3,
    messageRate: 5,
    byteRate: 0,
    maxPacketSize: 4096,
    maxConnectPacketSize: 4096,
  });
});

Deno.test("resolveConfig() leaves its argument alone and freezes what plugins see", () => {
  const options = { "some-option": [1, { two: 2 }] };
  const input = { "max-qos": 1, plugins: { mine: options } };
  const before = structuredClone(input);
  const { raw, plugins } = resolveConfig(input);
  assertEquals(input, before);
  assertStrictEquals(plugins[0].options, options);
  assertEquals(raw, { maxQos: 1, plugins: { mine: options } });
  const seen = raw as { plugins: { mine: { "some-option": unknown[] } } };
  assert(Object.isFrozen(seen));
  assertThrows(() => seen.plugins.mine["some-option"].push(3), TypeError);
  options["some-option"].push(3);
});

Deno.test("resolveConfig() keeps the instances of a program in what plugins see", () => {
  class Mine {
    count = 0;
  }
  const mine = new Mine();
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  const { raw } = resolveConfig({ plugins: [mine, { other: ring }] });
  assertStrictEquals((raw.plugins as unknown[])[0], mine);
  mine.count++;
});

Deno.test("resolveConfig() is not led astray by keys that objects have by nature", () => {
  const input = JSON.parse('{"plugins":{"p":{"__proto__":{"polluted":1}}}}');
  const { raw } = resolveConfig(input);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  const options = (raw.plugins as Record<string, object>).p;
  assertEquals(Object.keys(options), ["__proto__"]);
  for (const key of ["__proto__", "constructor", "toString"]) {
    const bad = JSON.parse(`{${JSON.stringify(key)}:{}}`);
    assertThrows(() => resolveConfig(bad), Error, "is not a known key");
  }
});

Deno.test("resolveConfig() answers what it made before as it is", () => {
  const config = resolveConfig({});
  assertStrictEquals(resolveConfig(config), config);
  assert(isResolvedConfig(config));
  assert(!isResolvedConfig({ ...config }));
});

Deno.test("resolveConfig() says when no plugin can let anybody in", () => {
  const warnings = (plugins: unknown) => resolveConfig({ plugins }).warnings;
  assertEquals(warnings({}).length, 1);
  assertEquals(warnings(["sys", "topic_acl"]).length, 1);
  assertEquals(warnings(["sys", "my_own"]).length, 0);
});

Deno.test("resolveConfig() keeps source and base address", () => {
  const baseUrl = new URL("file:///etc/dinomq/broker.yaml");
  const config = resolveConfig({}, { source: "broker.yaml", baseUrl });
  assertEquals(config.source, "broker.yaml");
  assertEquals(config.baseUrl, baseUrl);
});

Deno.test("resolveConfig() looks for import-map beside the configuration file", () => {
  const baseUrl = new URL("file:///etc/my%20broker/broker.yaml");
  const mapOf = (path: string, base?: URL) =>
    `${
      resolveConfig({ "import-map": path }, { baseUrl: base }).importMap ?? ""
    }`;
  assertEquals(
    mapOf("deno.json", baseUrl),
    "file:///etc/my%20broker/deno.json",
  );
  assertEquals(mapOf("../50%.json", baseUrl), "file:///etc/50%25.json");
  assertEquals(mapOf("/opt/deno.json", baseUrl), "file:///opt/deno.json");
  assertEquals(mapOf("https://a.org/x", baseUrl), "https://a.org/x");
  // Without a file the loader of plugins takes the working directory.
  assertEquals(mapOf("deno.json"), "deno.json");
  assertEquals(resolveConfig({}, { baseUrl }).importMap, undefined);
});
