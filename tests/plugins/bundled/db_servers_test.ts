/** The plugins and tables of databases, with servers of PostgreSQL and MariaDB. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { parseConnectionUrl } from "../../../plugins/_db/connection_url.ts";
import { type Database, openDatabase } from "../../../plugins/_db/database.ts";
import { syncSchema } from "../../../plugins/_db/schema.ts";
import { TopicTable } from "../../../plugins/_db/topic_table.ts";
import { UserTable } from "../../../plugins/_db/user_table.ts";
import { makeHash } from "../../../plugins/_password/make.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { RecordingLogger } from "./_context.ts";
import {
  startMariadb,
  startPostgresql,
  type TestServer,
} from "./_databases.ts";

const PASSWORD = "correct horse";
const BCRYPT = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";

const SERVERS: Readonly<Record<string, () => Promise<TestServer>>> = {
  PostgreSQL: startPostgresql,
  MariaDB: startMariadb,
};

async function withDatabase(
  url: string,
  body: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(parseConnectionUrl(url), {
    connections: 2,
    timeout: 30_000,
  });
  try {
    await body(database);
  } finally {
    await database.close();
  }
}

for (const [name, start] of Object.entries(SERVERS)) {
  Deno.test(`the database plugins work with ${name}`, async (t) => {
    await using server = await start();

    await t.step(
      "the tables are made, over TCP and over the Unix socket",
      async () => {
        for (const url of [server.url, server.socketUrl]) {
          await withDatabase(url, syncSchema);
        }
      },
    );

    await t.step(
      "users are added, found, changed, listed and removed",
      () =>
        withDatabase(server.socketUrl, async (database) => {
          const users = new UserTable(database);
          const add = (username: string, passwordHash: string) =>
            users.add({ username, passwordHash });
          assertEquals(await add("bob", "1"), true);
          assertEquals(await add("al'ice?", "2"), true);
          assertEquals(await add("bob", "3"), false);
          assertEquals(await add("Bob", "4"), true);
          assertEquals(await users.find("bob"), {
            username: "bob",
            passwordHash: "1",
          });
          for (const name of ["BOB", "bob ", "b_b", "b%", ""]) {
            assertEquals(await users.find(name), undefined, name);
          }
          const changed = { username: "bob", passwordHash: "5" };
          assertEquals(await users.update(changed, "0"), false);
          assertEquals(await users.update(changed, "1"), true);
          assertEquals(
            await users.update({ ...changed, username: "x" }),
            false,
          );
          const names = (await users.list()).map(({ username }) => username);
          assertEquals(names.sort(), ["Bob", "al'ice?", "bob"]);
          for (const name of names) {
            assertEquals(await users.remove(name), true);
          }
          assertEquals(await users.remove("bob"), false);
          assertEquals(await users.list(), []);
        }),
    );

    await t.step(
      "topic filters are added, found, listed and removed",
      () =>
        withDatabase(server.url, async (database) => {
          const topics = new TopicTable(database);
          const filter = 'a"?/ü/#';
          assertEquals(await topics.find("alice"), undefined);
          assertEquals(await topics.add("alice", "publish", filter), true);
          assertEquals(await topics.add("alice", "publish", filter), false);
          assertEquals(await topics.add("alice", "receive", "b"), true);
          const lists = { publish: [filter], subscribe: [], receive: ["b"] };
          assertEquals(await topics.find("alice"), lists);
          assertEquals(await topics.list(), [{ username: "alice", lists }]);
          assertEquals(
            await topics.remove("alice", "subscribe", filter),
            false,
          );
          assertEquals(await topics.remove("alice", "publish", filter), true);
          assertEquals(await topics.remove("bob", "publish", filter), false);
          assertEquals((await topics.find("alice"))?.publish, []);
          await database.query("DELETE FROM topic_auth");
        }),
    );

    await t.step(
      "a transaction that fails changes nothing",
      () =>
        withDatabase(server.url, async (database) => {
          const failure = await database.transaction(async (query) => {
            await query(
              "INSERT INTO user_auth (username, password_hash, publish_acl, subscribe_acl, receive_acl) VALUES ('x', 'x', '[]', '[]', '[]')",
            );
            throw new Error("on purpose");
          }).catch((error: Error) => error.message);
          assertEquals(failure, "on purpose");
          assertEquals(await new UserTable(database).list(), []);
        }),
    );

    await t.step(
      "errors name the database, and never the password",
      () =>
        withDatabase(server.url, async (database) => {
          const failure = (sql: string) =>
            database.query(sql).then(() => "", (error: Error) => error.message);
          assertStringIncludes(await failure("SELECT nothing"), "database");
          assertStringIncludes(
            await failure("SELECT 1 FROM missing"),
            '"sync-schema"',
          );
          await withDatabase(
            server.url.replace(/:[^:@]*@/, ":wrong@"),
            async (wrong) => {
              const { message } = await wrong.query("SELECT 1").then(
                () => new Error("it let us in"),
                (error: Error) => error,
              );
              assert(/authentication|denied/.test(message), message);
              assertEquals(message.includes("wrong"), false);
            },
          );
        }),
    );

    await t.step(
      "the server's certificate is checked if that is asked for",
      async () => {
        const ask = (database: Database) =>
          database.query("SELECT 1 FROM user_auth").then(() => {});
        await withDatabase(`${server.url}?sslmode=require`, ask);
        const url = server.url.replace("127.0.0.1", "localhost");
        await withDatabase(`${url}?${server.verified}`, ask);
        await withDatabase(
          `${url}?${server.impostor}`,
          async (database) => {
            const { message } = await assertRejects(() => ask(database), Error);
            assertMatch(message, /certificate|issuer/i);
          },
        );
      },
    );

    await t.step(
      "a broker lets users in, replaces hashes and checks topics",
      async () => {
        await withDatabase(server.url, async (database) => {
          await new UserTable(database).add({
            username: "alice",
            passwordHash: BCRYPT,
          });
          const topics = new TopicTable(database);
          for (const action of ["publish", "subscribe", "receive"] as const) {
            await topics.add("alice", action, "my/#");
          }
        });
        await withBroker(server.url, async (login) => {
          await using client = await login("alice", PASSWORD);
          assertEquals(client.code, 0);
          assertEquals(await client.subscribe(["my/#", "#"]), [0, 128]);
          await client.send({
            cmd: "publish",
            topic: "my/topic",
            payload: "1",
            qos: 0,
            dup: false,
            retain: false,
          });
          assertEquals(await client.message(), "my/topic: 1");
          await using wrong = await login("alice", "wrong");
          assertEquals(wrong.code, 5);
          await using unknown = await login("bob", PASSWORD);
          assertEquals(unknown.code, 5);
          await withDatabase(server.url, async (database) => {
            const users = new UserTable(database);
            let hash = BCRYPT;
            while (hash === BCRYPT) {
              hash = (await users.find("alice"))!.passwordHash;
            }
            assertMatch(hash, /^\$argon2id\$/);
          });
        });
      },
    );

    await t.step(
      "while the server is away nobody gets in; when it is back everybody does",
      async () => {
        await withDatabase(server.url, async (database) => {
          const hash = await makeHash(
            "argon2",
            new TextEncoder().encode(PASSWORD),
          );
          await new UserTable(database).update({
            username: "alice",
            passwordHash: hash,
          });
        });
        const logger = new RecordingLogger("error");
        await withBroker(server.url, async (login) => {
          const code = async () => {
            await using client = await login("alice", PASSWORD);
            return client.code;
          };
          assertEquals(await code(), 0);
          await server.stop();
          const codes = await Promise.all(Array.from({ length: 20 }, code));
          assertEquals(codes, Array(20).fill(5));
          assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
          await server.start();
          assertEquals(await code(), 0);
        }, logger);
      },
    );
  });
}

type Login = (username: string, password: string) => Promise<TestClient>;

async function withBroker(
  connection: string,
  body: (login: Login) => Promise<void>,
  logger?: RecordingLogger,
): Promise<void> {
  await using broker = await startBroker({
    // Hashes take long on a busy machine.
    pluginTimeout: 60,
    plugins: {
      auth_db: { connection, timeout: 30 },
      topic_db: { connection, timeout: 30 },
    },
  }, logger);
  await body((username, password) =>
    TestClient.connect(broker, { username, password: Buffer.from(password) })
  );
}
