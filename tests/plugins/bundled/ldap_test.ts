import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import AuthLdap, { type AuthLdapOptions } from "../../../plugins/auth_ldap.ts";
import type { Action } from "../../../plugins/mod.ts";
import TopicLdap, {
  type TopicLdapOptions,
} from "../../../plugins/topic_ldap.ts";
import { startBroker, TestClient } from "../../_client.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  RecordingLogger,
  topicEvent,
} from "./_context.ts";
import { type LdapServer, READER, startLdapServer } from "./_ldap_server.ts";

function person(uid: string, lines: string[], unit = ""): string {
  return [
    `dn: uid=${uid},${unit}dc=amqtt,dc=io`,
    "objectClass: inetOrgPerson",
    "objectClass: mqttUser",
    `cn: ${uid}`,
    `sn: ${uid}`,
    ...lines,
    "",
    "",
  ].join("\n");
}

const UNITS = ["one", "two", "three"].map((ou) =>
  `dn: ou=${ou},dc=amqtt,dc=io\nobjectClass: organizationalUnit\nou: ${ou}\n\n`
).join("");

const ENTRIES = UNITS +
  person("jdoe", [
    "userPassword: johndoepassword",
    "publishACL: my/topic/one",
    "publishACL: my/topic/two/#",
    "subscribeACL: my/+",
    "receiveACL: my/open",
  ]) +
  person("guest", ["title: guest", "userPassword: gästepasswort"]) +
  person("nopassword", ["title: guest"]) +
  person("a*(b)\\5c", ["userPassword: strange"]).replace(
    "uid=a*(b)\\5c,",
    "cn=strange,",
  ).replace("cn: a*(b)\\5c", "cn: strange\nuid: a*(b)\\") +
  person("twin", ["userPassword: twinpassword"], "ou=one,") +
  person("twin", ["userPassword: twinpassword"], "ou=two,") +
  person("triplet", ["userPassword: tripletpassword"], "ou=one,") +
  person("triplet", ["userPassword: tripletpassword"], "ou=two,") +
  person("triplet", ["userPassword: tripletpassword"], "ou=three,");

function optionsOf(server: LdapServer): Record<string, unknown> {
  return {
    server: `ldap://${server.plain}`,
    baseDn: "dc=amqtt,dc=io",
    userAttribute: "uid",
    ...READER,
    // The test machine may be busy.
    timeout: 30,
  };
}

type Login = (
  username?: string,
  password?: string | Uint8Array,
) => boolean | Promise<boolean>;

async function withAuth(
  options: Record<string, unknown>,
  body: (login: Login, lines: string[], plugin: AuthLdap) => Promise<void>,
): Promise<void> {
  const config = await checkedOptions<AuthLdapOptions>(AuthLdap, options);
  const { context, logger } = fakeContext(config);
  const plugin = new AuthLdap(context);
  try {
    await body(
      (username, text) => {
        const password = typeof text === "string"
          ? new TextEncoder().encode(text)
          : text;
        return plugin.authenticate({
          session: fakeSession({ username, password }),
        });
      },
      logger.lines,
      plugin,
    );
  } finally {
    await plugin.close();
  }
}

type Ask = (
  username: string | undefined,
  action: Action,
  topic: string,
) => ReturnType<TopicLdap["topicFiltering"]>;

const ATTRIBUTES = {
  publishAttribute: "publishACL",
  subscribeAttribute: "subscribeACL",
  receiveAttribute: "receiveACL",
};

async function withTopics(
  options: Record<string, unknown>,
  body: (ask: Ask, lines: string[]) => Promise<void>,
): Promise<void> {
  const config = await checkedOptions<TopicLdapOptions>(TopicLdap, {
    ...ATTRIBUTES,
    ...options,
  });
  const { context, logger } = fakeContext(config);
  const plugin = new TopicLdap(context);
  try {
    await body(
      (username, action, topic) =>
        plugin.topicFiltering(topicEvent(action, username, topic)),
      logger.lines,
    );
  } finally {
    await plugin.close();
  }
}

Deno.test("the plugins with a directory work with OpenLDAP", async (t) => {
  await using server = await startLdapServer(ENTRIES);
  const options = optionsOf(server);

  await t.step(
    "aMQTT 43: the right password lets a user in, a bad one does not",
    () =>
      withAuth(options, async (login, lines) => {
        assertEquals(await login("jdoe", "johndoepassword"), true);
        assertEquals(await login("jdoe", "wrongpassword"), false);
        assertEquals(await login("guest", "gästepasswort"), true);
        assertEquals(await login("nobody", "johndoepassword"), false);
        // A connection that proved one user's password proves nothing for the next.
        assertEquals(await login("jdoe", "gästepasswort"), false);
        assertEquals(lines, []);
      }),
  );

  await t.step(
    "nobody gets in without user name or password",
    () =>
      withAuth(options, async (login) => {
        assertEquals(login("jdoe"), false);
        assertEquals(login("jdoe", ""), false);
        assertEquals(login("", "johndoepassword"), false);
        assertEquals(login(undefined, "johndoepassword"), false);
        assertEquals(login("jdoe", Uint8Array.of(0xff)), false);
        assertEquals(await login("nopassword", "x"), false);
        assertEquals(await login("jdoe", "\0"), false);
      }),
  );

  await t.step(
    "a user name cannot become a filter",
    () =>
      withAuth(options, async (login) => {
        for (
          const name of [
            "*",
            "j*",
            "jdoe)(uid=*",
            "x)(|(uid=jdoe",
            "jdoe\0",
            "\\6adoe",
            "*)(userPassword=johndoepassword",
          ]
        ) {
          assertEquals(await login(name, "johndoepassword"), false, name);
        }
        assertEquals(await login("a*(b)\\", "strange"), true);
      }),
  );

  await t.step(
    "a user who is found more than once is denied, and the log says so once",
    () =>
      withAuth(options, async (login, lines) => {
        for (let i = 0; i < 2; i++) {
          assertEquals(await login("twin", "twinpassword"), false);
          assertEquals(await login("triplet", "tripletpassword"), false);
        }
        assertEquals(lines.length, 2, lines.join("\n"));
        assertStringIncludes(lines[0], 'more than one user "twin"');
        assertStringIncludes(lines[1], 'more than one user "triplet"');
      }),
  );

  await t.step(
    "user-filter leaves out who does not satisfy it",
    () =>
      withAuth({ ...options, userFilter: "(title=guest)" }, async (login) => {
        assertEquals(await login("guest", "gästepasswort"), true);
        assertEquals(await login("jdoe", "johndoepassword"), false);
      }),
  );

  await t.step(
    "many users log in at once over a few connections",
    () =>
      withAuth({ ...options, connections: 2 }, async (login) => {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            login("jdoe", i % 2 === 0 ? "johndoepassword" : `wrong${i}`)),
        );
        assertEquals(
          answers,
          Array.from({ length: 50 }, (_, i) =>
            i % 2 === 0),
        );
      }),
  );

  await t.step(
    "ldaps:// and STARTTLS encrypt, and check the certificate",
    async () => {
      const cafile = `${server.folder}/ca.pem`;
      const wrong = `${server.folder}/other_ca.pem`;
      const encrypted = [
        { server: `ldaps://${server.tls}` },
        { server: `ldap://${server.plain}`, startTls: true },
        {
          server: `ldap://${server.plain.replace("127.0.0.1", "localhost")}`,
          startTls: true,
        },
      ];
      for (const how of encrypted) {
        await withAuth({ ...options, ...how, cafile }, async (login) => {
          assertEquals(await login("jdoe", "johndoepassword"), true);
          assertEquals(await login("jdoe", "wrongpassword"), false);
          assertEquals(await login("jdoe", "johndoepassword"), true);
        });
        await withAuth({ ...options, ...how, cafile: wrong }, async (login) => {
          const { message } = await assertRejects(
            async () => await login("jdoe", "johndoepassword"),
            Error,
          );
          assertMatch(message, /certificate|issuer/i);
        });
      }
    },
  );

  await t.step(
    "a wrong account or base is an error that says which",
    async () => {
      await withAuth(
        { ...options, bindPassword: "wrong" },
        async (login, _, plugin) => {
          for (
            const attempt of [
              () => login("jdoe", "x"),
              () => plugin.onBrokerPreStart(),
            ]
          ) {
            const { message } = await assertRejects(
              async () => await attempt(),
              Error,
            );
            assertStringIncludes(message, `"${READER.bindDn}" was refused`);
            assertStringIncludes(message, "bind-password");
          }
        },
      );
      await withAuth({ ...options, baseDn: "dc=other" }, async (login) => {
        await assertRejects(async () => await login("jdoe", "johndoepassword"));
      });
    },
  );

  await t.step(
    "aMQTT 43: the attributes grant topics",
    () =>
      withTopics(
        { ...options, publishAttribute: "PUBLISHacl" },
        async (ask) => {
          assertEquals(await ask("jdoe", "publish", "my/topic/one"), true);
          assertEquals(await ask("jdoe", "publish", "my/topic/two"), true);
          assertEquals(await ask("jdoe", "publish", "my/topic/two/x"), true);
          assertEquals(await ask("jdoe", "publish", "my/topic/three"), false);
          assertEquals(await ask("jdoe", "subscribe", "my/+"), true);
          assertEquals(await ask("jdoe", "subscribe", "my/#"), false);
          assertEquals(await ask("jdoe", "subscribe", "my/topic/one"), false);
          assertEquals(await ask("jdoe", "receive", "my/open"), true);
          assertEquals(await ask("jdoe", "receive", "my/secret"), false);
        },
      ),
  );

  await t.step(
    "topics are denied to users without filters, unknown or twofold",
    () =>
      withTopics(options, async (ask, lines) => {
        assertEquals(await ask("guest", "publish", "my/topic/one"), false);
        assertEquals(await ask("nobody", "publish", "my/topic/one"), false);
        assertEquals(await ask("*", "publish", "my/topic/one"), false);
        assertEquals(await ask("twin", "publish", "my/topic/one"), false);
        assertEquals(ask(undefined, "publish", "my/topic/one"), undefined);
        assertEquals(lines.length, 1, lines.join("\n"));
      }),
  );

  await t.step(
    "a user's filters are kept for cache-ttl",
    () =>
      withTopics({ ...options, cacheTtl: 3600 }, async (ask) => {
        assertEquals(await ask("jdoe", "publish", "my/topic/one"), true);
        assertEquals(ask("jdoe", "publish", "my/topic/one"), true);
        assertEquals(ask("jdoe", "publish", "other"), false);
      }),
  );

  await t.step(
    "aMQTT 43: a broker lets users in and checks topics, by aMQTT's names and options",
    async () => {
      const amqtt = {
        "server": `ldap://${server.plain}`,
        "base_dn": "dc=amqtt,dc=io",
        "user_attribute": "uid",
        "bind_dn": READER.bindDn,
        "bind_password": READER.bindPassword,
      };
      const logger = new RecordingLogger("error");
      await using broker = await startBroker({
        pluginTimeout: 60,
        plugins: {
          "amqtt.contrib.ldap.UserAuthLdapPlugin": amqtt,
          "amqtt.contrib.ldap.TopicAuthLdapPlugin": {
            ...amqtt,
            "publish_attribute": "publishACL",
            "subscribe_attribute": "subscribeACL",
            "receive_attribute": "receiveACL",
            "cache_ttl": 0,
          },
        },
      }, logger);
      const connect = (password: string) =>
        TestClient.connect(broker, {
          username: "jdoe",
          password: Buffer.from(password),
        });
      await using client = await connect("johndoepassword");
      assertEquals(client.code, 0);
      assertEquals(await client.subscribe(["my/+", "#"]), [0, 128]);
      await using refused = await connect("wrongpassword");
      assertEquals(refused.code, 5);

      // While the directory is away nobody gets in; when it is back everybody does.
      await server.stop();
      const codes = await Promise.all(Array.from({ length: 10 }, async () => {
        await using refused = await connect("johndoepassword");
        return refused.code;
      }));
      assertEquals(codes, Array(10).fill(5));
      assertEquals(await client.subscribe(["my/open"]), [128]);
      await client.ping();
      assertEquals(logger.lines.length, 2, logger.lines.join("\n"));
      await server.start();
      await using again = await connect("johndoepassword");
      assertEquals(again.code, 0);
      assertEquals(await client.subscribe(["my/open"]), [0]);
    },
  );
});

Deno.test("auth_ldap and topic_ldap refuse wrong options", async () => {
  const good = {
    server: "ldap://localhost",
    baseDn: "dc=amqtt,dc=io",
    userAttribute: "uid",
    ...READER,
  };
  for (
    const options of [
      { server: "localhost" },
      { server: "http://localhost" },
      { server: "ldap://user:password@localhost" },
      { server: "ldap://localhost/dc=amqtt" },
      { server: undefined },
      { userAttribute: "uid)(x" },
      { bindPassword: "" },
      { timeout: 0 },
      { connections: 0 },
      { other: 1 },
    ]
  ) {
    const all = { ...good, ...options };
    await assertRejects(() => checkedOptions(AuthLdap, all), TypeError);
    await assertRejects(
      () => checkedOptions(TopicLdap, { ...ATTRIBUTES, ...all }),
      TypeError,
    );
  }
  await assertRejects(() => checkedOptions(TopicLdap, good), TypeError);
  for (
    const [options, message] of [
      [{ userFilter: "(title=guest" }, '"user-filter" "(title=guest"'],
      [{ cafile: "/nowhere/ca.pem" }, '"cafile" "/nowhere/ca.pem"'],
      [{ server: "ldaps://localhost", startTls: true }, '"start-tls"'],
    ] as const
  ) {
    const config = await checkedOptions<AuthLdapOptions>(AuthLdap, {
      ...good,
      ...options,
    });
    assertThrows(
      () => new AuthLdap(fakeContext(config).context),
      Error,
      message,
    );
  }
});

Deno.test("auth_ldap warns of passwords that travel unencrypted", async () => {
  const warnings = async (server: string, startTls = false) => {
    const config = await checkedOptions<AuthLdapOptions>(AuthLdap, {
      baseDn: "dc=amqtt,dc=io",
      userAttribute: "uid",
      ...READER,
      server,
      startTls,
    });
    const { context, logger } = fakeContext(config);
    await new AuthLdap(context).close();
    return logger.lines.length;
  };
  assertEquals(await warnings("ldap://directory.example.org"), 1);
  assertEquals(await warnings("ldap://10.0.0.1:389"), 1);
  assertEquals(await warnings("ldap://directory.example.org", true), 0);
  assertEquals(await warnings("ldaps://directory.example.org"), 0);
  assertEquals(await warnings("ldap://127.0.0.1:389"), 0);
  assertEquals(await warnings("ldap://[::1]"), 0);
});
