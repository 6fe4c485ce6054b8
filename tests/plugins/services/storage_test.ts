/** Values that plugins store: in memory, in SQLite, within limits. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BrokerConfig,
  MemoryStore,
  type PluginStorage,
  type StorageEntry,
  StoreError,
} from "../../../mod.ts";
import { FailingStore, GatedStore } from "../../store/_stores.ts";
import { startProbes } from "./_probe.ts";

async function all(storage: PluginStorage, prefix = "", limit = 2) {
  const entries: StorageEntry[] = [];
  let after: string | undefined;
  do {
    const page = await storage.list({ prefix, after, limit });
    assert(page.items.length <= limit);
    entries.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

const VALUES = {
  array: [1, "a", { b: null }],
  bytes: Uint8Array.of(0, 1, 255),
  empty: "",
  false: false,
  "half a character": "\ud800",
  mark: "\ufeffmark",
  none: new Uint8Array(0),
  null: null,
  number: -1.5e300,
  text: "ü€𝄞",
};

/** What a plugin may do with its storage, whatever keeps it. */
async function use(storage: PluginStorage): Promise<void> {
  for (const [key, value] of Object.entries(VALUES)) {
    await storage.set(key, value);
    assertEquals(await storage.get(key), value, key);
  }
  assertEquals(await storage.get("unknown"), undefined);
  await storage.set("gone", "x");
  assertEquals(await storage.delete("gone"), true);
  assertEquals(await storage.delete("gone"), false);
  assertEquals(await storage.get("gone"), undefined);
  assertEquals(
    Object.fromEntries(
      (await all(storage)).map(({ key, value }) => [key, value]),
    ),
    VALUES,
  );
  const keys = (await all(storage, "n", 1)).map(({ key }) => key);
  assertEquals(keys, ["none", "null", "number"]);
}

const STORES: Record<string, (folder: string) => BrokerConfig["store"]> = {
  memory: () => "memory",
  sqlite: (folder) => ({ type: "sqlite", path: `${folder}/dinomq.db` }),
};

for (const [name, storeOf] of Object.entries(STORES)) {
  Deno.test(`${name}: a plugin stores values, which no other plugin sees`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const names = ["one", "two"];
      const config = { store: storeOf(folder) };
      await using broker = await startProbes(config, { names });
      const { one, two } = broker.probes;
      await use(one.context.storage);
      assertEquals((await two.context.storage.list()).items, []);
      await two.context.storage.set("text", "other");
      assertEquals(await one.context.storage.get("text"), VALUES.text);
      await one.context.storage.clear();
      assertEquals((await one.context.storage.list()).items, []);
      assertEquals(await two.context.storage.get("text"), "other");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("what a plugin stored outlives the broker, also what it stored last", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = { store: STORES.sqlite(folder) };
    {
      await using first = await startProbes(config, { names: ["a", "b"] });
      const { storage } = first.context;
      await use(storage);
      await first.probes.b.context.storage.set("cleared", 1);
      await first.probes.b.context.storage.clear();
      // Nobody waits for these.
      for (let i = 0; i < 100; i++) storage.set("number", i);
      storage.delete("text");
      first.probes.b.onClose = () =>
        first.probes.b.context.storage.set("last words", "bye");
    }
    const seen: unknown[] = [];
    await using second = await startProbes(config, {
      names: ["a", "b"],
      onPreStart: async ({ storage }) => seen.push(await storage.get("number")),
    });
    assertEquals(seen, [99, undefined]);
    const { text: _, ...rest } = VALUES;
    assertEquals(
      Object.fromEntries(
        (await all(second.context.storage)).map(({ key, value }) => [
          key,
          value,
        ]),
      ),
      { ...rest, number: 99 },
    );
    assertEquals(await all(second.probes.b.context.storage), [
      { key: "last words", value: "bye" },
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a value is written when the promise resolves, and read before", async () => {
  const store = new GatedStore();
  await using broker = await startProbes({}, { store });
  const { storage } = broker.context;
  store.shut();
  let written = false;
  const done = storage.set("a", 1).then(() => written = true);
  await store.waiting;
  assertEquals([...store.values()], []);
  assertEquals(await storage.get("a"), 1);
  assertEquals(written, false);
  store.pass();
  await done;
  assertEquals([...store.values()].length, 1);
});

Deno.test("what is stored are copies", async () => {
  await using broker = await startProbes({}, { store: new MemoryStore() });
  const { storage } = broker.context;
  const bytes = Uint8Array.of(1);
  const list = [1];
  const stored = [storage.set("bytes", bytes), storage.set("list", list)];
  bytes[0] = 2;
  list.push(2);
  await Promise.all(stored);
  (await storage.get<Uint8Array>("bytes"))![0] = 3;
  assertEquals(await storage.get("bytes"), Uint8Array.of(1));
  assertEquals(await storage.get("list"), [1]);
});

Deno.test("a list goes on where it was, while keys come and go", async () => {
  await using broker = await startProbes();
  const { storage } = broker.context;
  for (const key of ["b", "d", "f", "h"]) await storage.set(key, key);
  const first = await storage.list({ limit: 2 });
  assertEquals(first.next, "d");
  for (const key of ["a", "d"]) await storage.delete(key);
  for (const key of ["c", "e", "i"]) await storage.set(key, key);
  const rest = await storage.list({ after: first.next, limit: 1000 });
  assertEquals(rest.items.map(({ key }) => key), ["e", "f", "h", "i"]);
  assertEquals(rest.next, undefined);
  for (const limit of [0, 1001, 1.5, NaN]) {
    await assertRejects(() => storage.list({ limit }), RangeError, "1 to 1000");
  }
});

Deno.test("what is no key or no value is refused", async () => {
  await using broker = await startProbes();
  const { storage } = broker.context;
  for (const key of ["", "a\0b", "\udc00", "x".repeat(1025), "ü".repeat(513)]) {
    await assertRejects(() => storage.set(key, 1), TypeError, "Cannot use");
  }
  await storage.set("x".repeat(1024), 1);
  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of [undefined, () => {}, Symbol(), 1n, circle]) {
    await assertRejects(
      () => storage.set("k", value as unknown as string),
      TypeError,
      'Cannot store "k"',
    );
  }
  assertEquals((await storage.list()).items.length, 1);
});

Deno.test("a plugin stores no more than it may", async () => {
  const limits = { maxPluginStorage: 100, maxPluginValue: 50 };
  await using broker = await startProbes(limits, { names: ["a", "b"] });
  const { storage } = broker.context;
  await assertRejects(
    () => storage.set("k", "x".repeat(51)),
    RangeError,
    "max-plugin-value",
  );
  await storage.set("k", "x".repeat(50));
  await storage.set("l", "x".repeat(48));
  await assertRejects(() => storage.set("m", ""), RangeError, "101 bytes");
  await assertRejects(() => storage.set("l", "x".repeat(49)), RangeError);
  assertEquals(await storage.get("l"), "x".repeat(48));
  // What another plugin has does not count, nor what is gone.
  await broker.probes.b.context.storage.set("k", "x".repeat(50));
  await storage.set("k", "");
  await storage.set("m", "x".repeat(49));
  await storage.clear();
  await storage.set("k", "x".repeat(50));
  assertEquals(broker.context.stats().limits, {
    maxPluginValue: 1,
    maxPluginStorage: 2,
  });
});

Deno.test("while the store fails, nothing more is taken", async () => {
  const store = new FailingStore();
  await using broker = await startProbes({}, { store });
  const { storage } = broker.context;
  await storage.set("a", 1);
  store.problem = "full";
  const pending = storage.set("b", 2);
  const { promise: failed, resolve } = Promise.withResolvers<void>();
  const look = setInterval(async () => {
    const refused = await storage.set("c", 3).then(() => false, () => true);
    if (refused) resolve();
  }, 5);
  await failed;
  clearInterval(look);
  await assertRejects(() => storage.set("d", 4), StoreError);
  await assertRejects(() => storage.delete("a"), StoreError);
  await assertRejects(() => storage.clear(), StoreError);
  assertEquals(await storage.get("a"), 1);
  store.problem = undefined;
  await pending;
  assertEquals(await storage.get("b"), 2);
});

Deno.test("before the store is open, storing is refused", async () => {
  let early: Promise<void> | undefined;
  await using _broker = await startProbes({}, {
    onConstruct({ storage }) {
      early = storage.set("a", 1);
      early.catch(() => {});
    },
  });
  await assertRejects(() => early!, Error, "it is starting");
});
