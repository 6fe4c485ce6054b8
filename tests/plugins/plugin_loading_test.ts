import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as v from "valibot";
import {
  PluginError,
  PluginInitError,
  PluginLoadError,
} from "../../plugins/errors.ts";
import {
  BaseAuthPlugin,
  BasePlugin,
  BaseTopicPlugin,
  type BrokerContext,
  type StandardSchema,
} from "../../plugins/mod.ts";
import type { PluginClass } from "../../plugins/plugin_class.ts";
import { loadManager, MemoryLogger } from "./manager_support.ts";

async function loadError(
  plugin: PluginClass | object,
  options?: unknown,
  path = "plugins.sample",
): Promise<PluginError> {
  return await assertRejects(
    () => loadManager([{ plugin, path, options }]),
    PluginError,
  );
}

Deno.test("aMQTT 26: options arrive at context.config, with their default values", async () => {
  const configs: unknown[] = [];
  class Plain extends BasePlugin {
    constructor(context: BrokerContext) {
      super(context);
      configs.push(this.config);
    }
  }
  class Checked extends Plain {
    static override config: StandardSchema = v.strictObject({
      passwordFile: v.optional(v.string(), "passwords"),
    });
  }
  const manager = await loadManager([
    { plugin: Plain, path: "a", options: null },
    { plugin: Plain, path: "b", options: { "as-written": 1 } },
    { plugin: Checked, path: "c" },
    { plugin: Checked, path: "d", options: { "password-file": "x" } },
    { plugin: Checked, path: "e", options: { "password_file": "y" } },
  ]);
  assertEquals(configs, [
    {},
    { "as-written": 1 },
    { passwordFile: "passwords" },
    { passwordFile: "x" },
    { passwordFile: "y" },
  ]);
  assertEquals(manager.describe().map(({ name }) => name), [
    "Plain",
    "Plain_2",
    "Checked",
    "Checked_2",
    "Checked_3",
  ]);
  await manager.close();
});

Deno.test("every plugin that cannot be loaded is named with its place in the configuration", async () => {
  class Auth extends (BaseAuthPlugin as unknown as typeof BasePlugin) {
    override onBrokerPreStart(): void {}
  }
  for (
    const [plugin, start] of [
      ["sis", '"sis" (plugins[3]): it is no bundled plugin'],
      ["./no.ts", '"./no.ts" (plugins[3], "file:'],
      ["sys#Nothing", '"sys" (plugins[3], '],
      [`data:text/javascript,export default 1`, "(plugins[3]): the default"],
      [Auth, '"Auth" (plugins[3]): it extends BaseAuthPlugin'],
      [Strict, "refused: plugins[3].passwordFile: "],
    ] as const
  ) {
    const error = await loadError(plugin as object, undefined, "plugins[3]");
    assertStringIncludes(error.message, start);
  }
});

class Strict extends BasePlugin {
  static override config: StandardSchema = v.strictObject({
    passwordFile: v.string(),
    acl: v.optional(v.record(v.string(), v.array(v.string()))),
  });
}

Deno.test("aMQTT 27: an extra option is refused with its path", async () => {
  const error = await loadError(Strict, { passwordFile: "x", passwrdFile: 1 });
  assertInstanceOf(error, PluginLoadError);
  assertEquals([error.kind, error.plugin], ["options", "Strict"]);
  assertStringIncludes(
    error.message,
    'plugins.sample.passwrdFile: unknown option; did you mean "passwordFile"?',
  );
  const hyphens = await loadError(Strict, { "passwrd-file": "x" });
  assertStringIncludes(hyphens.message, 'did you mean "password-file"?');
  const other = await loadError(Strict, { passwordFile: "x", zzz: 1 });
  assertStringIncludes(other.message, "the options are passwordFile, acl");
});

Deno.test("aMQTT 27: a missing option and a wrong type are refused with their path", async () => {
  const missing = await loadError(Strict, {}, "plugins[2].strict");
  assertStringIncludes(missing.message, "plugins[2].strict.passwordFile: ");
  const wrong = await loadError(Strict, {
    "password-file": 1,
    acl: { "the user": ["a", 2] },
  });
  assertStringIncludes(wrong.message, "plugins.sample.password-file: ");
  assertStringIncludes(wrong.message, 'plugins.sample.acl["the user"][1]: ');
  const list = await loadError(Strict, ["password-file"]);
  assertStringIncludes(
    list.message,
    "plugins.sample: the options must be a map",
  );
});

Deno.test("two spellings of one option are refused", async () => {
  const error = await loadError(Strict, {
    "password-file": "x",
    password_file: "y",
  });
  assertStringIncludes(
    error.message,
    'plugins.sample: "password-file" and "password_file" are the same option',
  );
});

Deno.test("a schema may be asynchronous, hide its keys, or throw", async () => {
  const schema = (
    validate: StandardSchema["~standard"]["validate"],
  ): PluginClass =>
    class extends BasePlugin {
      static override config: StandardSchema = {
        "~standard": { version: 1, vendor: "test", validate },
      };
    };
  let seen: unknown;
  const manager = await loadManager([{
    plugin: schema(async (value) => {
      await Promise.resolve();
      seen = value;
      return { value };
    }),
    path: "p",
    options: { "one-two_three": 1, _private: 2 },
  }]);
  await manager.close();
  assertEquals(seen, { oneTwoThree: 1, _private: 2 });

  const thrown = await loadError(schema(() => {
    throw new Error("no idea");
  }));
  assertStringIncludes(thrown.message, "plugins.sample: no idea");
  const atRoot = await loadError(
    schema(() => ({ issues: [{ message: "unwanted" }] })),
  );
  assertStringIncludes(atRoot.message, "plugins.sample: unwanted");
});

Deno.test("aMQTT 27: a constructor that throws is a PluginInitError, and closes what was loaded", async () => {
  const closed: string[] = [];
  let signal: AbortSignal | undefined;
  class Good extends BasePlugin {
    override close(): void {
      closed.push(this.context.name);
    }
  }
  class Bad extends BasePlugin {
    constructor(context: BrokerContext) {
      super(context);
      signal = context.signal;
      throw new RangeError("no luck");
    }
  }
  const error = await assertRejects(
    () =>
      loadManager([
        { plugin: Good, path: "plugins.a" },
        { plugin: Good, path: "plugins.b" },
        { plugin: Bad, path: "plugins.bad" },
      ]),
    PluginInitError,
    'Cannot load the plugin "Bad" (plugins.bad): its constructor threw: no luck',
  );
  assertInstanceOf(error.cause, RangeError);
  assertEquals(closed, ["Good_2", "Good"]);
  assert(signal?.aborted);
});

Deno.test("what is no plugin is refused", async () => {
  class Nothing {}
  class NoSchema extends BasePlugin {
    static override config = { port: 1 } as unknown as StandardSchema;
  }
  const cases: Array<[object, unknown, string]> = [
    [Nothing, undefined, 'Cannot load the plugin "Nothing"'],
    [{}, undefined, "plugins.sample must be an alias"],
    [NoSchema, undefined, 'its static "config" is not a Standard Schema'],
    [{ authenticate: 1 }, undefined, 'its "authenticate" is not a method'],
    [{ authenticate() {} }, { a: 1 }, "which has its options already"],
  ];
  for (const [plugin, options, message] of cases) {
    const error = await loadError(plugin, options);
    assertInstanceOf(error, PluginLoadError);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("aMQTT 32: a base class for decisions without its decision is refused", async () => {
  class Auth extends (BaseAuthPlugin as unknown as typeof BasePlugin) {
    override onBrokerPreStart(): void {}
  }
  class Topic extends (BaseTopicPlugin as unknown as typeof BasePlugin) {}
  const auth = await loadError(Auth);
  assertStringIncludes(auth.message, "no method authenticate()");
  const topic = await loadError(Topic);
  assertStringIncludes(topic.message, "no method topicFiltering()");
});

Deno.test("aMQTT 31: a method that nobody calls is reported with the nearest name", async () => {
  const logger = new MemoryLogger();
  const plugin = {
    "on_broker_client_connected"() {},
    onBrokerMessageRecieved() {},
    onBrokerPreStart() {},
  };
  const manager = await loadManager([{ plugin, path: "p" }], { logger });
  await manager.close();
  assertEquals(logger.lines.map(({ level }) => level), ["warn", "warn"]);
  assertStringIncludes(logger.text, 'did you mean "onBrokerClientConnected"?');
  assertStringIncludes(logger.text, 'did you mean "onBrokerMessageReceived"?');
});
