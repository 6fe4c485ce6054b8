import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BasePlugin } from "../../plugins/mod.ts";
import { PluginNamespace } from "../../plugins/namespace.ts";
import {
  clientEvent,
  loadManager,
  MemoryLogger,
  SESSION,
  topicEvent,
} from "./manager_support.ts";
import { withProject } from "./temporary_project.ts";

const AUTH = { session: SESSION };
const DENIED = { allow: false, reasonCode: 0x87 } as const;

Deno.test("aMQTT 25: plugins of a namespace get events, questions and close()", async () => {
  const module = `
    export const seen = [];
    export default class Sample {
      constructor(context) { this.context = context; }
      onBrokerPreStart() { seen.push("preStart"); }
      onBrokerClientConnected({ clientId }) { seen.push(clientId); }
      authenticate() { seen.push("auth"); return true; }
      topicFiltering({ topic }) { seen.push(topic); return topic !== "no"; }
      close() { seen.push("close " + this.context.config.word); }
    }`;
  const files = {
    "deno.json": '{ "imports": { "my.plugins/sample": "./sample.js" } }',
    "sample.js": module,
  };
  await withProject(files, async (folder) => {
    const namespace = await PluginNamespace.open({
      namespace: "my.plugins",
      importMap: new URL("deno.json", folder),
    });
    const entry = {
      plugin: "sample",
      path: "plugins.sample",
      options: { word: "now" },
    };
    const manager = await loadManager([entry], { namespace });
    await manager.emitAndWait("onBrokerPreStart");
    manager.emit("onBrokerClientConnected", clientEvent("c1"));
    assertEquals(manager.authenticate(AUTH), true);
    assertEquals(manager.topicFiltering(topicEvent("yes")), true);
    assertEquals(manager.topicFiltering(topicEvent("no")), DENIED);
    assertEquals(manager.describe(), [{
      name: "sample",
      plugin: "sample",
      specifier: new URL("sample.js", folder).href,
      importMap: new URL("deno.json", folder).pathname,
      hooks: [
        "onBrokerPreStart",
        "onBrokerClientConnected",
        "authenticate",
        "topicFiltering",
      ],
      sandboxed: false,
      priority: 0,
      timeouts: { authenticate: 5000, topicFiltering: 5000 },
      fallbacks: { authenticate: "deny", topicFiltering: "deny" },
      failures: 0,
      dropped: 0,
      counters: {},
    }]);
    await manager.close();
    const { seen } = await import(new URL("sample.js", folder).href);
    assertEquals(seen, ["preStart", "c1", "auth", "yes", "no", "close now"]);
  });
});

Deno.test("describe() shows what each plugin counts", async () => {
  class Counting extends BasePlugin {
    override onBrokerClientConnected(): void {
      this.context.count("clients");
      this.context.count("points", 5);
    }
  }
  const manager = await loadManager([
    { plugin: Counting, path: "a" },
    { plugin: Counting, path: "b" },
  ]);
  const [first] = manager.describe();
  manager.emit("onBrokerClientConnected", clientEvent("c1"));
  manager.emit("onBrokerClientConnected", clientEvent("c2"));
  assertEquals(
    manager.describe().map(({ counters }) => counters),
    [{ clients: 2, points: 10 }, { clients: 2, points: 10 }],
  );
  assertEquals(first.counters, {});
  await manager.close();
});

Deno.test("emitAndWait() waits for each plugin in turn, after its earlier events", async () => {
  const seen: string[] = [];
  const plugin = (name: string) => ({
    async onBrokerClientConnected() {
      await Promise.resolve();
      seen.push(`${name} connected`);
    },
    async onBrokerPostStart() {
      await Promise.resolve();
      seen.push(`${name} started`);
      if (name === "a") throw new Error("contained");
    },
  });
  const logger = new MemoryLogger();
  const manager = await loadManager([
    { plugin: plugin("a"), path: "a" },
    { plugin: plugin("b"), path: "b" },
  ], { logger });
  manager.emit("onBrokerClientConnected", clientEvent("x"));
  await manager.emitAndWait("onBrokerPostStart");
  assertEquals(seen.filter((line) => line.startsWith("a")), [
    "a connected",
    "a started",
  ]);
  assertEquals(seen.at(-1), "b started");
  assertStringIncludes(logger.text, "onBrokerPostStart(): contained");
  await manager.close();
});

Deno.test("emitAndWait() and close() do not wait for ever", async () => {
  const logger = new MemoryLogger();
  const plugin = {
    onBrokerPreStart: () => new Promise<void>(() => {}),
    close: () => new Promise<void>(() => {}),
  };
  let started = false;
  const next = {
    onBrokerPreStart() {
      started = true;
    },
  };
  const manager = await loadManager([
    { plugin, path: "a", name: "hanging" },
    { plugin: next, path: "b" },
  ], { logger, lifeCycleTimeout: 5 });
  await manager.emitAndWait("onBrokerPreStart");
  assert(started);
  assertStringIncludes(logger.text, "onBrokerPreStart(): no end after 5 ms");
  await manager.close();
  assertEquals(manager.describe()[0].failures, 3);
});

Deno.test("close() ends the plugins once, the last one first, whatever they do", async () => {
  const closed: string[] = [];
  const logger = new MemoryLogger();
  class Closing extends BasePlugin {
    override onBrokerClientConnected(): void {
      closed.push("event");
    }

    override async close(): Promise<void> {
      assert(this.context.signal.aborted);
      await Promise.resolve();
      closed.push(this.context.name);
      throw new Error("contained");
    }
  }
  const manager = await loadManager([
    { plugin: Closing, path: "a", name: "a" },
    { plugin: Closing, path: "b", name: "b" },
  ], { logger });
  await Promise.all([manager.close(), manager.close()]);
  await manager.close();
  assertEquals(closed, ["b", "a"]);
  assertStringIncludes(logger.text, '"a" failed in close(): contained');
  assertEquals(manager.hooks.onBrokerClientConnected.length, 0);
  manager.emit("onBrokerClientConnected", clientEvent("x"));
  assertEquals(closed, ["b", "a"]);
  assertEquals(manager.authenticate(AUTH), DENIED);
});
