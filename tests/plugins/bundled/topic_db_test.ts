import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import type { Action } from "../../../plugins/mod.ts";
import TopicDb, { type TopicDbOptions } from "../../../plugins/topic_db.ts";
import { parseConnectionUrl } from "../../../plugins/_db/connection_url.ts";
import { openDatabase } from "../../../plugins/_db/database.ts";
import { syncSchema } from "../../../plugins/_db/schema.ts";
import { TopicTable } from "../../../plugins/_db/topic_table.ts";
import { startBroker, TestClient } from "../../_client.ts";
import {
  checkedOptions,
  fakeContext,
  RecordingLogger,
  topicEvent,
} from "./_context.ts";

type Rule = [username: string, action: Action, filter: string];

/** Runs `body` with a file of SQLite that has the rules. */
async function withRules(
  rules: readonly Rule[],
  body: (url: string, file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/auth.db`;
  const url = `sqlite+aiosqlite:///${file}`;
  try {
    const database = await openDatabase(parseConnectionUrl(url), {
      connections: 1,
      timeout: 5000,
      create: true,
    });
    await syncSchema(database);
    const topics = new TopicTable(database);
    for (const rule of rules) await topics.add(...rule);
    await database.close();
    await body(url, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Ask = (
  username: string | undefined,
  action: Action,
  topic: string,
) => ReturnType<TopicDb["topicFiltering"]>;

async function withPlugin(
  options: Partial<TopicDbOptions>,
  body: (ask: Ask) => Promise<void>,
): Promise<void> {
  const config = await checkedOptions<TopicDbOptions>(TopicDb, options);
  const plugin = new TopicDb(fakeContext(config).context);
  try {
    await body((username, action, topic) =>
      plugin.topicFiltering(topicEvent(action, username, topic))
    );
  } finally {
    await plugin.close();
  }
}

/** Each row: the filter in the table, what is asked for, whether it is allowed. */
const PUBLISH: ReadonlyArray<[string, string, boolean]> = [
  ["my/topic", "my/topic", true],
  ["my/topic", "my/other/topic", false],
  ["my/#", "my/other/topic", true],
  ["my/#", "my/other", true],
  ["my/#", "my", true],
  ["my/#", "other/topic", false],
  ["my/#", "/my/topic", false],
  ["my/+/topic", "my/other/topic", true],
  ["my/+/topic", "my/other/another/topic", false],
  ["#", "$SYS/broker/time", false],
];

for (const [filter, topic, allowed] of PUBLISH) {
  Deno.test(`aMQTT 44: publish-acl "${filter}" ${allowed ? "allows" : "denies"} "${topic}"`, async () => {
    await withRules([["myuser", "publish", filter]], async (connection) => {
      await withPlugin({ connection }, async (ask) => {
        assertEquals(await ask("myuser", "publish", topic), allowed);
        assertEquals(await ask("myuser", "subscribe", topic), false);
        assertEquals(await ask("myuser", "receive", topic), false);
      });
    });
  });
}

Deno.test("topic_db allows a subscription only if all of it is covered", async () => {
  await withRules([["alice", "subscribe", "a/+"]], async (connection) => {
    await withPlugin({ connection }, async (ask) => {
      assertEquals(await ask("alice", "subscribe", "a/b"), true);
      assertEquals(await ask("alice", "subscribe", "a/+"), true);
      assertEquals(await ask("alice", "subscribe", "a/#"), false);
      assertEquals(await ask("alice", "subscribe", "#"), false);
    });
  });
});

Deno.test("topic_db denies users without a row, and leaves those without a name", async () => {
  await withRules([["alice", "publish", "#"]], async (connection) => {
    await withPlugin({ connection }, async (ask) => {
      assertEquals(await ask("bob", "publish", "a"), false);
      assertEquals(await ask("Alice", "publish", "a"), false);
      assertEquals(await ask("' OR '1'='1", "publish", "a"), false);
      assertEquals(await ask(undefined, "publish", "a"), undefined);
      assertEquals(await ask("", "publish", "a"), undefined);
    });
  });
});

Deno.test("topic_db keeps a user's lists for cache-ttl, and answers then at once", async () => {
  await withRules([["alice", "publish", "a"]], async (connection, file) => {
    const forget = () => {
      const database = new DatabaseSync(file);
      database.exec("UPDATE topic_auth SET publish_acl = '[]'");
      database.close();
    };
    await withPlugin({ connection, cacheTtl: 3600 }, async (ask) => {
      await withPlugin({ connection, cacheTtl: 0 }, async (askAnew) => {
        assertEquals(await ask("alice", "publish", "a"), true);
        assertEquals(await askAnew("alice", "publish", "a"), true);
        forget();
        assertEquals(ask("alice", "publish", "a"), true);
        assertEquals(await askAnew("alice", "publish", "a"), false);
      });
    });
  });
});

Deno.test("topic_db reads plain lists too, and fails on what is no list", async () => {
  await withRules([["alice", "publish", "a"]], async (connection, file) => {
    const write = (text: string) => {
      const database = new DatabaseSync(file);
      database.prepare("UPDATE topic_auth SET publish_acl = ?").run(text);
      database.close();
    };
    await withPlugin({ connection, cacheTtl: 0 }, async (ask) => {
      write('["b/#", {"topic": "c", "note": "x"}]');
      assertEquals(await ask("alice", "publish", "b/1"), true);
      assertEquals(await ask("alice", "publish", "c"), true);
      assertEquals(await ask("alice", "publish", "a"), false);
      for (const text of ['{"topic": "a"}', "[1]", "[", '"a"', "[null]"]) {
        write(text);
        const { message } = await assertRejects(
          async () => await ask("alice", "publish", "a"),
          Error,
        );
        assertStringIncludes(message, '"publish_acl" of the user "alice"');
      }
    });
  });
});

Deno.test("topic_db refuses wrong options", async () => {
  for (
    const options of [
      {},
      { connection: "sqlite:///a.db", cacheTtl: -1 },
      { connection: "sqlite:///a.db", hashSchemes: ["argon2"] },
    ]
  ) {
    await assertRejects(() => checkedOptions(TopicDb, options), TypeError);
  }
});

Deno.test("aMQTT 44: $SYS can be subscribed to and received, and lists hold in a broker", async () => {
  const rules: Rule[] = [
    ["myuser", "subscribe", "$SYS/#"],
    ["myuser", "receive", "$SYS/#"],
    ["myuser", "publish", "my/#"],
    ["other", "subscribe", "my/#"],
    ["other", "receive", "my/open"],
  ];
  await withRules(rules, async (connection) => {
    await using broker = await startBroker({
      plugins: {
        "auth_anonymous": null,
        "amqtt.contrib.auth_db.TopicAuthDBPlugin": { connection },
        "sys": { sysInterval: 0 },
      },
    });
    const connect = (username: string) =>
      TestClient.connect(broker, { username, password: Buffer.from("x") });
    await using client = await connect("myuser");
    assertEquals(await client.subscribe(["my/topic"]), [128]);
    assertEquals(await client.subscribe(["$SYS/broker/version"]), [0]);
    assertEquals((await client.expect("publish")).topic, "$SYS/broker/version");
    await using other = await connect("other");
    assertEquals(await other.subscribe(["my/#", "#"], 1), [1, 128]);
    await client.publish("my/secret", "1", { qos: 1 });
    await client.publish("yours", "2", { qos: 1 });
    await client.publish("my/open", "3", { qos: 1 });
    assertEquals(await other.message(), "my/open: 3");
  });
});

Deno.test("a broker without the topic database denies topics, logs it once, and goes on", async () => {
  const logger = new RecordingLogger("error");
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_db: { connection: "sqlite:////nowhere/auth.db" },
    },
  }, logger);
  await using client = await TestClient.connect(broker, {
    username: "alice",
    password: Buffer.from("x"),
  });
  assertEquals(await client.subscribe(["a", "b"]), [128, 128]);
  for (let i = 0; i < 10; i++) await client.publish("a", "1", { qos: 1 });
  await client.ping();
  assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
  assertStringIncludes(logger.lines[0], '"/nowhere/auth.db"');
});
