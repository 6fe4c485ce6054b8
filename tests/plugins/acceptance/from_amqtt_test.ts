/** `examples/from_amqtt.md`: every option of aMQTT has a line there, and does what it says. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "@std/yaml";
import ca from "../../../broker/cli/certs/ca.ts";
import device from "../../../broker/cli/certs/device.ts";
import server from "../../../broker/cli/certs/server.ts";
import type { Command } from "../../../broker/cli/mod.ts";
import { readClientConfig } from "../../../broker/cli/mqtt/client_config.ts";
import pub from "../../../broker/cli/mqtt/pub.ts";
import sub from "../../../broker/cli/mqtt/sub.ts";
import { FLAGS_HELP } from "../../../broker/cli/serve_options.ts";
import { resolveConfig } from "../../../broker/config/mod.ts";
import { Broker, type BrokerConfig, silentLogger } from "../../../mod.ts";
import topics from "../../../plugins/_db/topics_command.ts";
import users from "../../../plugins/_db/users_command.ts";
import { makeCertificates } from "../../_certificates.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { run } from "../../cli/_context.ts";
import { withFolder } from "../../cli/_folder.ts";
import { HttpServer } from "../bundled/_http_server.ts";
import { ARGON2 } from "../bundled/_passwords.ts";

const PAGE = await Deno.readTextFile(
  new URL("../../../examples/from_amqtt.md", import.meta.url),
);

/** Heading -> the options that its tables have. */
const SECTIONS: ReadonlyMap<string, readonly string[]> = new Map(
  PAGE.split(/^##+ /m).slice(1).map((section) => {
    const [heading] = section.split("\n", 1);
    const cells = [...section.matchAll(/^\| (`.*?) +\|/gm)];
    return [heading, cells.flatMap(([, cell]) => namesOf(cell))];
  }),
);

/** `` `host`, `port` `` to `host` and `port`. */
function namesOf(cell: string): string[] {
  const [text] = cell.split(" of ");
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

/** The options of the only section whose heading has a text. */
function optionsOf(text: string): string[] {
  const found = [...SECTIONS].filter(([heading]) => heading.includes(text));
  assertEquals(found.length, 1, text);
  return [...found[0][1]].sort();
}

const LDAP = {
  server: "ldaps://directory.example.org",
  "base_dn": "dc=example,dc=org",
  "user_attribute": "uid",
  "bind_dn": "cn=reader,dc=example,dc=org",
  "bind_password": "secret",
};
const HTTP = {
  host: "127.0.0.1",
  port: 80,
  "request_method": "post",
  "params_mode": "form",
  "response_mode": "status",
  "with_tls": false,
  "user_agent": "amqtt",
  "superuser_uri": "/superuser",
  timeout: 5,
};
const DB = { connection: "sqlite+aiosqlite:///auth.db", "sync_schema": false };
const CONTRIB = "amqtt.contrib";

/** Each plugin of aMQTT with all of its options, and its alias here. */
const PLUGINS: Record<string, [alias: string, options: object]> = {
  "amqtt.plugins.authentication.AnonymousAuthPlugin": [
    "auth_anonymous",
    { "allow_anonymous": true },
  ],
  "amqtt.plugins.authentication.FileAuthPlugin": [
    "auth_file",
    { "password_file": "passwords" },
  ],
  "amqtt.plugins.topic_checking.TopicTabooPlugin": ["topic_taboo", {}],
  "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": [
    "topic_acl",
    {
      acl: { alice: ["a"] },
      "publish_acl": { alice: ["a"] },
      "receive_acl": { alice: ["a"] },
    },
  ],
  "amqtt.plugins.sys.broker.BrokerSysPlugin": ["sys", { "sys_interval": 20 }],
  "amqtt.plugins.logging_amqtt.EventLoggerPlugin": ["event_logger", {}],
  "amqtt.plugins.logging_amqtt.PacketLoggerPlugin": ["packet_logger", {}],
  [`${CONTRIB}.http.UserAuthHttpPlugin`]: [
    "auth_http",
    { ...HTTP, "user_uri": "/user" },
  ],
  [`${CONTRIB}.http.TopicAuthHttpPlugin`]: [
    "topic_http",
    { ...HTTP, "topic_uri": "/acl" },
  ],
  [`${CONTRIB}.jwt.UserAuthJwtPlugin`]: [
    "auth_jwt",
    { "secret_key": "s".repeat(32), "user_claim": "name", algorithm: "HS256" },
  ],
  [`${CONTRIB}.jwt.TopicAuthJwtPlugin`]: [
    "topic_jwt",
    {
      "secret_key": "s",
      "publish_claim": "p",
      "subscribe_claim": "s",
      "receive_claim": "r",
      algorithm: "HS256",
    },
  ],
  [`${CONTRIB}.ldap.UserAuthLdapPlugin`]: ["auth_ldap", LDAP],
  [`${CONTRIB}.ldap.TopicAuthLdapPlugin`]: [
    "topic_ldap",
    {
      ...LDAP,
      "publish_attribute": "p",
      "subscribe_attribute": "s",
      "receive_attribute": "r",
    },
  ],
  [`${CONTRIB}.auth_db.UserAuthDBPlugin`]: [
    "auth_db",
    { ...DB, "hash_schemes": ["argon2", "bcrypt", "pbkdf2_sha256", "scrypt"] },
  ],
  [`${CONTRIB}.auth_db.TopicAuthDBPlugin`]: ["topic_db", DB],
  [`${CONTRIB}.cert.UserAuthCertPlugin`]: [
    "auth_cert",
    { "uri_domain": "example.org" },
  ],
  [`${CONTRIB}.shadows.ShadowPlugin`]: [
    "shadows",
    { connection: "sqlite:///shadows.db", superusers: ["app"] },
  ],
};

async function aliases(plugins: Record<string, object>): Promise<string[]> {
  const broker = new Broker({ plugins: plugins as BrokerConfig["plugins"] }, {
    logger: silentLogger,
  });
  return (await broker.check()).map(({ name }) => name);
}

Deno.test("from_amqtt.md: every option of every plugin is there and is taken", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/passwords`, `alice:${ARGON2}\n`);
    const options = new Map<string, Set<string>>();
    for (const [name, [alias, given]] of Object.entries(PLUGINS)) {
      const here = "password_file" in given
        ? { "password_file": `${folder}/passwords` }
        : given;
      assertEquals(await aliases({ [name]: here }), [alias], name);
      const [heading] = [...SECTIONS.keys()].filter((heading) =>
        heading.includes(`\`${alias}\``)
      );
      assert(heading, `from_amqtt.md has no section for ${alias}`);
      const className = name.split(".").at(-1)!;
      assertStringIncludes(heading, className);
      options.set(
        heading,
        (options.get(heading) ?? new Set()).union(new Set(Object.keys(given))),
      );
    }
    for (const [heading, expected] of options) {
      // Instead of acl, which excludes it.
      if (heading.includes("topic_acl")) expected.add("subscribe_acl");
      assertEquals(optionsOf(heading), [...expected].sort(), heading);
    }
    assertEquals(
      await aliases({
        "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {
          "subscribe_acl": { alice: ["a"] },
        },
      }),
      ["topic_acl"],
    );
  });
});

Deno.test("from_amqtt.md: the plugins without a counterpart are refused with a remedy", async () => {
  assertEquals(optionsOf("DjangoAuthPlugin"), [
    ...["service_token", "service_user_id", "token_model"],
  ]);
  for (
    const [name, remedy] of [
      [`${CONTRIB}.django.plugins.DjangoAuthPlugin`, "auth_http"],
      [`${CONTRIB}.django.plugins.UserTopicACLPlugin`, "topic_acl"],
      ["amqtt.plugins.persistence.SQLitePlugin", "remove it"],
      [`${CONTRIB}.shadows.ShadowTopicAuthPlugin`, '"connection" is missing'],
    ]
  ) {
    const error = await assertRejects(
      () => aliases({ [name]: { superusers: [] } }),
      Error,
    );
    assertStringIncludes(error.message, remedy);
    assertStringIncludes(error.message, name);
  }
});

Deno.test("from_amqtt.md: the persistence plugin becomes the store", () => {
  const name = `${CONTRIB}.persistence.SessionDBPlugin`;
  const store = (options: object) =>
    resolveConfig({ plugins: { "auth_anonymous": null, [name]: options } })
      .store;
  const file = { type: "sqlite", path: "a.db" } as const;
  for (const url of ["sqlite:///a.db", "sqlite+aiosqlite:///a.db"]) {
    assertEquals(store({ connection: url }), {
      ...file,
      durability: "process",
      maxSize: 0,
      clearOnShutdown: true,
    });
  }
  assertEquals(store({ file: "a.db", "clear_on_shutdown": false }), {
    ...file,
    durability: "process",
    maxSize: 0,
    clearOnShutdown: false,
  });
  assertEquals(optionsOf("SessionDBPlugin"), [
    ...["clear_on_shutdown", "connection", "file"],
  ]);
});

Deno.test("from_amqtt.md: every key of the broker and its listeners is there and is taken", async () => {
  const listener = (certificates: string) => ({
    type: "tcp",
    bind: "127.0.0.1:0",
    "max_connections": 10,
    ssl: true,
    certfile: `${certificates}/server.pem`,
    keyfile: `${certificates}/server.key`,
    cafile: `${certificates}/ca.pem`,
    capath: certificates,
    cadata: Deno.readTextFileSync(`${certificates}/ca.pem`),
    reader: "x",
    writer: "x",
  });
  const keys = {
    "timeout_disconnect_delay": 2,
    "session_expiry_interval": 60,
    "sys_interval": 20,
    auth: {
      plugins: ["auth_anonymous", "auth_file"],
      "allow-anonymous": true,
      "password-file": "passwords",
    },
    "topic-check": {
      enabled: true,
      plugins: ["topic_acl"],
      acl: { alice: ["a"] },
      "publish-acl": { alice: ["a"] },
      "receive-acl": { alice: ["a"] },
    },
    "max-qos": 1,
  };
  await withFolder(async (folder) => {
    await makeCertificates(folder);
    // A folder of authorities has nothing else in it.
    await Deno.mkdir(`${folder}/authorities`);
    await Deno.copyFile(`${folder}/ca.pem`, `${folder}/authorities/ca.pem`);
    const given = { ...listener(folder), capath: `${folder}/authorities` };
    const config = resolveConfig({ ...keys, listeners: { default: given } });
    assertEquals(config.warnings, [
      "listeners.default.reader has no effect",
      "listeners.default.writer has no effect",
    ]);
    assertEquals(
      optionsOf("Listeners"),
      Object.keys(given).sort(),
    );
  });
  assertEquals(
    optionsOf("The broker"),
    [
      ...["listeners", "timeout_disconnect_delay", "session_expiry_interval"],
      ...["plugins", "sys_interval", "max-qos"],
      ...Object.keys(keys.auth).flatMap((key) => ["auth", key]),
      ...[...Object.keys(keys["topic-check"]), "subscribe-acl"]
        .flatMap((key) => ["topic-check", key]),
    ].sort(),
  );
});

Deno.test("from_amqtt.md: WebSocket clients of any path are served with ws-path", async () => {
  await using broker = await startBroker({
    listeners: { default: { type: "ws", bind: "127.0.0.1:0", wsPath: "*" } },
    plugins: ["auth_anonymous"],
  });
  for (const path of ["", "/", "/mqtt", "/any/path"]) {
    const url = `ws://127.0.0.1:${broker.listeners[0].port}${path}`;
    const socket = new WebSocket(url, "mqtt");
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  }
});

Deno.test("from_amqtt.md: every key of the client is there and is taken", async () => {
  const keys = {
    "keep_alive": 10,
    "ping_delay": 1,
    "default_qos": 0,
    "default_retain": false,
    "auto_reconnect": true,
    "connection_timeout": 60,
    "reconnect_retries": 2,
    "reconnect_max_interval": 10,
    cleansession: true,
    topics: { a: { qos: 2, retain: true } },
    broker: { uri: "mqtt://127.0.0.1" },
    connection: {
      uri: "mqtt://127.0.0.1",
      cafile: "a",
      capath: "a",
      cadata: "a",
      certfile: "a",
      keyfile: "a",
    },
    "check_hostname": true,
    "verify_cert": true,
    will: { topic: "a", message: "b", qos: 1, retain: false },
    plugins: { "amqtt.plugins.logging_amqtt.PacketLoggerPlugin": null },
  };
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/client.json`, JSON.stringify(keys));
    const config = await readClientConfig(`${folder}/client.json`);
    assertEquals(config.topics, { a: { qos: 2, retain: true } });
  });
  assertEquals(optionsOf("The client and the tools"), Object.keys(keys).sort());
});

/** The flags of aMQTT's programs, by the heading of their section, and who has them here. */
const FLAGS: [heading: string, commands: Command[], flags: string][] = [
  [
    "`amqtt_pub`",
    [pub, sub],
    "--url -c --config-file -i --client-id -q --qos -r -t --topic -m --message " +
    "-f --file -s --stdin -l --lines -n --no-message -n -k --clean-session " +
    "--ca-file --ca-path --ca-data --will-topic --will-message --will-qos " +
    "--will-retain --extra-headers -d --version",
  ],
  [
    "`ca_creds`",
    [ca, server, device],
    "--country --state --locality --org-name --cn --device-id --uri " +
    "--output-dir --ca-key --ca-crt",
  ],
  [
    "`user_mgr`",
    [users, topics],
    "-d --db -u --username -h --host -p --port -f --file -c --client-id " +
    "-a --action sync list add rm pwd",
  ],
];

for (const [heading, commands, flags] of FLAGS) {
  Deno.test(`from_amqtt.md: the flags of ${heading} are there and are known`, async () => {
    const names = flags.split(" ");
    assertEquals(optionsOf(heading), [...names].sort());
    const helps = await Promise.all(
      commands.map(async (command) => (await run(command, ["--help"])).stdout),
    );
    for (const name of names) {
      const isKnown = helps.some((help) =>
        new RegExp(`(^|[\\s(])${name}\\b`, "m").test(help)
      );
      assert(isKnown, name);
    }
  });
}

Deno.test("from_amqtt.md: the flags of the broker are there and are known", () => {
  const names = optionsOf("### `amqtt`:".slice(4));
  assertEquals(names, ["--version", "-c", "-d"]);
  for (const name of names) assertStringIncludes(FLAGS_HELP, name);
});

Deno.test("aMQTT 48: what replaces the Django plugins: tokens, their end, wrong users, the service, rights", async () => {
  // The Django application of the page: it knows digests of tokens only.
  const digest = async (token: string) =>
    new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)),
    ).toHex();
  const tokens = new Map([
    [await digest("raw-5"), "5"],
    [await digest("raw-service"), "service"],
  ]);
  await using django = await HttpServer.start(async ({ path, body }) => {
    assertEquals(path, "/mqtt/user");
    const { username, password } = JSON.parse(body);
    const owner = tokens.get(await digest(password ?? ""));
    return { status: owner === username ? 200 : 403 };
  });
  const [, yaml] = /```yaml\n([^]*?)```/.exec(PAGE.split("## Django")[1])!;
  const config = parse(yaml) as { plugins: Record<string, object> };
  Object.assign(config.plugins.auth_http, {
    ...django.address,
    "with-tls": false,
  });
  await using broker = await startBroker(config as BrokerConfig);
  const connect = (username?: string, password?: string) =>
    TestClient.connect(broker, { username, password: password as never });
  for (
    const [username, password] of [
      ["5"],
      ["6", "raw-5"],
      ["5", "raw-6"],
      ["service", "raw-5"],
      [],
    ]
  ) {
    await using refused = await connect(username, password);
    assertEquals(refused.code, 5);
  }
  await using user = await connect("5", "raw-5");
  await using service = await connect("service", "raw-service");
  assertEquals([user.code, service.code], [0, 0]);
  assertEquals(
    await user.subscribe(["users/5/updates/#", "users/6/updates/#", "#"]),
    [0, 0x80, 0x80],
  );
  await user.publish("users/5/updates/a", "not for users", { qos: 1 });
  await service.publish("users/6/updates/a", "not theirs", { qos: 1 });
  await service.publish("users/5/updates/a", "hello", { qos: 1 });
  assertEquals(await user.message(), "users/5/updates/a: hello");
  tokens.delete(await digest("raw-5"));
  await using revoked = await connect("5", "raw-5");
  assertEquals(revoked.code, 5);
});
