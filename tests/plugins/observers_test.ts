import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ClientEvent } from "../../plugins/mod.ts";
import { eventually } from "../_client.ts";
import { clientEvent, loadManager, MemoryLogger } from "./manager_support.ts";

Deno.test("emit() reaches plugins in their order, within the turn", async () => {
  const seen: string[] = [];
  const observer = (name: string) => ({
    onBrokerClientConnected({ clientId }: ClientEvent) {
      seen.push(`${name} ${clientId}`);
    },
  });
  const manager = await loadManager([
    { plugin: observer("a"), path: "a" },
    { plugin: observer("b"), path: "b" },
    { plugin: observer("c"), path: "c", use: { events: false } },
  ]);
  manager.emit("onBrokerClientConnected", clientEvent("x"));
  assertEquals(seen, ["a x", "b x"]);
  assertEquals(manager.hooks.onBrokerClientConnected.length, 2);
  assert(manager.observes("onBrokerClientConnected"));
  assert(!manager.observes("onMqttPacketSent"));
  manager.emit("onBrokerClientDisconnected", clientEvent("x"));
  await manager.close();
});

Deno.test("emit() contains, counts and logs failures, and limits their messages", async () => {
  const logger = new MemoryLogger();
  const seen: string[] = [];
  const manager = await loadManager([
    {
      plugin: {
        onBrokerClientConnected() {
          throw new Error("sync trouble");
        },
      },
      path: "a",
      name: "thrower",
    },
    {
      plugin: {
        onBrokerClientConnected: () =>
          Promise.reject(new Error("late trouble")),
      },
      path: "b",
      name: "rejecter",
    },
    {
      plugin: {
        onBrokerClientConnected({ clientId }: ClientEvent) {
          seen.push(clientId);
        },
      },
      path: "c",
    },
  ], { logger });
  for (const id of ["1", "2", "3"]) {
    manager.emit("onBrokerClientConnected", clientEvent(id));
  }
  await manager.close();
  assertEquals(seen, ["1", "2", "3"]);
  assertEquals(
    manager.describe().map(({ failures }) => failures),
    [3, 3, 0],
  );
  assertEquals(logger.lines.map(({ level, message }) => [level, message]), [
    [
      "error",
      'The plugin "thrower" failed in onBrokerClientConnected(): sync trouble',
    ],
    [
      "error",
      'The plugin "rejecter" failed in onBrokerClientConnected(): late trouble',
    ],
  ]);
});

Deno.test("an asynchronous observer gets its events one at a time, in order", async () => {
  const seen: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = {
    async onBrokerClientConnected({ clientId }: ClientEvent) {
      seen.push(`begin ${clientId}`);
      await gates[Number(clientId)].promise;
      seen.push(`end ${clientId}`);
    },
    onBrokerClientDisconnected({ clientId }: ClientEvent) {
      seen.push(`gone ${clientId}`);
    },
  };
  const other: string[] = [];
  const quick = {
    onBrokerClientConnected({ clientId }: ClientEvent) {
      other.push(clientId);
    },
  };
  const manager = await loadManager([
    { plugin: slow, path: "a" },
    { plugin: quick, path: "b" },
  ]);
  manager.emit("onBrokerClientConnected", clientEvent("0"));
  manager.emit("onBrokerClientConnected", clientEvent("1"));
  manager.emit("onBrokerClientDisconnected", clientEvent("0"));
  assertEquals(seen, ["begin 0"]);
  assertEquals(other, ["0", "1"]);
  gates[1].resolve();
  gates[0].resolve();
  await manager.close();
  assertEquals(seen, ["begin 0", "end 0", "begin 1", "end 1", "gone 0"]);
});

Deno.test("the queue of an asynchronous observer is bounded: the oldest events are dropped", async () => {
  const logger = new MemoryLogger();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const plugin = {
    async onBrokerClientConnected({ clientId }: ClientEvent) {
      seen.push(clientId);
      await gate.promise;
    },
  };
  const manager = await loadManager([{ plugin, path: "p", name: "slow" }], {
    logger,
    observerQueue: 200,
  });
  for (let id = 0; id < 1000; id++) {
    manager.emit("onBrokerClientConnected", clientEvent(String(id)));
  }
  gate.resolve();
  await manager.close();
  const expected = Array.from({ length: 200 }, (_, index) => `${800 + index}`);
  assertEquals(seen, ["0", ...expected]);
  assertEquals(manager.describe()[0].dropped, 799);
  assertEquals(logger.lines.length, 1);
  assertEquals(logger.lines[0].level, "warn");
  assertStringIncludes(logger.text, 'The plugin "slow" is too slow');
});

Deno.test("emit() within a handler: the plugin hears of it when the handler is over", async () => {
  const seen: string[] = [];
  const manager = await loadManager([
    {
      plugin: {
        onBrokerClientConnected({ clientId }: ClientEvent) {
          seen.push(`${clientId} begins`);
          if (clientId === "a") {
            manager.emit("onBrokerClientConnected", clientEvent("b"));
          }
          seen.push(`${clientId} ends`);
        },
      },
      path: "a",
    },
  ]);
  manager.emit("onBrokerClientConnected", clientEvent("a"));
  assertEquals(seen, ["a begins", "a ends", "b begins", "b ends"]);
  await manager.close();
});

Deno.test("a handler that causes its event again and again holds nobody up", async () => {
  let count = 0;
  const manager = await loadManager([
    {
      plugin: {
        onBrokerClientConnected() {
          if (++count < 20_000) {
            manager.emit("onBrokerClientConnected", clientEvent("x"));
          }
        },
      },
      path: "a",
    },
  ]);
  manager.emit("onBrokerClientConnected", clientEvent("x"));
  // It goes on while others are served.
  assert(count < 20_000, `${count} at once`);
  await eventually(() => count === 20_000);
  await manager.close();
});
