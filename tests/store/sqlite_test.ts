import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../broker/store/sqlite.ts";
import {
  checkStore,
  compactStore,
  storeInfo,
} from "../../broker/store/sqlite_file.ts";
import { FileLock } from "../../broker/store/sqlite_lock.ts";
import { SCHEMA_VERSION } from "../../broker/store/sqlite_schema.ts";
import { StoreError } from "../../broker/store/store.ts";
import { message, testStore, write } from "./contract.ts";

for (const durability of ["process", "power"] as const) {
  testStore(`SqliteStore (${durability})`, async () => {
    const folder = await Deno.makeTempDir();
    return {
      open: async () => {
        const store = new SqliteStore({ path: `${folder}/a.db`, durability });
        await store.open();
        return store;
      },
      dispose: () => Deno.remove(folder, { recursive: true }),
    };
  });
}

/** Runs `body` with the path of a file in a folder of its own. */
async function withFile(
  body: (path: string) => Promise<void> | void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/store.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function session(key: number) {
  return {
    key,
    clientId: `${key}`,
    username: undefined,
    claimed: true,
    protocolVersion: 5,
    expiryInterval: 60,
    disconnectedAt: 0,
    will: undefined,
  } as const;
}

function flight(seq: number, session = 1) {
  return {
    seq,
    session,
    weight: 42,
    qos: 1,
    retain: false,
    packetId: 0,
    released: false,
    identifiers: [],
    group: undefined,
  } as const;
}

async function refused(path: string): Promise<StoreError> {
  return await assertRejects(
    () => new SqliteStore({ path }).open(),
    StoreError,
  );
}

Deno.test("SqliteStore creates files that only their owner can read", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path });
    await store.open();
    await write(store, (batch) => batch.putSession(session(1)));
    for await (const { name } of Deno.readDir(path.replace(/[^/]+$/, ""))) {
      const { mode } = await Deno.stat(path.replace(/[^/]+$/, name));
      assertEquals(mode! & 0o777, 0o600, name);
    }
    await store.close();
  });
});

Deno.test("SqliteStore refuses a file that another broker has", async () => {
  await withFile(async (path) => {
    const first = new SqliteStore({ path });
    await first.open();
    const error = await refused(path);
    assertEquals(error.problem, "locked");
    assert(error.message.includes("another broker has it"), error.message);
    await first.close();
    const second = new SqliteStore({ path });
    await second.open();
    await second.close();
  });
});

Deno.test("SqliteStore refuses a file of a newer version", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path });
    await store.open();
    await store.close();
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    const error = await refused(path);
    assertEquals(error.problem, "newer");
    assert(error.message.includes(path), error.message);
  });
});

Deno.test("SqliteStore brings a file of an older version up to date", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path });
    await store.open();
    await write(store, (batch) => batch.putSession(session(1)));
    await store.close();
    const db = new DatabaseSync(path);
    db.exec("DROP TABLE plugin_value; PRAGMA user_version = 1");
    db.close();
    await store.open();
    const value = {
      plugin: "p",
      key: "k",
      kind: "text",
      bytes: Uint8Array.of(97),
    } as const;
    await write(store, (batch) => batch.putValue(value));
    assertEquals([...store.values()], [value]);
    assertEquals([...store.sessions()].length, 1);
    await store.close();
  });
});

Deno.test("SqliteStore refuses what is not its own", async () => {
  await withFile(async (path) => {
    await Deno.writeTextFile(path, "This is no database. ".repeat(500));
    assertEquals((await refused(path)).problem, "corrupt");
  });
  await withFile(async (path) => {
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE other (id); PRAGMA user_version = 1000");
    db.close();
    const before = await Deno.readFile(path);
    const error = await refused(path);
    assert(error.message.includes("another program"), error.message);
    for (const use of [compactStore, checkStore, storeInfo]) {
      assertThrows(() => use(path), StoreError, "another program");
    }
    // Not even the mode of its journal.
    assertEquals(await Deno.readFile(path), before);
  });
  await withFile(async (path) => {
    await Deno.mkdir(path);
    assertEquals((await refused(path)).problem, "unreadable");
    const error = await refused(`${path}/missing/store.db`);
    assertEquals(error.problem, "unreadable");
    assert(error.message.includes("folder"), error.message);
  });
});

Deno.test("SqliteStore says that a file is damaged", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path });
    await store.open();
    await write(store, (batch) => {
      batch.putSession(session(1));
      for (let seq = 1; seq < 2000; seq++) {
        batch.addFlight(flight(seq), batch.addBody(message("a", "b")));
      }
    });
    await store.close();
    const bytes = await Deno.readFile(path);
    bytes.fill(0xff, 8192, bytes.length - 4096);
    await Deno.writeFile(path, bytes);
    const damaged = new SqliteStore({ path });
    const error = await assertRejects(async () => {
      await damaged.open();
      for (const _ of damaged.deliveries());
    }, StoreError);
    assertEquals(error.problem, "corrupt");
    await damaged.close();
  });
});

Deno.test("SqliteStore stores a message once however many sessions get it", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path });
    await store.open();
    await write(store, (batch) => {
      const body = batch.addBody(message("a", "x".repeat(10_000)));
      for (let key = 1; key <= 100; key++) {
        batch.putSession(session(key));
        batch.addFlight(flight(key, key), body);
      }
    });
    const db = new DatabaseSync(path, { readOnly: true });
    const count = (): number =>
      db.prepare("SELECT count(*) AS n FROM message").get()!.n as number;
    assertEquals(count(), 1);
    await write(store, (batch) => {
      for (let seq = 1; seq < 100; seq++) batch.deleteFlight(seq);
    });
    assertEquals(count(), 1);
    await write(store, (batch) => batch.deleteFlight(100));
    assertEquals(count(), 0);
    db.close();
    await store.close();
  });
});

Deno.test("SqliteStore writes all of a batch that does not fit, or nothing, and recovers", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path, maxSize: 200_000 });
    await store.open();
    const { Batch } = await import("../../broker/store/batch.ts");
    await write(store, (batch) => {
      batch.putSession(session(1));
      const payload = "x".repeat(100_000);
      batch.addFlight(flight(1), batch.addBody(message("a", payload)));
    });
    const large = new Batch();
    large.addFlight(flight(2), large.addBody(message("a", "small")));
    large.addFlight(
      flight(3),
      large.addBody(message("a", "y".repeat(100_000))),
    );
    const error = await assertRejects(() => store.commit(large), StoreError);
    assertEquals(error.problem, "full");
    assertEquals([...store.deliveries()].map(({ seq }) => seq), [1]);
    // What makes room comes later, and is done first.
    const later = new Batch();
    later.deleteFlight(1);
    large.append(later);
    await store.commit(large);
    assertEquals([...store.deliveries()].map(({ seq }) => seq), [2, 3]);
    await store.close();
  });
});

Deno.test("SqliteStore deletes its file at the end if it is told so", async () => {
  await withFile(async (path) => {
    const store = new SqliteStore({ path, clearOnShutdown: true });
    await store.open();
    await write(store, (batch) => batch.putSession(session(1)));
    await store.close();
    const left = [...Deno.readDirSync(path.replace(/[^/]+$/, ""))];
    assertEquals(left.map(({ name }) => name), ["store.db.lock"]);
  });
});

// Starts one child process after the other and counts them.
const STARTER = `
  self.onmessage = async ({ data: [program, started] }) => {
    for (;;) {
      await new Deno.Command(program, { args: ["--version"], stdout: "null" })
        .output();
      Atomics.add(started, 0, 1);
    }
  };
`;

Deno.test("a file that is closed is free at once, also while other threads start processes", async () => {
  await withFile((path) => {
    const code = URL.createObjectURL(
      new Blob([STARTER], { type: "text/javascript" }),
    );
    const worker = new Worker(code, { type: "module" });
    try {
      const started = new Int32Array(new SharedArrayBuffer(4));
      worker.postMessage([Deno.execPath(), started]);
      // A process begins as a copy of this one, which has all its files open.
      while (Atomics.load(started, 0) < 20) new FileLock(path).release();
    } finally {
      worker.terminate();
      URL.revokeObjectURL(code);
    }
  });
});
