import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { pathToFileURL } from "node:url";
import { ConfigError, loadConfig } from "../../broker/config/mod.ts";

async function withFile(
  name: string,
  content: string,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, content);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const YAML = `
listeners:
  default:
    type: tcp
    max-connections: 50000
    bind: 127.0.0.1:1883
  my-ws:
    bind: "[::1]:8083"
    type: ws
    max_connections: -1
timeout-disconnect-delay: 2
session_expiry_interval: 60
max-packet-size: 64KB
versions: [3.1, 3.1.1, 5.0]
queue-qos0: on
plugins:
  - amqtt.plugins.logging_amqtt.EventLoggerPlugin
  - auth_anonymous:
      allow-anonymous: false
`;

Deno.test("loadConfig() reads YAML", async () => {
  await withFile("broker.yaml", YAML, async (path) => {
    const config = await loadConfig(path);
    assertEquals(
      config.listeners.map(({ name, type, hostname, port, maxConnections }) => [
        name,
        type,
        hostname,
        port,
        maxConnections,
      ]),
      [
        ["default", "tcp", "127.0.0.1", 1883, 50000],
        ["my-ws", "ws", "::1", 8083, 0],
      ],
    );
    assertEquals(config.timeoutDisconnectDelay, 2);
    assertEquals(config.sessionExpiryInterval, 60);
    assertEquals(config.maxPacketSize, 64_000);
    assertEquals(config.versions, [3, 4, 5]);
    assertEquals(config.queueQos0, true);
    assertEquals(
      config.plugins.map(({ plugin, options }) => [plugin, options]),
      [
        ["amqtt.plugins.logging_amqtt.EventLoggerPlugin", undefined],
        ["auth_anonymous", { "allow-anonymous": false }],
      ],
    );
    assertEquals(config.source, path);
    assertEquals(config.baseUrl, pathToFileURL(path));
    assertEquals(config.warnings, []);
  });
});

Deno.test("loadConfig() reads JSON", async () => {
  const json = '\uFEFF{"maxQos": 1, "plugins": {"auth_anonymous": null}}';
  await withFile("broker.json", json, async (path) => {
    assertEquals((await loadConfig(path)).maxQos, 1);
  });
});

const BAD: [name: string, content: string, message: string][] = [
  [
    "syntax.yaml",
    "listeners:\n  default: {bind: 1883\nplugins: []\n",
    "line 3, column 1: not valid YAML: ",
  ],
  [
    "indentation.yml",
    "listeners:\n\tdefault:\n",
    "line 2, column 1: not valid YAML: ",
  ],
  [
    "twice.yaml",
    "max-qos: 1\nmax-qos: 2\n",
    "line 2, column 1: not valid YAML: ",
  ],
  [
    "alias.yaml",
    "plugins: *none\n",
    "line 1, column ",
  ],
  [
    "address.yaml",
    "listeners:\n  a:\n    bind: [::]:1883\n",
    "line 3, column ",
  ],
  [
    "syntax.json",
    '{\n  "maxQos": 1,\n}',
    "line 3, column 1: not valid JSON: ",
  ],
  ["short.json", '{"maxQos"', "line 1, column 10: not valid JSON: "],
  ["empty.yaml", "", "it is empty: write at least"],
  ["comment.yaml", "# nothing\n---\n", "it is empty: write at least"],
  ["empty.json", " \n", "it is empty: write at least"],
  [
    "list.yaml",
    "- a\n",
    'it must be a map of settings, such as "listeners:", not a list',
  ],
  [
    "word.yaml",
    "listeners\n",
    'it must be a map of settings, such as "listeners:", not the value "listeners"',
  ],
  ["key.yaml", "max-qos: 3\n", "max-qos must be 0, 1 or 2, not 3"],
  [
    "date.yaml",
    "max-qos: 2026-01-01\n",
    "max-qos must be 0, 1 or 2, not a date",
  ],
];

for (const [name, content, message] of BAD) {
  Deno.test(`loadConfig() refuses ${name}`, async () => {
    await withFile(name, content, async (path) => {
      const error = await assertRejects(() => loadConfig(path), ConfigError);
      const start = `Cannot use configuration "${path}": ${message}`;
      assertEquals(error.message.slice(0, start.length), start);
      assertEquals(error.message.split("\n").length, 1);
      assertEquals(error.source, path);
    });
  });
}

Deno.test("loadConfig() keeps the cause of a syntax error", async () => {
  await withFile("broker.yaml", "a: b: c", async (path) => {
    const error = await assertRejects(() => loadConfig(path), ConfigError);
    assertInstanceOf(error.cause, SyntaxError);
  });
});

Deno.test("loadConfig() names a file that does not exist", async () => {
  const error = await assertRejects(
    () => loadConfig("no/such/broker.yaml"),
    ConfigError,
  );
  assertEquals(
    error.message,
    'Cannot use configuration "no/such/broker.yaml": it cannot be read: "no/such/broker.yaml" does not exist: create it or correct the path, which starts at the working directory',
  );
  assertInstanceOf(error.cause, Deno.errors.NotFound);
});

const EXAMPLES = [
  "broker",
  "acl",
  "bridge",
  "conformance",
  "http_auth",
  "jwt",
  "database",
  "ldap",
  "password_file",
  "webhook",
  "shadows",
];

for (const name of EXAMPLES) {
  Deno.test(`loadConfig() accepts examples/${name}.yaml`, async () => {
    const file = new URL(`../../examples/${name}.yaml`, import.meta.url);
    const config = await loadConfig(decodeURIComponent(file.pathname));
    assertEquals(config.warnings, []);
  });
}
