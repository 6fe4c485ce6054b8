/** The options of plugins, and their exchange while the broker runs. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as v from "valibot";
import {
  BasePlugin,
  type BrokerConfig,
  type ConfigChange,
  PluginError,
  type StandardSchema,
} from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { run } from "../../cli/_process.ts";
import { withProject } from "../temporary_project.ts";

interface Options {
  code: number;
  live: boolean;
}

/** Refuses every subscription with the code of its options. */
class Refuser extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    code: v.pipe(v.number(), v.minValue(0x80)),
    live: v.optional(v.boolean(), true),
  });

  topicFiltering(): { allow: false; reasonCode: number } {
    return { allow: false, reasonCode: this.config.code };
  }

  override onConfigChanged({ live }: Options): ConfigChange {
    return live ? () => {} : undefined;
  }
}

function config(options: Record<string, unknown>): BrokerConfig {
  return {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: ["auth_anonymous", { plugin: Refuser, options }],
  };
}

Deno.test("rule 10: options have a schema, an unknown key is refused with its path, and a change is applied or needs a restart", async () => {
  await assertRejects(
    () => startBroker(config({ code: 0x97, cod: 1 })),
    PluginError,
    'plugins[1].options.cod: unknown option; did you mean "code"?',
  );
  await using broker = await startBroker(config({ code: 0x97 }));
  await using client = await TestClient.connect(broker, { version: 5 });
  const refusedWith = async () => (await client.subscribe("a"))[0];
  assertEquals(await refusedWith(), 0x97);
  assertEquals(await broker.reload(config({ code: 0x8f })), { restart: [] });
  assertEquals(await refusedWith(), 0x8f);
  await assertRejects(
    () => broker.reload(config({ code: 1 })),
    PluginError,
    "plugins[1].options.code",
  );
  assertEquals(await broker.reload(config({ code: 0x87, live: false })), {
    restart: ["plugins[1].options"],
  });
  assertEquals(await refusedWith(), 0x8f);
});

Deno.test("rule 10: the command line says what is wrong without opening a port", async () => {
  const files = {
    "broker.yaml": "plugins:\n  auth_anonymous: { allow-anonymos: true }\n",
  };
  await withProject(files, async (folder) => {
    const file = new URL("broker.yaml", folder).pathname;
    const { code, stderr } = await run("--check-config", "--config", file);
    assertEquals(code, 1);
    assert(
      stderr.includes("plugins.auth_anonymous.allow-anonymos: unknown option"),
      stderr,
    );
  });
});

Deno.test("rule 9: the new instance is started first, then gets everything; if it fails, the old one stays", async () => {
  const seen: string[] = [];
  const version = (name: string, works = true) => ({
    onBrokerPreStart: () => {
      seen.push(`${name} starts`);
      if (!works) throw new Error("broken");
    },
    topicFiltering: () => (seen.push(`${name} decides`), true),
    close: () => void seen.push(`${name} ends`),
  });
  await using broker = await startBroker({
    ...config({ code: 0x80 }),
    plugins: ["auth_anonymous", { plugin: version("1"), name: "rights" }],
  });
  await using client = await TestClient.connect(broker);
  const replace = (plugin: object) =>
    broker.replacePlugin("rights", { plugin });
  await client.subscribe("a");
  await replace(version("2"));
  await client.subscribe("a");
  await assertRejects(() => replace(version("3", false)), PluginError);
  await client.subscribe("a");
  assertEquals(seen, [
    "1 starts",
    "1 decides",
    "2 starts",
    "1 ends",
    "2 decides",
    "3 starts",
    "3 ends",
    "2 decides",
  ]);
});
