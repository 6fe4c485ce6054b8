/**
 * aMQTT's sample configurations, in our own words: each loads unchanged, or fails with
 * a message that names the one thing to change.
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../../../broker/config/mod.ts";
import { Broker, type Logger } from "../../../mod.ts";
import { makeCertificates } from "../../_certificates.ts";
import { withFolder } from "../../cli/_folder.ts";
import { ARGON2 } from "../bundled/_passwords.ts";

interface Sample {
  /** The configuration. `FOLDER` is where the user's own files are. */
  yaml: string;
  /** The plugins that are loaded, in their order. */
  plugins?: string[];
  /** The listeners as `name type host:port`. */
  listeners?: string[];
  /** What the log warns of. Default: nothing. */
  warnings?: string[];
  /** The error, which names the key and the remedy. */
  error?: string[];
  /** What the remedy of the error is: texts to replace, and by what. */
  remedy?: [from: string | RegExp, to: string][];
}

const TWO_LISTENERS = `
listeners:
  default: { type: tcp, bind: "0.0.0.0:1883" }
  ws-mqtt: { bind: "127.0.0.1:8080", type: ws, max_connections: 10 }
`;
const TWO = ["default tcp 0.0.0.0:1883", "ws-mqtt ws 127.0.0.1:8080"];
const ANONYMOUS = "amqtt.plugins.authentication.AnonymousAuthPlugin";
const FILE = "amqtt.plugins.authentication.FileAuthPlugin";
const SYS = "amqtt.plugins.sys.broker.BrokerSysPlugin";
const LOGGERS = `
  amqtt.plugins.logging_amqtt.EventLoggerPlugin:
  amqtt.plugins.logging_amqtt.PacketLoggerPlugin:`;
const USUAL = ["event_logger", "packet_logger", "auth_anonymous", "sys"];
const OWN_PLUGIN = `
import { BasePlugin } from "@dinomq/broker/plugins";
import * as v from "valibot";
export class OwnPlugin extends BasePlugin {
  static config = v.strictObject({ display_port: v.optional(v.boolean()) });
}
`.replace(
  "@dinomq/broker/plugins",
  import.meta.resolve("../../../plugins/mod.ts"),
)
  .replace('"valibot"', JSON.stringify(import.meta.resolve("valibot")));

const SAMPLES: Record<string, Sample> = {
  "samples/broker.yaml": {
    yaml: `---
listeners:
  default:
    type: tcp
    bind: 0.0.0.0:1883
  over-http:
    type: ws
    bind: 0.0.0.0:8080
sys_interval: 2
auth:
  plugins: [auth_anonymous]
  allow-anonymous: true
topic-check:
  enabled: False
`,
    plugins: ["event_logger", "auth_anonymous", "sys"],
    listeners: ["default tcp 0.0.0.0:1883", "over-http ws 0.0.0.0:8080"],
    warnings: ["topic-check is not enabled: topics are not checked"],
  },
  "samples/legacy.yaml": {
    yaml: `---
listeners: { default: { type: tcp, bind: "0.0.0.0:1883" } }
sys_interval: 20
auth: { plugins: [auth_anonymous], allow-anonymous: true }
topic-check: { enabled: False }
`,
    plugins: ["event_logger", "auth_anonymous", "sys"],
    warnings: ["topic-check is not enabled: topics are not checked"],
  },
  "samples/docker-compose.yaml": {
    // It is not for the broker; a person may still pass it for one.
    yaml: "services:\n  mqtt: { image: amqtt/amqtt }\n",
    error: ["services is not a known key"],
  },
  "samples/broker_acl.py": {
    yaml: `${TWO_LISTENERS}
plugins:
  ${ANONYMOUS}: { allow_anonymous: true }
  ${FILE}: { password_file: FOLDER/passwd }
  ${SYS}: { sys_interval: 10 }
  amqtt.plugins.topic_checking.TopicAccessControlListPlugin:
    acl:
      alice: ["plans/+/main", "dates/#", data/pictures]
      anonymous: []
`,
    plugins: ["auth_anonymous", "auth_file", "sys", "topic_acl"],
    listeners: TWO,
    warnings: ['The option "acl" is deprecated: call it "subscribe-acl"'],
  },
  "samples/broker_start.py": {
    yaml: `${TWO_LISTENERS}
plugins:
  ${ANONYMOUS}: { allow_anonymous: true }
  ${FILE}: { password_file: FOLDER/passwd }
  ${SYS}: { sys_interval: 10 }
`,
    plugins: ["auth_anonymous", "auth_file", "sys"],
    listeners: TWO,
  },
  "samples/broker_taboo.py": {
    yaml: `${TWO_LISTENERS}
plugins:
  ${ANONYMOUS}: { allow_anonymous: true }
  ${FILE}: { password_file: FOLDER/passwd }
  ${SYS}: { sys_interval: 10 }
  amqtt.plugins.topic_checking.TopicTabooPlugin: {}
`,
    plugins: ["auth_anonymous", "auth_file", "sys", "topic_taboo"],
    listeners: TWO,
  },
  "samples/broker_custom_plugin.py": {
    yaml: `${TWO_LISTENERS}
plugins:
  ${ANONYMOUS}: { allow_anonymous: true }
  own.remote.OwnPlugin: { display_port: true }
`,
    error: [
      'plugins["own.remote.OwnPlugin"]',
      "it looks like a class of Python",
      '"./own/remote.ts#OwnPlugin"',
    ],
    remedy: [["own.remote.OwnPlugin", "./own/remote.ts#OwnPlugin"]],
    plugins: ["auth_anonymous", "OwnPlugin"],
    listeners: TWO,
  },
  "samples/broker_dollar_topics.py": {
    yaml: `${TWO_LISTENERS}
plugins:
  ${ANONYMOUS}: { allow_anonymous: true }
  own.remote.OwnPlugin: {}
`,
    error: ['name its file, "./own/remote.ts#OwnPlugin"'],
    remedy: [["own.remote.OwnPlugin", "./own/remote.ts#OwnPlugin"]],
    plugins: ["auth_anonymous", "OwnPlugin"],
  },
  "samples/http_server_integration.py": {
    yaml: `
listeners:
  default: { type: tcp, bind: "127.0.0.1:1883" }
  from-the-host: { type: external }
`,
    plugins: [],
    listeners: ["default tcp 127.0.0.1:1883", "from-the-host external :0"],
    // aMQTT lets everybody in then.
    warnings: [
      "No plugin decides who may connect, so nobody can: add auth_anonymous or auth_file to plugins",
    ],
  },
  "samples/unix_sockets.py": {
    yaml: `
listeners: { default: { type: external } }
plugins:${LOGGERS}
  ${ANONYMOUS}: { allow_anonymous: true }
`,
    plugins: ["event_logger", "packet_logger", "auth_anonymous"],
    listeners: ["default external :0"],
  },
  "amqtt/scripts/default_broker.yaml": {
    yaml: `---
listeners: { default: { type: tcp, bind: "0.0.0.0:1883" } }
plugins:${LOGGERS}
  ${ANONYMOUS}: { allow_anonymous: true }
  ${SYS}: { sys_interval: 20 }
`,
    plugins: USUAL,
  },
  "docs_test/test.amqtt.local.yaml": {
    yaml: `---
listeners:
  default: { type: tcp, bind: "0.0.0.0:1883" }
  over-http: { type: ws, bind: "0.0.0.0:8080" }
session_expiry_interval: 60
plugins:${LOGGERS}
  ${ANONYMOUS}: { allow_anonymous: true }
  ${SYS}: { sys_interval: 2 }
`,
    plugins: USUAL,
  },
  "docs_test/test.amqtt.io.yaml": {
    yaml: `---
listeners:
  default: { type: tcp, bind: "0.0.0.0:1883" }
  plain-http: { type: ws, bind: "0.0.0.0:8080" }
  tls-mqtt: { type: tcp, bind: "0.0.0.0:8883", ssl: on, certfile: FOLDER/none.pem, keyfile: FOLDER/server.key }
  tls-http: { type: ws, bind: "0.0.0.0:8443", ssl: on, certfile: FOLDER/server.pem, keyfile: FOLDER/server.key }
plugins:${LOGGERS}
  ${ANONYMOUS}: { allow_anonymous: true }
  ${SYS}: { sys_interval: 2 }
`,
    error: [
      "listeners.tls-mqtt.certfile cannot be read",
      "does not exist: create it or correct the path",
    ],
    remedy: [["none.pem", "server.pem"]],
    plugins: USUAL,
    listeners: [
      "default tcp 0.0.0.0:1883",
      "plain-http ws 0.0.0.0:8080",
      "tls-mqtt tcp 0.0.0.0:8883",
      "tls-http ws 0.0.0.0:8443",
    ],
  },
  "tests/plugins/broker_plugin.yml": {
    yaml: `---
listeners: { default: { type: tcp, bind: "0.0.0.0:1883" } }
plugins:
  - own.remote.OwnPlugin
  - own.remote.OwnPlugin:
      display_port: true
`,
    error: ["plugins[0]", '"./own/remote.ts#OwnPlugin"'],
    remedy: [[/own\.remote\.OwnPlugin/g, "./own/remote.ts#OwnPlugin"]],
    plugins: ["OwnPlugin", "OwnPlugin_2"],
  },
  "docs/references/broker_config.md": {
    yaml: `
listeners:
  default: { max-connections: 500, type: tcp }
  first: { bind: "127.0.0.1:1884" }
  second: { bind: "1.2.3.4:1885", max-connections: 1000 }
  third: { bind: "127.0.0.1:8885", ssl: on, cafile: FOLDER/ca.pem, certfile: FOLDER/server.pem, keyfile: FOLDER/server.key }
  fourth: { bind: "0.0.0.0:8080", type: ws }
timeout-disconnect-delay: 2
plugins:
  - ${ANONYMOUS}:
      allow-anonymous: true
  - amqtt.plugin.authentication.FileAuthPlugin:
      password-file: FOLDER/passwd
  - amqtt.plugins.topic_checking.TopicAccessControlListPlugin:
      acl:
        alice: ["plans/+/main", "dates/#"]
        anonymous: ["dates/2025/#"]
`,
    // The documentation's own misprint.
    error: [
      'plugins[1]["amqtt.plugin.authentication.FileAuthPlugin"]',
      `did you mean "${FILE}"?`,
    ],
    remedy: [["amqtt.plugin.", "amqtt.plugins."]],
    plugins: ["auth_anonymous", "auth_file", "topic_acl"],
    warnings: ['The option "acl" is deprecated: call it "subscribe-acl"'],
  },
  "docs/plugins/packaged_plugins.md": {
    yaml: `
plugins:
  ${ANONYMOUS}:
  amqtt.plugins.topic_checking.TopicAccessControlListPlugin:
    subscribe-acl:
      - alice: [a, b]
`,
    error: [
      'TopicAccessControlListPlugin"].subscribe-acl: it must be a map of user names',
    ],
    remedy: [["- alice", "alice"]],
    plugins: ["auth_anonymous", "topic_acl"],
  },
  "docs/plugins/django.md": {
    yaml: `
plugins:
  amqtt.contrib.django.plugins.DjangoAuthPlugin:
    token_model: shop.MqttToken
  amqtt.contrib.django.plugins.UserTopicACLPlugin:
`,
    error: [
      'plugins["amqtt.contrib.django.plugins.DjangoAuthPlugin"]',
      "put auth_http in its place",
    ],
    remedy: [
      [
        /amqtt.*DjangoAuthPlugin:\n.*/,
        "auth_http: { host: localhost, port: 80 }",
      ],
      [
        /amqtt.*UserTopicACLPlugin:/,
        'topic_acl: { subscribe-acl: { "*": ["users/%u/updates/#"] } }',
      ],
    ],
    plugins: ["auth_http", "topic_acl"],
  },
  "docs/plugins/cert.md": {
    yaml: `
listeners:
  ssl-mqtt:
    bind: "127.0.0.1:8883"
    ssl: true
    certfile: FOLDER/server.pem
    keyfile: FOLDER/server.key
    cafile: FOLDER/ca.pem
plugins:
  amqtt.contrib.cert.CertificateAuthPlugin:
    uri_domain: example.org
`,
    plugins: ["auth_cert"],
    listeners: ["ssl-mqtt tcp 127.0.0.1:8883"],
  },
};

Deno.test("aMQTT's sample configurations load, or say what to change", async (t) => {
  await withFolder(async (folder) => {
    await makeCertificates(folder);
    await Deno.writeTextFile(`${folder}/passwd`, `alice:${ARGON2}\n`);
    await Deno.mkdir(`${folder}/own`);
    await Deno.writeTextFile(`${folder}/own/remote.ts`, OWN_PLUGIN);
    for (const [name, sample] of Object.entries(SAMPLES)) {
      await t.step(name, () => trySample(folder, sample));
    }
  });
});

async function trySample(folder: string, sample: Sample): Promise<void> {
  const { yaml, plugins, listeners, warnings = [], error, remedy } = sample;
  let text = yaml.replaceAll("FOLDER", folder);
  if (error !== undefined) {
    const { message } = await assertRejects(() => load(folder, text), Error);
    for (const part of error) assertStringIncludes(message, part);
  }
  if (plugins === undefined) return;
  for (const [from, to] of remedy ?? []) text = text.replace(from, to);
  const loaded = await load(folder, text);
  assertEquals(loaded.plugins, plugins);
  assertEquals(loaded.warnings, warnings);
  if (listeners !== undefined) assertEquals(loaded.listeners, listeners);
}

/** Loads everything as `--check-config` does. */
async function load(
  folder: string,
  yaml: string,
): Promise<Record<"plugins" | "listeners" | "warnings", string[]>> {
  const path = `${folder}/broker.yaml`;
  await Deno.writeTextFile(path, yaml);
  const config = await loadConfig(path);
  const warnings: string[] = [];
  const plugins = await new Broker(config, { logger: warningsTo(warnings) })
    .check();
  return {
    plugins: plugins.map(({ name }) => name),
    listeners: config.listeners.map(({ name, type, hostname, port }) =>
      `${name} ${type} ${hostname}:${port}`
    ),
    warnings,
  };
}

function warningsTo(warnings: string[]): Logger {
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message: string) => void warnings.push(message),
    error: (message: string) => void warnings.push(message),
    child: () => logger,
    isEnabled: (level) => level === "warn" || level === "error",
  };
  return logger;
}
