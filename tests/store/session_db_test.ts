/** aMQTT's persistence plugin, by its name and options: the broker's store does its work. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { Broker, type BrokerConfig, silentLogger } from "../../mod.ts";
import { TestClient } from "../_client.ts";
import { withFolder } from "../cli/_folder.ts";

const NAME = "amqtt.contrib.persistence.SessionDBPlugin";
const BYTES = Uint8Array.of(0, 255, 254, 10);

/** Starts a broker with the file, runs `body`, and shuts it down. */
async function withBroker(
  path: string,
  options: Record<string, unknown>,
  body: (broker: Broker) => Promise<void>,
): Promise<void> {
  const config = {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: {
      "amqtt.plugins.authentication.AnonymousAuthPlugin": null,
      [NAME]: { connection: `sqlite+aiosqlite:///${path}`, ...options },
    },
  } as BrokerConfig;
  const broker = new Broker(config, { logger: silentLogger });
  await broker.start();
  try {
    await body(broker);
  } finally {
    await broker.shutdown();
  }
}

function rows(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

const KEEP = { "clear_on_shutdown": false };
const LASTING = { clean: false, username: "alice" } as const;

Deno.test("aMQTT 46: the schema is made, and the file deleted at a clean shutdown", () =>
  withFolder(async (folder) => {
    const path = `${folder}/sessions.db`;
    await withBroker(path, {}, async (broker) => {
      await using client = await TestClient.connect(broker, {
        ...LASTING,
        clientId: "c",
      });
      await client.subscribe("a", 1);
      const tables = rows(path, "SELECT name FROM sqlite_schema")
        .map(({ name }) => name);
      for (const name of ["session", "subscription", "retained"]) {
        assert(tables.includes(name), name);
      }
      assertEquals(rows(path, "SELECT client_id FROM session"), [
        { "client_id": "c" },
      ]);
    });
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("aMQTT 46: a clean session is not stored, one that is kept is, with its will", () =>
  withFolder(async (folder) => {
    const path = `${folder}/sessions.db`;
    await withBroker(path, KEEP, async (broker) => {
      await using clean = await TestClient.connect(broker, {
        clientId: "clean",
        username: "alice",
        clean: true,
      });
      await clean.subscribe("a", 1);
      await using kept = await TestClient.connect(broker, {
        ...LASTING,
        clientId: "kept",
        keepalive: 30,
        will: {
          topic: "will",
          payload: Buffer.from(BYTES),
          qos: 1,
          retain: true,
        },
      });
      await kept.subscribe(["a", "b/#"], 1);
      assertEquals(
        rows(
          path,
          "SELECT client_id, username, will_topic, will_qos, will_retain, will_payload FROM session",
        ),
        [{
          "client_id": "kept",
          username: "alice",
          "will_topic": "will",
          "will_qos": 1,
          "will_retain": 1,
          "will_payload": BYTES,
        }],
      );
      await kept.disconnect();
    });
    assertEquals(
      rows(path, "SELECT filter, qos FROM subscription ORDER BY filter"),
      [{ filter: "a", qos: 1 }, { filter: "b/#", qos: 1 }],
    );
  }));

Deno.test("aMQTT 46: subscription and offline message survive a restart, retained messages too", () =>
  withFolder(async (folder) => {
    const path = `${folder}/sessions.db`;
    await withBroker(path, KEEP, async (broker) => {
      const away = await TestClient.connect(broker, {
        ...LASTING,
        clientId: "away",
      });
      // Subscribed again, and ended: neither may stay behind.
      await away.subscribe("news/#", 1);
      await away.subscribe("news/#", 1);
      await away.subscribe("gone", 1);
      await away.unsubscribe("gone");
      await away.disconnect();
      await using sender = await TestClient.connect(broker);
      const options = { qos: 1, retain: true } as const;
      await sender.publish("news/1", BYTES, { qos: 1 });
      await sender.publish("state/cleared", "old", options);
      await sender.publish("state/cleared", "", options);
      await sender.publish("state/binary", BYTES, options);
      await sender.publish("gone", "not wanted", { qos: 1 });
    });
    await withBroker(path, KEEP, async (broker) => {
      await using back = await TestClient.connect(broker, {
        ...LASTING,
        clientId: "away",
      });
      assertEquals(back.connack!.sessionPresent, true);
      const message = await back.expect("publish");
      assertEquals(
        [message.topic, new Uint8Array(message.payload as Uint8Array)],
        ["news/1", BYTES],
      );
      await back.send({ cmd: "puback", messageId: message.messageId });
      await using reader = await TestClient.connect(broker);
      await reader.subscribe("state/#", 0);
      const retained = await reader.expect("publish");
      assertEquals(
        [retained.topic, new Uint8Array(retained.payload as Uint8Array)],
        ["state/binary", BYTES],
      );
      broker.context.publish("news/2", "still subscribed", { qos: 1 });
      const next = await back.expect("publish");
      assertEquals(next.topic, "news/2");
      await back.send({ cmd: "puback", messageId: next.messageId });
      await back.ping();
      await reader.ping();
    });
    // What was delivered does not come again.
    await withBroker(path, {}, async (broker) => {
      await using back = await TestClient.connect(broker, {
        ...LASTING,
        clientId: "away",
      });
      await back.ping();
    });
  }));

Deno.test("aMQTT 46: a file that aMQTT wrote is refused, and keeps its tables", () =>
  withFolder(async (folder) => {
    const path = `${folder}/amqtt.db`;
    const database = new DatabaseSync(path);
    database.exec(
      "CREATE TABLE stored_sessions (id INTEGER, client_id TEXT)",
    );
    database.close();
    const error = await assertRejects(
      () => withBroker(path, KEEP, () => Promise.resolve()),
      Error,
    );
    assertStringIncludes(error.message, path);
    assertStringIncludes(error.message, "a database of another program");
    assertEquals(rows(path, "SELECT name FROM sqlite_schema"), [
      { name: "stored_sessions" },
    ]);
  }));
