import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ConfigError, resolveConfig } from "../../broker/config/mod.ts";

const BAD: [input: unknown, message: string][] = [
  [
    { listener: {} },
    'listener is not a known key. Did you mean "listeners"?',
  ],
  [
    { "max-paket-size": 1000 },
    'max-paket-size is not a known key. Did you mean "max-packet-size"?',
  ],
  [
    { max_paket_size: 1000 },
    'max_paket_size is not a known key. Did you mean "max_packet_size"?',
  ],
  [
    { maxPaketSize: 1000 },
    'maxPaketSize is not a known key. Did you mean "maxPacketSize"?',
  ],
  [{ "something else": 1 }, '["something else"] is not a known key'],
  [
    { listeners: { "my-tcp": { bnd: 1883 } } },
    'listeners.my-tcp.bnd is not a known key. Did you mean "bind"?',
  ],
  [
    { listeners: { "my.tcp": { port: 1883 } } },
    'listeners["my.tcp"].port is not a known key',
  ],
  [
    { auth: { "password-fil": "x" } },
    'auth.password-fil is not a known key. Did you mean "password-file"?',
  ],
  [
    { "max-qos": 1, max_qos: 2 },
    "max_qos is the same key as max-qos: remove one of them",
  ],
  [
    { listeners: { a: { "max-connections": 1, maxConnections: 2 } } },
    "listeners.a.maxConnections is the same key as listeners.a.max-connections: remove one of them",
  ],
  [
    { "max-inflight": "20" },
    'max-inflight must be a whole number from 1 to 65535, not the text "20": remove the quotes',
  ],
  [
    { max_inflight: 0 },
    "max_inflight must be a whole number from 1 to 65535, not 0",
  ],
  [
    { maxInflight: 1.5 },
    "maxInflight must be a whole number from 1 to 65535, not 1.5",
  ],
  [
    { "max-queued-messages": -1 },
    "max-queued-messages must be a whole number of 1 or more, not -1",
  ],
  [
    { "connect-timeout": "10s" },
    'connect-timeout must be a number of seconds from 0.001 to 2147483, not the text "10s"',
  ],
  [
    { "session-expiry-interval": -1 },
    "session-expiry-interval must be a number of seconds of 0 or more, not -1",
  ],
  [
    { "max-packet-size": "2 apples" },
    'max-packet-size must be a size from 64 to 268435460 bytes, such as 65536, "64KB" or "2MiB", not the text "2 apples"',
  ],
  [
    { "max-output-bytes": "64" },
    'max-output-bytes must be a size of 1 bytes or more, such as 65536, "64KB" or "2MiB", not the text "64"',
  ],
  [
    { "queue-qos0": "maybe" },
    'queue-qos0 must be true or false, not the text "maybe"',
  ],
  [{ "queue-qos0": 1 }, "queue-qos0 must be true or false, not 1"],
  [{ maxQos: 3 }, "maxQos must be 0, 1 or 2, not 3"],
  [
    { "auth-policy": "any" },
    'auth-policy must be "all", "first" or "deny-overrides", not the text "any"',
  ],
  [
    { versions: [5, 4] },
    'versions[1] must be 3.1, "3.1.1" or 5, not 4',
  ],
  [
    { versions: [] },
    "versions must be a list of versions, not an empty list",
  ],
  [
    { listeners: [1883] },
    "listeners must be a map of listeners by name, not a list",
  ],
  [{ listeners: { a: 1883 } }, "listeners.a must be a map, not 1883"],
  [
    { listeners: { a: { type: "udp" } } },
    'listeners.a.type must be "tcp", "ws", "unix" or "external", not the text "udp"',
  ],
  [
    { listeners: { a: { bind: [] } } },
    'listeners.a.bind must be an address such as 1883, "localhost:1883" or "[::]:1883" in quotes, not an empty list',
  ],
  [
    { listeners: { a: { bind: "host:99999" } } },
    'listeners.a.bind must be an address such as 1883, ":1883", "localhost:1883" or "[::]:1883", not the text "host:99999"',
  ],
  [
    { listeners: { a: { bind: "::1" } } },
    'listeners.a.bind must be an address such as 1883, ":1883", "localhost:1883" or "[::]:1883", not the text "::1": write IPv6 addresses in brackets',
  ],
  [
    { listeners: { a: { "max-connections": -2 } } },
    "listeners.a.max-connections must be a whole number of -1 or more, not -2",
  ],
  [
    { listeners: { a: { type: "ws", "ws-path": "mqtt" } } },
    'listeners.a.ws-path must be the path of a URL such as "/mqtt", or "*", not the text "mqtt"',
  ],
  [
    { listeners: { a: { type: "ws", origins: ["https://a.example/"] } } },
    'listeners.a.origins[0] must be an origin such as "https://example.com" or "http://localhost:8080", not the text "https://a.example/"',
  ],
  [
    { listeners: { a: { type: "unix" } } },
    "listeners.a is a Unix socket without a file: add path, such as /run/dinomq.sock",
  ],
  [
    { listeners: { a: { type: "unix", path: "/a", ssl: "on" } } },
    'listeners.a.ssl is not possible with type "unix"',
  ],
  [
    { listeners: { a: { bind: "localhost:1" }, b: { bind: "localhost:1" } } },
    "listeners.b has the same address as listeners.a, localhost:1: give it another one",
  ],
  [
    { listeners: { default: { bind: 1883 }, b: { "max-connections": 1 } } },
    "listeners.b has no bind of its own and so has the same address as listeners.default, 0.0.0.0:1883: give it another one",
  ],
  [
    {
      listeners: {
        a: { type: "unix", path: "/a" },
        b: { type: "unix", bind: "/a" },
      },
    },
    "listeners.b has the same address as listeners.a, /a: give it another one",
  ],
  [
    { plugins: "sys" },
    'plugins must be a map of plugins to their options, or a list of plugins, not the text "sys"',
  ],
  [
    { plugins: { sys: 20 } },
    "plugins.sys must be a map of options, not 20",
  ],
  [
    { plugins: { "https://example.com/a.ts": [] } },
    'plugins["https://example.com/a.ts"] must be a map of options, not an empty list',
  ],
  [
    { plugins: ["sys", 7] },
    "plugins[1] must be a plugin's name, or a map of it to its options, not 7",
  ],
  [
    { plugins: [{ auth_file: null, "password-file": "x" }] },
    'plugins[0] has 2 keys, one is expected: indent the options of "auth_file" deeper than its name, or give each plugin a dash',
  ],
  [
    { plugins: [{ auth_file: "passwords" }] },
    'plugins[0].auth_file must be a map of options, not the text "passwords"',
  ],
  [{ plugins: [{}] }, "plugins[0] is empty: name a plugin"],
  [
    { plugins: [{ plugin: "sys", option: {} }] },
    'plugins[0].option is not a known key. Did you mean "options"?',
  ],
  [
    { plugins: [{ plugin: "sys", sandbox: "yes" }] },
    "plugins[0].sandbox must be true, false or a map with net, read, write, env, memory, deadline, cache",
  ],
  [
    { plugins: [{ plugin: "sys", sandbox: { nets: [] } }] },
    'plugins[0].sandbox.nets is not a known key. Did you mean "net"?',
  ],
  [
    { plugins: [{ plugin: "sys", sandbox: { read: ["a,b"] } }] },
    "plugins[0].sandbox.read must be a list of texts without commas, or true for everything",
  ],
  [
    { plugins: [{ plugin: "sys", sandbox: { memory: "1GB" } }] },
    "plugins[0].sandbox.memory must be a number of MiB from 16 to 65536",
  ],
  [
    { auth: { plugins: "auth_file" } },
    'auth.plugins must be a list of texts, not the text "auth_file"',
  ],
  [
    { "topic-check": { enabled: true, "publish-acl": { bob: "a/#" } } },
    'topic-check.publish-acl.bob must be a list of texts, not the text "a/#"',
  ],
  [
    { topic_check: { enabled: true, acl: ["a/#"] } },
    "topic_check.acl must be a map of user names to lists of topics, not a list",
  ],
  [{ auth: [] }, "auth must be a map, not an empty list"],
  [{ listeners: { a: [] } }, "listeners.a must be a map, not an empty list"],
  [
    { "topic-check": ["topic_acl"] },
    "topic-check must be a map, not a list",
  ],
  [
    { auth: { plugins: ["auth_file", 7] } },
    "auth.plugins[1] must be a text, not 7",
  ],
  [null, "it must be a map of settings, not nothing"],
  [["a"], "it must be a map of settings, not a list"],
];

for (const [input, message] of BAD) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(input)}`, () => {
    const error = assertThrows(
      () => resolveConfig(input, { source: "broker.yaml" }),
      ConfigError,
    );
    assertEquals(
      error.message,
      `Cannot use configuration "broker.yaml": ${message}`,
    );
    assertEquals(error.source, "broker.yaml");
  });
}

Deno.test("resolveConfig() reports all problems at once", () => {
  const error = assertThrows(() =>
    resolveConfig({
      "max-qos": 7,
      lissteners: {},
      listeners: { a: { ssl: 3, typ: "tcp" } },
    })
  );
  assertInstanceOf(error, ConfigError);
  assertEquals(error.problems.map(({ path }) => path).sort(), [
    "lissteners",
    "listeners.a.ssl",
    "listeners.a.typ",
    "max-qos",
  ]);
  assertEquals(
    error.message.split("\n")[0],
    'Cannot use configuration "inline":',
  );
  assertEquals(error.message.split("\n").length, 5);
  assertEquals(error.path, error.problems[0].path);
});
