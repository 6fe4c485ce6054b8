import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import * as v from "valibot";
import type { Broker } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { publish as publishTo, until, Watcher } from "./_bridge.ts";
import { RecordingLogger } from "./_context.ts";
import { startMariadb, startPostgresql } from "./_databases.ts";

// -- The shapes of the answers --

const Sections = v.strictObject({
  desired: v.record(v.string(), v.unknown()),
  reported: v.record(v.string(), v.unknown()),
});
const Document = {
  state: Sections,
  metadata: Sections,
  version: v.pipe(v.number(), v.integer(), v.minValue(0)),
  timestamp: v.pipe(v.number(), v.integer(), v.minValue(0)),
};
const Token = { clientToken: v.optional(v.string()) };
const Accepted = v.strictObject({ ...Document, ...Token });
const Rejected = v.strictObject({
  code: v.pipe(v.number(), v.integer()),
  message: v.string(),
  ...Token,
});
const Delta = v.strictObject({
  ...Document,
  state: v.record(v.string(), v.unknown()),
  metadata: v.record(v.string(), v.unknown()),
});
const SCHEMAS = {
  "get/accepted": Accepted,
  "get/rejected": Rejected,
  "update/accepted": Accepted,
  "update/rejected": Rejected,
  "update/delta": Delta,
  "update/iota": Delta,
  "update/documents": v.strictObject({
    previous: v.strictObject(Document),
    current: v.strictObject(Document),
    timestamp: Document.timestamp,
  }),
};

// deno-lint-ignore no-explicit-any
type Answer = any;

/** A client of shadows: asks, and waits for the answers. */
class Device implements AsyncDisposable {
  readonly #client: TestClient;
  readonly #watcher: Watcher;

  private constructor(client: TestClient, watcher: Watcher) {
    this.#client = client;
    this.#watcher = watcher;
  }

  static async connect(
    broker: Broker,
    username: string,
    device = username,
  ): Promise<Device> {
    const login = { username, password: Buffer.from("x") };
    const watcher = await Watcher.open(
      broker,
      [
        `$shadow/${device}/+/get/+`,
        `$shadow/${device}/+/update/+`,
      ],
      1,
      login,
    );
    const client = await TestClient.connect(broker, { ...login, version: 5 });
    return new Device(client, watcher);
  }

  /** What came, as `name/kind`. */
  get kinds(): string[] {
    return this.#watcher.packets.map(({ topic }) =>
      topic.split("/").slice(2).join("/")
    );
  }

  /** Asks, and returns the PUBACK's reason code. */
  async publish(topic: string, payload: unknown): Promise<number> {
    const text = typeof payload === "string"
      ? payload
      : JSON.stringify(payload);
    await this.#client.send({
      cmd: "publish",
      topic,
      payload: text,
      qos: 1,
      messageId: ++this.#client.lastId,
      dup: false,
      retain: false,
    });
    return (await this.#client.expect("puback")).reasonCode ?? 0;
  }

  /** The answers of one kind, checked, once there are `count` of them. */
  async answers(
    kind: keyof typeof SCHEMAS,
    count = 1,
  ): Promise<Answer[]> {
    const found = () =>
      this.#watcher.packets.filter(({ topic }) => topic.endsWith(`/${kind}`));
    await until(
      () => found().length >= count,
      () => `${count} times ${kind}; ${this.#watcher.messages.join("\n")} came`,
    );
    return found().map(({ payload }) => {
      const value = JSON.parse(`${payload}`);
      v.parse(SCHEMAS[kind] as v.GenericSchema, value);
      return value;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#watcher[Symbol.asyncDispose]();
  }
}

/** Runs `body` with a broker whose shadows are in a temporary file of SQLite. */
async function withShadows(
  body: (
    broker: Broker,
    file: string,
    logger: RecordingLogger,
  ) => Promise<void>,
  options: Record<string, unknown> = {},
  others: Record<string, unknown> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/shadows.db`;
  const logger = new RecordingLogger("warn");
  try {
    await using broker = await startBroker({
      plugins: {
        auth_anonymous: null,
        shadows: { connection: `sqlite:///${file}`, ...options },
        ...others,
      },
    }, logger);
    await body(broker, file, logger);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function counterOf(broker: Broker, counter: string): number | undefined {
  return broker.describePlugins().find(({ name }) => name === "shadows")
    ?.counters[counter];
}

Deno.test("aMQTT 47: get is rejected before there is a shadow, and accepted after", async () => {
  await withShadows(async (broker) => {
    await using device = await Device.connect(broker, "dev1");
    await device.publish("$shadow/dev1/main/get", { clientToken: "t1" });
    assertEquals(await device.answers("get/rejected"), [
      { code: 404, message: "shadow not found", clientToken: "t1" },
    ]);
    await device.publish("$shadow/dev1/main/update", {
      state: { desired: { item1: "value1", item2: "value2" } },
    });
    await device.answers("update/accepted");
    await device.publish("$shadow/dev1/main/get", "");
    const [accepted] = await device.answers("get/accepted");
    assertEquals(accepted.state, {
      desired: { item1: "value1", item2: "value2" },
      reported: {},
    });
    assertEquals(accepted.version, 1);
    const stamp = accepted.metadata.desired.item1.timestamp;
    assertEquals(stamp, accepted.timestamp);
    assert(Math.abs(stamp - Date.now() / 1000) < 600, `${stamp}`);
  });
});

Deno.test("aMQTT 47: an update is answered with accepted, delta, iota and documents, and a new version", async () => {
  await withShadows(async (broker, file) => {
    await using device = await Device.connect(broker, "dev1");
    const update = (state: unknown, more = {}) =>
      device.publish("$shadow/dev1/main/update", { state, ...more });
    await update({
      desired: { lumens: 100, mode: "eco" },
      reported: { lumens: 80, temperature: 20 },
    }, { clientToken: "t" });
    const [accepted] = await device.answers("update/accepted");
    assertEquals([accepted.version, accepted.clientToken], [1, "t"]);
    const [delta] = await device.answers("update/delta");
    assertEquals(delta.state, { lumens: 100, mode: "eco" });
    assertEquals(Object.keys(delta.metadata), ["lumens", "mode"]);
    const [iota] = await device.answers("update/iota");
    assertEquals(iota.state, { lumens: 100, mode: "eco", temperature: null });
    const [documents] = await device.answers("update/documents");
    assertEquals([documents.previous.version, documents.current.version], [
      0,
      1,
    ]);
    assertEquals(documents.previous.state, { desired: {}, reported: {} });

    await update({ desired: { mode: null }, reported: { lumens: 100 } });
    const [, second] = await device.answers("update/accepted", 2);
    assertEquals(second.version, 2);
    assertEquals(second.state, {
      desired: { lumens: 100 },
      reported: { lumens: 100, temperature: 20 },
    });
    const [, secondDocuments] = await device.answers("update/documents", 2);
    assertEquals(secondDocuments.previous, documents.current);
    // They agree now: there is nothing to do, and one thing that nobody asked for.
    const iotas = await device.answers("update/iota", 2);
    assertEquals(iotas[1].state, { temperature: null });
    assertEquals((await device.answers("update/delta")).length, 1);

    const database = new DatabaseSync(file);
    const rows = database.prepare(
      "SELECT device_id, name, version, state FROM shadows_shadow ORDER BY version",
    ).all();
    database.close();
    assertEquals(
      rows.map(({ device_id, name, version }) => [device_id, name, version]),
      [["dev1", "main", 1], ["dev1", "main", 2]],
    );
    assertEquals(JSON.parse(String(rows[1].state)).state.desired, {
      lumens: 100,
      mode: null,
    });
  });
});

Deno.test("aMQTT 47: what cannot be understood is rejected, and changes nothing", async () => {
  await withShadows(async (broker) => {
    await using device = await Device.connect(broker, "dev1");
    const topic = "$shadow/dev1/main/update";
    await device.publish(topic, "{");
    await device.publish(topic, { clientToken: "t" });
    await device.publish(topic, { state: { desired: { a: 1 } } });
    await device.publish(topic, { state: { desired: { a: 2 } }, version: 7 });
    await device.publish(topic, { state: { desired: { a: 3 } }, version: 1 });
    await device.publish(topic, { state: { desired: { a: "x".repeat(500) } } });
    await device.publish("$shadow/dev1/main/get", "[]");
    assertEquals(
      (await device.answers("update/rejected", 4)).map((
        { code, clientToken },
      ) => [code, clientToken]),
      [[400, undefined], [400, "t"], [409, undefined], [413, undefined]],
    );
    assertEquals((await device.answers("get/rejected"))[0].code, 400);
    await device.publish("$shadow/dev1/main/get", "");
    const [now] = await device.answers("get/accepted");
    assertEquals([now.version, now.state.desired.a], [2, 3]);
  }, { maxDocumentBytes: 400 });
});

Deno.test("aMQTT 47: a device has only its own shadows, superusers have all", async () => {
  await withShadows(async (broker) => {
    await using mine = await Device.connect(broker, "dev1");
    const subscribe = async (
      username: string | undefined,
      filters: string[],
    ) => {
      await using client = await TestClient.connect(broker, {
        username,
        password: username === undefined ? undefined : Buffer.from("x"),
      });
      return await client.subscribe(filters);
    };
    assertEquals(
      await subscribe("dev1", [
        "$shadow/dev1/#",
        "$shadow/dev2/#",
        "$shadow/+/main/get",
        "$shadow/#",
      ]),
      [0, 128, 128, 128],
    );
    for (const name of ["+", "#", undefined]) {
      assertEquals(
        await subscribe(name, [`$shadow/${name ?? "+"}/main/get`]),
        [128],
      );
    }
    assertEquals(await subscribe("app", ["$shadow/#", "$shadow/+/+/get"]), [
      0,
      0,
    ]);

    await using other = await Device.connect(broker, "dev2");
    await using app = await Device.connect(broker, "app", "dev1");
    const state = { desired: { a: 1 } };
    const topic = "$shadow/dev1/main/update";
    assertEquals(await other.publish(topic, { state }), 135);
    assertEquals(await app.publish(topic, { state }), 0);
    await mine.answers("update/accepted");
    // Nobody may speak for the broker.
    for (const client of [mine, app]) {
      for (
        const kind of ["update/accepted", "get/rejected", "update/delta", "x"]
      ) {
        const answer = await client.publish(`$shadow/dev1/main/${kind}`, "{}");
        assertEquals(answer, 135);
      }
    }
    assertEquals(await mine.publish("$SYS/x", "{}"), 135);
    assertEquals(other.kinds, []);
  }, { superusers: ["app"] });
});

Deno.test("shadows leave all other topics as they were", async () => {
  await withShadows(async (broker) => {
    await using client = await Watcher.open(broker, "free/#");
    await publishTo(broker, "free/topic", "1");
    assertEquals(await client.received(1), ["free/topic: 1"]);
  });
  await withShadows(
    async (broker) => {
      await using client = await TestClient.connect(broker, {
        username: "dev1",
        password: Buffer.from("x"),
      });
      const filters = ["free/a", "other", "$shadow/dev1/#", "$shadow/dev2/#"];
      assertEquals(await client.subscribe(filters), [0, 128, 0, 128]);
    },
    {},
    { topic_acl: { subscribeAcl: { "*": ["free/#", "$shadow/%u/#"] } } },
  );
});

Deno.test("shadows survive a restart, and those of aMQTT are found", async () => {
  await withShadows(async (broker, file) => {
    await using device = await Device.connect(broker, "dev1");
    await device.publish("$shadow/dev1/main/update", {
      state: { reported: { a: 1 } },
    });
    await device.answers("update/accepted");
    const database = new DatabaseSync(file);
    database.prepare(
      "INSERT INTO shadows_shadow VALUES ('id', 'dev2', 'main', 4, ?, 1700000000)",
    ).run(JSON.stringify({
      state: { desired: { a: 1 }, reported: {} },
      metadata: { desired: { a: { timestamp: 1699999999 } }, reported: {} },
      version: null,
      timestamp: null,
    }));
    database.close();
    await using second = await startBroker({
      plugins: {
        auth_anonymous: null,
        shadows: { connection: `sqlite:///${file}` },
      },
    });
    await using again = await Device.connect(second, "dev1");
    await again.publish("$shadow/dev1/main/get", "");
    const [mine] = await again.answers("get/accepted");
    assertEquals([mine.version, mine.state.reported], [1, { a: 1 }]);
    await using other = await Device.connect(second, "dev2");
    await other.publish("$shadow/dev2/main/get", "");
    const [theirs] = await other.answers("get/accepted");
    assertEquals(theirs, {
      state: { desired: { a: 1 }, reported: {} },
      metadata: { desired: { a: { timestamp: 1699999999 } }, reported: {} },
      version: 4,
      timestamp: 1700000000,
    });
  });
});

Deno.test("shadows keep a limited history, and a limited number for each device", async () => {
  await withShadows(async (broker, file) => {
    await using device = await Device.connect(broker, "dev1");
    for (let i = 0; i < 6; i++) {
      await device.publish("$shadow/dev1/main/update", {
        state: { reported: { i } },
      });
    }
    await device.publish("$shadow/dev1/two/update", { state: {} });
    await device.publish("$shadow/dev1/three/update", { state: {} });
    const accepted = await device.answers("update/accepted", 7);
    // One after the other, in their order.
    assertEquals(
      accepted.slice(0, 6).map(({ version, state }) => [
        version,
        state.reported.i,
      ]),
      [0, 1, 2, 3, 4, 5].map((i) => [i + 1, i]),
    );
    assertEquals((await device.answers("update/rejected"))[0].code, 429);
    const database = new DatabaseSync(file);
    const rows = database.prepare(
      "SELECT version FROM shadows_shadow WHERE name = 'main' ORDER BY version",
    ).all();
    database.close();
    assertEquals(rows.map(({ version }) => version), [4, 5, 6]);
  }, { history: 3, maxShadows: 2 });
});

Deno.test("a will may update the shadow of its device", async () => {
  await withShadows(async (broker) => {
    await using app = await Device.connect(broker, "app", "dev1");
    const device = await TestClient.connect(broker, {
      username: "dev1",
      password: Buffer.from("x"),
      will: {
        topic: "$shadow/dev1/main/update",
        payload: Buffer.from('{"state": {"reported": {"online": false}}}'),
        qos: 1,
        retain: false,
      },
    });
    await device.close();
    const [accepted] = await app.answers("update/accepted");
    assertEquals(accepted.state.reported, { online: false });
  }, { superusers: ["app"] });
});

Deno.test("a database that is away is told to the client, and to the log once", async () => {
  await withShadows(
    async (broker, _file, logger) => {
      await using device = await Device.connect(broker, "dev1");
      for (let i = 0; i < 5; i++) {
        await device.publish("$shadow/dev1/main/get", "");
      }
      const answers = await device.answers("get/rejected", 5);
      assertEquals(answers[0], {
        code: 500,
        message: "the shadow cannot be reached",
      });
      const failures = logger.lines.filter((line) =>
        line.includes('"/nowhere/shadows.db"')
      );
      assertEquals(counterOf(broker, "failedRequests"), 5);
      // One at the start, one for the clients.
      assertEquals(failures.length, 2, logger.lines.join("\n"));
    },
    { connection: "sqlite:////nowhere/shadows.db" },
  );
});

for (
  const [name, start] of [
    ["PostgreSQL", startPostgresql],
    ["MariaDB", startMariadb],
  ] as const
) {
  Deno.test(`shadows may be kept by ${name}`, async () => {
    await using server = await start();
    await withShadows(
      async (broker) => {
        await using device = await Device.connect(broker, "dev1");
        const topic = "$shadow/dev1/main/update";
        for (let i = 1; i <= 3; i++) {
          await device.publish(topic, {
            state: { desired: { 'ü"?': [i, { a: null }] } },
          });
        }
        const [, , third] = await device.answers("update/accepted", 3);
        assertEquals(third.version, 3);
        assertEquals(third.state.desired, { 'ü"?': [3, { a: null }] });
        await device.publish(topic, { state: {}, version: 1 });
        assertEquals((await device.answers("update/rejected"))[0].code, 409);
      },
      { connection: server.url, timeout: 30, history: 2 },
    );
  });
}

Deno.test("aMQTT's two plugins of shadows are one here, and the message says so", async () => {
  await withShadows(async (_broker, file) => {
    const shadow = { connection: `sqlite+aiosqlite:///${file}` };
    await (await startBroker({
      plugins: { "amqtt.contrib.shadows.ShadowPlugin": shadow },
    })).shutdown();
    await assertRejects(
      () =>
        startBroker({
          plugins: {
            "amqtt.contrib.shadows.ShadowPlugin": shadow,
            "amqtt.contrib.shadows.ShadowTopicAuthPlugin": {
              superusers: ["app"],
            },
          },
        }),
      Error,
      '"superusers" of aMQTT\'s ShadowTopicAuthPlugin belongs beside it',
    );
  });
});

Deno.test("shadows refuse wrong options", async () => {
  for (
    const options of [
      {},
      { connection: "nothing:///a.db" },
      { connection: "sqlite:///a.db", history: -1 },
      { connection: "sqlite:///a.db", maxShadows: 0 },
      { connection: "sqlite:///a.db", superusers: "app" },
      { connection: "sqlite:///a.db", syncSchema: true },
    ]
  ) {
    await assertRejects(() => startBroker({ plugins: [{ shadows: options }] }));
  }
});
