/** How far a plugin is waited for, and what happens when it fails. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { AlarmEvent, BrokerConfig } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import {
  clientEvent,
  loadManager,
  MemoryLogger,
  SESSION,
  topicEvent,
} from "../manager_support.ts";

const OPEN: BrokerConfig = {
  listeners: { default: { bind: "127.0.0.1:0" } },
  // Longer than any test.
  pluginTimeout: 600,
};
const AUTH = { session: SESSION };
const DENIED = { allow: false, reasonCode: 0x87, failed: true } as const;

function never(): Promise<never> {
  return new Promise(() => {});
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Alarms as they are told to plugins: `+` raised, `-` cleared. */
function alarms(): { plugin: object; seen: string[] } {
  const seen: string[] = [];
  const plugin = {
    onBrokerAlarmRaised: ({ alarm, message }: AlarmEvent) =>
      void seen.push(`+${alarm} ${message}`),
    onBrokerAlarmCleared: ({ alarm }: { alarm: string }) =>
      void seen.push(`-${alarm}`),
  };
  return { plugin, seen };
}

Deno.test("rule 3: a plugin has a time limit of its own, and denies when it is over", async () => {
  await using broker = await startBroker({
    ...OPEN,
    plugins: [{ plugin: { authenticate: never }, timeout: 0.02 }],
  });
  await using client = await TestClient.connect(broker);
  assertEquals(client.code, 5);
  assertEquals(broker.describePlugins()[0].failures, 1);
});

Deno.test("rule 3: each hook of a plugin may have its own time limit", async () => {
  const ended = Promise.withResolvers<void>();
  await using broker = await startBroker({
    ...OPEN,
    plugins: [{
      plugin: {
        authenticate: () =>
          new Promise((resolve) => setTimeout(resolve, 50, true)),
        topicFiltering: never,
        onBrokerPostStart: () => ended.promise,
      },
      timeout: { topicFiltering: 0.02, onBrokerPostStart: 0.02 },
    }],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(client.code, 0);
  assertEquals(await client.subscribe("a"), [0x87]);
  // The start did not wait for ever, either.
  assertEquals(broker.describePlugins()[0].failures, 2);
  ended.resolve();
});

for (
  const [how, interceptPublish] of [
    ["throws", () => {
      throw new Error("broken");
    }],
    ["does not answer", never],
    ["answers nonsense", () => 7 as never],
  ] as const
) {
  Deno.test(`rule 3: an interceptor that ${how} refuses, or lets pass if its fallback says so`, async () => {
    const start = (more: Record<string, unknown>) =>
      startBroker({
        ...OPEN,
        plugins: ["auth_anonymous", {
          plugin: { interceptPublish },
          timeout: 0.02,
          "circuit-breaker": { failures: 2, open: 600 },
          ...more,
        }],
      });
    const publish = async (more: Record<string, unknown>) => {
      await using broker = await start(more);
      await using client = await TestClient.connect(broker, { version: 5 });
      await client.subscribe("a", 0);
      const codes = [];
      // The breaker is open from the third on.
      for (const messageId of [1, 2, 3, 4]) {
        await client.send({
          cmd: "publish",
          topic: "a",
          payload: "x",
          qos: 1,
          dup: false,
          retain: false,
          messageId,
        });
        let packet = await client.next();
        if (packet.cmd === "publish") packet = await client.next();
        assertEquals(packet.cmd, "puback");
        codes.push((packet as { reasonCode?: number }).reasonCode ?? 0);
      }
      assertEquals(broker.describePlugins()[1].failures, 2);
      const { publishSent } = broker.context.stats();
      return [...codes, publishSent];
    };
    const refused = [0x87, 0x87, 0x87, 0x87, 0];
    assertEquals(await publish({}), refused);
    const deny = { fallback: { interceptPublish: "deny" } };
    assertEquals(await publish(deny), refused);
    const allow = { fallback: { interceptPublish: "allow" } };
    assertEquals(await publish(allow), [0, 0, 0, 0, 4]);
  });
}

Deno.test("rule 3: an interceptor that must answer at once is left alone, too", async () => {
  let calls = 0;
  const plugin = {
    interceptRetain: () => {
      calls++;
      throw new Error("broken");
    },
  };
  const retained = async (fallback: string) => {
    await using broker = await startBroker({
      ...OPEN,
      plugins: ["auth_anonymous", {
        plugin,
        fallback: { interceptRetain: fallback },
        concurrency: 1,
        circuitBreaker: { failures: 1 },
      }],
    });
    await using client = await TestClient.connect(broker);
    await client.publish("a", "1", { retain: true });
    await client.publish("b", "2", { retain: true });
    return broker.context.retained.size;
  };
  assertEquals(await retained("deny"), 0);
  assertEquals(await retained("allow"), 2);
  assertEquals(calls, 2);
});

Deno.test("rule 3: so many answers are waited for at one time, and the others wait", async () => {
  const answers: PromiseWithResolvers<boolean>[] = [];
  const plugin = {
    authenticate: () => {
      const answer = Promise.withResolvers<boolean>();
      answers.push(answer);
      return answer.promise;
    },
  };
  const manager = await loadManager([{ plugin, path: "p", concurrency: 2 }], {
    decisionTimeout: 600_000,
  });
  const verdicts = [1, 2, 3, 4].map(() => manager.authenticate(AUTH));
  assertEquals(answers.length, 2);
  answers[1].resolve(true);
  assertEquals(await verdicts[1], true);
  assertEquals(answers.length, 3);
  answers[0].reject(new Error("no"));
  assertEquals(await verdicts[0], DENIED);
  assertEquals(answers.length, 4);
  answers[2].resolve(false);
  answers[3].resolve(true);
  assertEquals(await verdicts[2], { allow: false, reasonCode: 0x87 });
  assertEquals(await verdicts[3], true);
  // Nobody holds a place any more.
  const last = manager.authenticate(AUTH);
  assertEquals(answers.length, 5);
  answers[4].resolve(true);
  assertEquals(await last, true);
  await manager.close();
});

Deno.test("rule 3: when too many wait for a plugin, it denies; a place is given up when the time is over", async () => {
  const logger = new MemoryLogger();
  let calls = 0;
  const plugin = { authenticate: () => (calls++, never()) };
  const entry = { plugin, path: "p", concurrency: 1, timeout: 0.05 };
  const manager = await loadManager([entry], { logger });
  const verdicts = Array.from(
    { length: 1001 },
    () => manager.authenticate(AUTH),
  );
  assertEquals(calls, 1);
  assertEquals(await manager.authenticate(AUTH), DENIED);
  assertStringIncludes(logger.text, "too many wait for its answer");
  for (const verdict of await Promise.all(verdicts)) {
    assertEquals(verdict, DENIED);
  }
  // Whoever waited too long was not asked about any more.
  assert(calls < 1001);
  await manager.close();
});

Deno.test("rule 3: a plugin that fails too often is left alone: it denies, and observes nothing", async () => {
  const { plugin: watcher, seen } = alarms();
  let calls = 0;
  let events = 0;
  const broken = {
    topicFiltering: () => {
      calls++;
      throw new Error("broken");
    },
    onBrokerClientConnected: () => void events++,
    onBrokerPreShutdown: () => void seen.push("life cycle"),
  };
  const logger = new MemoryLogger();
  const manager = await loadManager([
    {
      plugin: broken,
      name: "broken",
      path: "p",
      circuitBreaker: { failures: 3, window: 600, open: 600 },
    },
    { plugin: watcher, path: "w" },
  ], {
    logger,
    onAlarm: (alarm, message) =>
      message === undefined
        ? manager.emit("onBrokerAlarmCleared", { alarm })
        : manager.emit("onBrokerAlarmRaised", { alarm, message }),
  });
  manager.emit("onBrokerClientConnected", clientEvent("c"));
  for (let i = 0; i < 10; i++) {
    manager.emit("onBrokerClientConnected", clientEvent("c"));
    assertEquals(manager.topicFiltering(topicEvent("t")), DENIED);
  }
  assertEquals([calls, events], [3, 4]);
  const message =
    'The plugin "broken" failed 3 times in 600 seconds: it is left alone for 600 seconds, and what it decides is decided by its fallback';
  assertEquals(seen, [`+plugin:broken ${message}`]);
  assertStringIncludes(logger.text, message);
  await manager.emitAndWait("onBrokerPreShutdown");
  assertEquals(seen.at(-1), "life cycle");
  await manager.close();
});

for (const isSlow of [false, true]) {
  Deno.test(`rule 3: a plugin that was left alone is tried again, answering ${isSlow ? "later" : "at once"}`, async () => {
    const seen: string[] = [];
    let isBroken = true;
    const plugin = {
      authenticate() {
        const answer = () => {
          if (isBroken) throw new Error("broken");
          return true;
        };
        return isSlow ? Promise.resolve().then(answer) : answer();
      },
    };
    const manager = await loadManager([{
      plugin,
      name: "p",
      path: "p",
      circuitBreaker: { failures: 1, window: 600, open: 0.001 },
    }], {
      onAlarm: (alarm, message) =>
        void seen.push(`${message === undefined ? "-" : "+"}${alarm}`),
    });
    const failures = () => manager.describe()[0].failures;
    assertEquals(await manager.authenticate(AUTH), DENIED);
    assertEquals(seen, ["+plugin:p"]);
    // It is tried, and fails again: the alarm goes on.
    while (failures() < 3) {
      assertEquals(await manager.authenticate(AUTH), DENIED);
      await turn();
    }
    isBroken = false;
    while (await manager.authenticate(AUTH) !== true) await turn();
    assertEquals(seen, ["+plugin:p", "-plugin:p"]);
    assertEquals(await manager.authenticate(AUTH), true);
    await manager.close();
  });
}

Deno.test("rule 3: the alarm of a plugin ends with the plugin", async () => {
  const { plugin: watcher, seen } = alarms();
  const broken = {
    onBrokerMessageReceived: () => {
      throw new Error("broken");
    },
  };
  await using broker = await startBroker({
    ...OPEN,
    plugins: ["auth_anonymous", watcher, {
      plugin: broken,
      name: "broken",
      circuitBreaker: { failures: 2 },
    }],
  });
  await using client = await TestClient.connect(broker);
  for (let i = 0; i < 5; i++) await client.publish("t", "x");
  assertEquals(broker.describePlugins()[2].failures, 2);
  assertEquals(seen.length, 1);
  assertStringIncludes(seen[0], "+plugin:broken ");
  await broker.removePlugin("broken");
  assertEquals(seen.slice(1), ["-plugin:broken"]);
});
