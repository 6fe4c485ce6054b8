/** What the plugins with a database or a directory take over when the configuration is reloaded. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { PluginError } from "../../mod.ts";
import { parseConnectionUrl } from "../../plugins/_db/connection_url.ts";
import { openDatabase } from "../../plugins/_db/database.ts";
import { syncSchema } from "../../plugins/_db/schema.ts";
import { TopicTable } from "../../plugins/_db/topic_table.ts";
import { UserTable } from "../../plugins/_db/user_table.ts";
import { makeHash } from "../../plugins/_password/make.ts";
import { startBroker } from "../_client.ts";
import { freePort } from "../_ports.ts";
import { RecordingLogger } from "../plugins/bundled/_context.ts";
import { READER, startLdapServer } from "../plugins/bundled/_ldap_server.ts";
import { withFolder } from "../plugins/bundled/_tokens.ts";
import { config, connect, login, subscribes } from "./_helpers.ts";

const HASH = await makeHash("bcrypt", new TextEncoder().encode("x"));

/** A file of SQLite with one user who may subscribe to one topic. */
async function makeDatabase(
  url: string,
  username: string,
  topic: string,
): Promise<void> {
  const database = await openDatabase(parseConnectionUrl(url), {
    connections: 1,
    timeout: 5000,
    create: true,
  });
  await syncSchema(database);
  await new UserTable(database).add({ username, passwordHash: HASH });
  await new TopicTable(database).add("alice", "subscribe", topic);
  await database.close();
}

Deno.test("auth_db and topic_db ask another database", () =>
  withFolder(async (folder) => {
    const [first, second] = ["1", "2"].map((n) =>
      `sqlite:///${folder}/${n}.db`
    );
    await makeDatabase(first, "alice", "a");
    await makeDatabase(second, "bob", "b");
    const users = (connection: string) => config({ auth_db: { connection } });
    {
      await using broker = await startBroker(users(first));
      assertEquals(await login(broker, "alice"), true);
      assertEquals(await broker.reload(users(second)), { restart: [] });
      assertEquals(
        [await login(broker, "alice"), await login(broker, "bob")],
        [false, true],
      );
    }
    const topics = (connection: string) =>
      config({ auth_anonymous: null, topic_db: { connection, cacheTtl: 60 } });
    await using broker = await startBroker(topics(first));
    await using client = await connect(broker, "alice");
    assertEquals(
      [await subscribes(client, "a"), await subscribes(client, "b")],
      [true, false],
    );
    assertEquals(await broker.reload(topics(second)), { restart: [] });
    assertEquals(
      [await subscribes(client, "a"), await subscribes(client, "b")],
      [false, true],
    );
  }));

Deno.test("a database that is not there is no reason to refuse a reload, and lets nobody in", () =>
  withFolder(async (folder) => {
    const first = `sqlite:///${folder}/1.db`;
    await makeDatabase(first, "alice", "a");
    const present = (connection: string) => config({ auth_db: { connection } });
    const logger = new RecordingLogger("warn");
    await using broker = await startBroker(present(first), logger);
    await broker.reload(
      present(`postgresql://u:secret@127.0.0.1:${freePort()}/auth`),
    );
    const text = logger.lines.join("\n");
    assertStringIncludes(text, "onConfigChanged");
    assertEquals(text.includes("secret"), false);
    assertEquals(await login(broker, "alice"), false);
    assertEquals(await broker.reload(present(first)), { restart: [] });
    assertEquals(await login(broker, "alice"), true);
  }));

const ENTRIES = `dn: uid=alice,dc=amqtt,dc=io
objectClass: inetOrgPerson
objectClass: mqttUser
uid: alice
mail: alice@example.org
cn: Alice
sn: A
userPassword: x
publishACL: a
subscribeACL: b
receiveACL: #
`;

Deno.test("auth_ldap and topic_ldap search otherwise", async () => {
  await using server = await startLdapServer(ENTRIES);
  const users = (userAttribute: string, more: object = {}) =>
    config({
      auth_ldap: {
        server: `ldap://${server.plain}`,
        baseDn: "dc=amqtt,dc=io",
        userAttribute,
        ...READER,
        ...more,
      },
    });
  {
    await using broker = await startBroker(users("uid"));
    assertEquals(await login(broker, "alice"), true);
    assertEquals(await broker.reload(users("mail")), { restart: [] });
    assertEquals(
      [await login(broker, "alice"), await login(broker, "alice@example.org")],
      [false, true],
    );
    const error = await assertRejects(
      () => broker.reload(users("uid", { userFilter: "(" })),
      PluginError,
    );
    assertStringIncludes(error.message, "user-filter");
    assertEquals(await login(broker, "alice@example.org"), true);
  }
  const topics = (subscribeAttribute: string) =>
    config({
      auth_anonymous: null,
      topic_ldap: {
        server: `ldap://${server.plain}`,
        baseDn: "dc=amqtt,dc=io",
        userAttribute: "uid",
        ...READER,
        publishAttribute: "publishACL",
        subscribeAttribute,
        receiveAttribute: "receiveACL",
        cacheTtl: 60,
      },
    });
  await using broker = await startBroker(topics("subscribeACL"));
  await using client = await connect(broker, "alice");
  assertEquals(
    [await subscribes(client, "a"), await subscribes(client, "b")],
    [false, true],
  );
  assertEquals(await broker.reload(topics("publishACL")), { restart: [] });
  assertEquals(
    [await subscribes(client, "a"), await subscribes(client, "b")],
    [true, false],
  );
});

Deno.test("shadows takes other superusers and another database", () =>
  withFolder(async (folder) => {
    const [first, second] = ["1", "2"].map((n) =>
      `sqlite:///${folder}/${n}.db`
    );
    const present = (connection: string, superusers: string[]) =>
      config({ auth_anonymous: null, shadows: { connection, superusers } });
    await using broker = await startBroker(present(first, ["root"]));
    await using root = await connect(broker, "root");
    await using device = await connect(broker, "device");
    const topic = "$shadow/device/a";
    assertEquals(await subscribes(root, `${topic}/#`), true);
    await device.subscribe([`${topic}/update/accepted`, `${topic}/get/+`]);
    const ask = async (kind: "get" | "update", body: object) => {
      await device.send({
        cmd: "publish",
        topic: `${topic}/${kind}`,
        payload: JSON.stringify(body),
        qos: 0,
        dup: false,
        retain: false,
      });
      return await device.message();
    };
    const update = () => ask("update", { state: { reported: { on: true } } });
    assertStringIncludes(await update(), '"version":1');

    assertEquals(await broker.reload(present(first, [])), { restart: [] });
    assertEquals(
      [...broker.context.subscriptions()]
        .filter(({ filter }) => filter.endsWith("#")),
      [],
    );
    await using again = await connect(broker, "root");
    assertEquals(await subscribes(again, `${topic}/#`), false);
    assertStringIncludes(await ask("get", {}), '"version":1');

    assertEquals(await broker.reload(present(second, [])), { restart: [] });
    assertMatch(await ask("get", {}), /get\/rejected: .*404/);
    assertStringIncludes(await update(), '"version":1');
  }));
