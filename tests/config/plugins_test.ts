import { assertEquals, assertStrictEquals } from "@std/assert";
import { type PluginSetting, resolveConfig } from "../../broker/config/mod.ts";
import { BasePlugin } from "../../plugins/mod.ts";

function plugins(value: unknown): PluginSetting[] {
  return resolveConfig({ plugins: value }).plugins;
}

Deno.test("aMQTT 26: plugins may be a map, with and without options", () => {
  assertEquals(
    plugins({
      auth_anonymous: { "allow-anonymous": true },
      sys: null,
      event_logger: {},
      "./mine.ts#Mine": { a: 1 },
    }),
    [
      {
        plugin: "auth_anonymous",
        path: "plugins.auth_anonymous",
        options: { "allow-anonymous": true },
      },
      { plugin: "sys", path: "plugins.sys" },
      { plugin: "event_logger", path: "plugins.event_logger", options: {} },
      {
        plugin: "./mine.ts#Mine",
        path: 'plugins["./mine.ts#Mine"]',
        options: { a: 1 },
      },
    ],
  );
});

Deno.test("aMQTT 26: plugins may be a list, with and without options", () => {
  assertEquals(
    plugins([
      "sys",
      { event_logger: null },
      { auth_anonymous: { "allow-anonymous": false } },
      "sys",
    ]),
    [
      { plugin: "sys", path: "plugins[0]" },
      { plugin: "event_logger", path: "plugins[1].event_logger" },
      {
        plugin: "auth_anonymous",
        path: "plugins[2].auth_anonymous",
        options: { "allow-anonymous": false },
      },
      { plugin: "sys", path: "plugins[3]" },
    ],
  );
});

Deno.test("a plugin of a list may have a sandbox", () => {
  const sandboxes = [
    undefined,
    false,
    true,
    { net: ["example.com"], read: true, env: false, cache: 5 },
  ];
  assertEquals(
    plugins(sandboxes.map((sandbox) => ({ plugin: "sys", sandbox })))
      .map(({ sandbox }) => sandbox),
    [undefined, undefined, {}, {
      net: ["example.com"],
      read: true,
      cache: 5,
    }],
  );
});

Deno.test("plugins may be classes, instances and objects of a program", () => {
  class Mine extends BasePlugin {}
  class Duck {
    onBrokerPostStart(): void {}
  }
  const duck = new Duck();
  const inline = { onBrokerPreStart(): void {} };
  const options = { a: 1 };
  const found = plugins([
    Mine,
    duck,
    inline,
    { plugin: Mine, options, name: "second" },
    { plugin: "sys", options: null },
    { plugin: duck },
  ]);
  assertEquals(found.map(({ path }) => path), [
    "plugins[0]",
    "plugins[1]",
    "plugins[2]",
    "plugins[3].options",
    "plugins[4].options",
    "plugins[5].options",
  ]);
  assertStrictEquals(found[0].plugin, Mine);
  assertStrictEquals(found[1].plugin, duck);
  assertStrictEquals(found[2].plugin, inline);
  assertStrictEquals(found[3].plugin, Mine);
  assertStrictEquals(found[3].options, options);
  assertEquals(found[3].name, "second");
  assertEquals(found[4], { plugin: "sys", path: "plugins[4].options" });
  assertStrictEquals(found[5].plugin, duck);
});

Deno.test("a plugin may have the alias plugin", () => {
  assertEquals(plugins([{ plugin: { a: 1 } }]), [
    { plugin: "plugin", path: "plugins[0].plugin", options: { a: 1 } },
  ]);
});
