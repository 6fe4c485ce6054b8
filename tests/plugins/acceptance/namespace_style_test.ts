/** aMQTT's older style: a namespace, of which two lists say who decides. */

import { assertEquals } from "@std/assert";
import { Broker, type BrokerConfig, silentLogger } from "../../../mod.ts";
import { TestClient } from "../../_client.ts";
import { withProject } from "../temporary_project.ts";

/** A module with a plugin that decides on everything and writes down what it was asked. */
function source(name: string): string {
  return `const log = globalThis.olderStyle ??= [];
    export default class {
      constructor({ config }) { log.push("${name} made " + JSON.stringify(config ?? {})); }
      authenticate() { log.push("${name} authenticate"); return true; }
      topicFiltering({ topic }) {
        log.push("${name} topicFiltering");
        return topic !== "no_${name}";
      }
      onBrokerClientConnected() { log.push("${name} connected"); }
      close() { log.push("${name} closed"); }
    }`;
}

/** Runs a broker with the plugins `door` and `rooms`; gives what they were asked and the codes of a SUBSCRIBE. */
async function run(
  config: BrokerConfig,
): Promise<{ code?: number; granted?: number[]; log: string[] }> {
  const files = {
    "deno.json": JSON.stringify({
      imports: {
        "my.plugins/door": "./door.js",
        "my.plugins/rooms": "./rooms.js",
      },
    }),
    "door.js": source("door"),
    "rooms.js": source("rooms"),
  };
  return await withProject(files, async (folder) => {
    const log: string[] = [];
    Reflect.set(globalThis, "olderStyle", log);
    try {
      await using broker = new Broker({
        listeners: { default: { bind: "127.0.0.1:0" } },
        ...config,
      }, {
        pluginNamespace: "my.plugins",
        importMap: new URL("deno.json", folder),
        logger: silentLogger,
      });
      await broker.start();
      await using client = await TestClient.connect(broker);
      const granted = client.code === 0
        ? await client.subscribe(["no_door", "no_rooms"])
        : undefined;
      await broker.shutdown();
      return { code: client.code, granted, log };
    } finally {
      Reflect.deleteProperty(globalThis, "olderStyle");
    }
  });
}

Deno.test("aMQTT 25: all plugins of a namespace are made and get events, the lists say who decides", async () => {
  const { code, granted, log } = await run({
    auth: { plugins: ["door"] },
    topicCheck: { enable: true, plugins: ["rooms"] },
  });
  assertEquals([code, granted], [0, [0, 0x80]]);
  assertEquals(log, [
    "door made {}",
    "rooms made {}",
    "door authenticate",
    "door connected",
    "rooms connected",
    "rooms topicFiltering",
    "rooms topicFiltering",
    "rooms closed",
    "door closed",
  ]);
});

Deno.test("the description of a broker has only the hooks that the lists leave to a plugin", async () => {
  const files = {
    "deno.json": JSON.stringify({
      imports: {
        "my.plugins/door": "./door.js",
        "my.plugins/rooms": "./rooms.js",
      },
    }),
    "door.js": source("door"),
    "rooms.js": source("rooms"),
  };
  await withProject(files, async (folder) => {
    const broker = new Broker({
      auth: { plugins: ["door"] },
      topicCheck: { enable: true, plugins: ["rooms"] },
    }, {
      pluginNamespace: "my.plugins",
      importMap: new URL("deno.json", folder),
      logger: silentLogger,
    });
    const plugins = await broker.check();
    Reflect.deleteProperty(globalThis, "olderStyle");
    assertEquals(plugins.map(({ name, hooks }) => [name, ...hooks]), [
      ["door", "onBrokerClientConnected", "authenticate"],
      ["rooms", "onBrokerClientConnected", "topicFiltering"],
    ]);
  });
});

Deno.test("aMQTT 25: without lists all plugins of a namespace decide", async () => {
  const { code, granted, log } = await run({
    auth: {},
    topicCheck: { enabled: true },
  });
  assertEquals([code, granted], [0, [0x80, 0x80]]);
  assertEquals(log.filter((line) => line.endsWith("authenticate")), [
    "door authenticate",
    "rooms authenticate",
  ]);
});

Deno.test("aMQTT 25: topics are not checked unless that is enabled", async () => {
  const { code, granted, log } = await run({
    auth: { plugins: ["door"] },
    topicCheck: { enabled: false, plugins: ["rooms"] },
  });
  assertEquals([code, granted], [0, [0, 0]]);
  assertEquals(log.filter((line) => line.endsWith("topicFiltering")), []);
});

Deno.test("aMQTT 25: an empty list of auth plugins lets nobody in", async () => {
  const { code, log } = await run({ auth: { plugins: [] } });
  assertEquals(code, 5);
  assertEquals(log.filter((line) => line.endsWith("authenticate")), []);
});
