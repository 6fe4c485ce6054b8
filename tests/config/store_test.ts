import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { resolveConfig } from "../../broker/config/mod.ts";

const SQLITE = {
  type: "sqlite",
  path: "a.db",
  durability: "process",
  maxSize: 0,
  clearOnShutdown: false,
};

function problems(input: unknown): string[] {
  const error = assertThrows(() => resolveConfig(input), ConfigError);
  return error.problems.map(({ path, message }) => `${path} ${message}`);
}

Deno.test("store is memory unless the configuration says otherwise", () => {
  for (const store of [undefined, null, "memory", { type: "memory" }]) {
    assertEquals(resolveConfig({ store }).store, { type: "memory" });
  }
});

Deno.test("store: a SQLite file and how it is written", () => {
  assertEquals(
    resolveConfig({ store: { type: "sqlite", path: "a.db" } }).store,
    SQLITE as never,
  );
  assertEquals(
    resolveConfig({
      store: {
        type: "sqlite",
        path: "a.db",
        durability: "power",
        "max-size": "1GiB",
        clear_on_shutdown: true,
      },
    }).store,
    {
      ...SQLITE,
      durability: "power",
      maxSize: 2 ** 30,
      clearOnShutdown: true,
    } as never,
  );
});

Deno.test("store: what is wrong is named with its path", () => {
  assertEquals(problems({ store: "redis" }), [
    'store must be "memory", or a map with a type and a path, not the text "redis"',
  ]);
  assertEquals(problems({ store: { type: "sqlite" } }), [
    "store needs a path: the file of the store",
  ]);
  assertEquals(problems({ store: { type: "redis", path: "a" } }), [
    'store.type must be "memory" or "sqlite", not the text "redis"',
  ]);
  assertEquals(
    problems({ store: { type: "sqlite", path: "a", durability: "none" } }),
    ['store.durability must be "process" or "power", not the text "none"'],
  );
  const [message] = problems({
    store: { type: "sqlite", pth: "a", path: "b" },
  });
  assert(message.startsWith("store.pth "), message);
});

Deno.test("aMQTT's SessionDBPlugin is the store", () => {
  const name = "amqtt.contrib.persistence.SessionDBPlugin";
  const resolve = (options: unknown) =>
    resolveConfig({ plugins: { auth_anonymous: null, [name]: options } });
  const plain = resolve(null);
  assertEquals(plain.store, {
    ...SQLITE,
    path: "amqtt.db",
    clearOnShutdown: true,
  } as never);
  assertEquals(plain.plugins.map(({ plugin }) => plugin), ["auth_anonymous"]);
  assert(plain.warnings.some((warning) => warning.includes(name)));
  for (
    const [connection, path] of [
      ["sqlite+aiosqlite:///b.db", "b.db"],
      ["sqlite:////var/b.db", "/var/b.db"],
    ]
  ) {
    assertEquals(
      resolve({ connection, clear_on_shutdown: false }).store,
      { ...SQLITE, path } as never,
    );
  }
  assertEquals(
    problems({ plugins: { [name]: { connection: "mysql://host/db" } } }),
    [
      `plugins["${name}"].connection must be the URL of a SQLite file, such as "sqlite+aiosqlite:///amqtt.db", not the text "mysql://host/db"`,
    ],
  );
  assertEquals(
    problems({ plugins: { [name]: { file: "a", connection: "sqlite:///b" } } }),
    [`plugins["${name}"] has connection and file: remove one`],
  );
  assertEquals(
    problems({ store: "memory", plugins: { [name]: null } }),
    ["store is set, and so is aMQTT's persistence plugin: remove one"],
  );
});
