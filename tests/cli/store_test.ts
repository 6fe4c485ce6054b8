import { assert, assertEquals } from "@std/assert";
import store from "../../broker/cli/store.ts";
import { Batch } from "../../broker/store/batch.ts";
import { SqliteStore } from "../../broker/store/sqlite.ts";
import type { Broker } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { message } from "../store/contract.ts";
import { run } from "./_context.ts";

const PERSISTENT = {
  version: 5,
  clean: false,
  properties: { sessionExpiryInterval: 0xffffffff },
} as const;

async function gone(broker: Broker, clientId: string): Promise<void> {
  await eventually(
    () => broker.context.getSession(clientId)?.connected === false,
    "end of the connection",
  );
}

/** Runs `body` with a folder and the path of a store that a broker has filled. */
async function withStore(
  body: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a.db`;
  try {
    const broker = await startBroker({ store: { type: "sqlite", path } });
    const receiver = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "receiver",
      username: "ü",
    });
    await receiver.subscribe(["a/#", "$share/g/b"], 2);
    const publisher = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "publisher",
      will: {
        topic: "will",
        payload: "bye" as never,
        qos: 1,
        retain: false,
        properties: { willDelayInterval: 3600 },
      },
    });
    await publisher.publish("a/1", "sent", { qos: 1 });
    await receiver.expect("publish");
    await receiver.close();
    await gone(broker, "receiver");
    await publisher.publish("a/2", Uint8Array.of(0, 255), {
      qos: 2,
      retain: true,
      properties: { contentType: "x", userProperties: { a: "b" } },
    });
    await publisher.publish("b", "shared", { qos: 1 });
    await publisher.close();
    await gone(broker, "publisher");
    const { storage } = broker.context;
    await storage.set("text", "ü");
    await storage.set("json", { a: [null] });
    await storage.set("bytes", Uint8Array.of(0, 255));
    await broker.shutdown();
    await body(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("store info says what is in a file", async () => {
  await withStore(async (path) => {
    const { code, stdout } = await run(store, ["info", "--path", path]);
    assertEquals(code, 0);
    for (
      const line of [
        "sessions: 2",
        "subscriptions: 2",
        "waiting: 2",
        "inflight: 1",
        "retained: 1",
        "values: 3",
      ]
    ) assert(stdout.split("\n").includes(line), `${line} in ${stdout}`);
  });
});

Deno.test("store export and import move everything to another file", async () => {
  await withStore(async (path, folder) => {
    const first = await run(store, ["export", "--path", path]);
    assertEquals(first.code, 0);
    const types = first.stdout.trim().split("\n")
      .map((line) => JSON.parse(line).type);
    assertEquals(types, [
      ...["session", "session", "message", "message", "message", "retained"],
      ...["value", "value", "value"],
    ]);
    const copy = `${folder}/copy.db`;
    const imported = await run(store, ["import", "--path", copy], {
      stdin: first.stdout,
    });
    assertEquals([imported.code, imported.stdout], [0, "9 lines imported\n"]);
    const second = await run(store, ["export", "--path", copy]);
    assertEquals(second.stdout, first.stdout);
    // What was moved works.
    const broker = await startBroker({
      store: { type: "sqlite", path: copy },
    });
    const back = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId: "receiver",
      username: "ü",
    });
    assertEquals((await back.expect("publish")).dup, true);
    const waiting = [await back.next(), await back.next()];
    assertEquals(
      waiting.map((packet) => "topic" in packet && packet.topic).sort(),
      ["a/2", "b"],
    );
    assertEquals(broker.context.getSession("publisher")?.will?.topic, "will");
    const { storage } = broker.context;
    assertEquals(
      (await storage.list()).items,
      [
        { key: "bytes", value: Uint8Array.of(0, 255) },
        { key: "json", value: { a: [null] } },
        { key: "text", value: "ü" },
      ],
    );
    await back.close();
    await broker.shutdown();
  });
});

Deno.test("store import refuses what it cannot take", async () => {
  await withStore(async (path, folder) => {
    const full = await run(store, ["import", "--path", path]);
    assertEquals(full.code, 1);
    assert(full.stderr.includes("2 sessions"), full.stderr);
    for (
      const [stdin, why] of [
        ['{"type":"retained"', "line 1"],
        ['\n{"type":"other"}', "line 1"],
        ['{"type":"message","clientId":"x"}', 'no session of "x"'],
        ['{"type":"value","plugin":"p","key":"k"}', "kind"],
      ]
    ) {
      const args = ["import", "--path", `${folder}/${crypto.randomUUID()}.db`];
      const { code, stderr } = await run(store, args, { stdin });
      assertEquals(code, 1);
      assert(stderr.includes(why), stderr);
    }
  });
});

Deno.test("store check finds damage", async () => {
  await withStore(async (path) => {
    const sound = await run(store, ["check", "--path", path]);
    assertEquals([sound.code, sound.stdout], [0, "No damage found\n"]);
    const bytes = await Deno.readFile(path);
    bytes.fill(0xff, 4096);
    await Deno.writeFile(path, bytes);
    const { code } = await run(store, ["check", "--path", path]);
    assertEquals(code, 1);
  });
});

Deno.test("store compact gives room back, but not while a broker has the file", async () => {
  await withStore(async (path) => {
    const open = new SqliteStore({ path });
    await open.open();
    const batch = new Batch();
    batch.putRetained(message("large", "x".repeat(1 << 20)));
    await open.commit(batch);
    batch.clear();
    batch.deleteRetained("large");
    await open.commit(batch);
    const refused = await run(store, ["compact", "--path", path]);
    assertEquals(refused.code, 1);
    assert(refused.stderr.includes("another broker"), refused.stderr);
    await open.close();
    const { code, stdout } = await run(store, [
      "compact",
      "--path",
      path,
    ]);
    assertEquals(code, 0);
    const [before, now] = stdout.match(/\d+/g)!.map(Number);
    assert(before - now > 1_000_000, stdout);
  });
});

Deno.test("store says what is wrong with its command line", async () => {
  assertEquals((await run(store, ["info"])).code, 2);
  assertEquals((await run(store, ["inf", "--path", "a"])).code, 2);
  const missing = await run(store, ["info", "--path", "/none/a.db"]);
  assertEquals(missing.code, 1);
  assert(missing.stderr.includes("/none/a.db"), missing.stderr);
  const none = await run(store, ["export", "--path", "/tmp/none.db"]);
  assertEquals(none.code, 1);
});
