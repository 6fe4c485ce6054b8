import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import type { EnhancedAuthResult } from "../../plugins/mod.ts";
import {
  loadManager,
  MemoryLogger,
  SESSION,
  topicEvent,
} from "./manager_support.ts";

const AUTH = { session: SESSION };
const DENIED = { allow: false, reasonCode: 0x87 } as const;

type Answer = unknown;

async function decideAll(
  answers: Answer[],
  policy: "all" | "first" | "deny-overrides",
): Promise<unknown> {
  const entries = answers.map((answer) => ({
    plugin: {
      authenticate: () => answer,
      topicFiltering: () => answer,
    },
    path: "p",
  }));
  const manager = await loadManager(entries, {
    authPolicy: policy,
    topicPolicy: policy,
  });
  const auth = manager.authenticate(AUTH);
  const topic = manager.topicFiltering(topicEvent("t"));
  const isAsync = answers.some((answer) => answer instanceof Promise);
  // The fast path: without a promise among the answers there is none in the verdict.
  if (!isAsync) assert(!(auth instanceof Promise || topic instanceof Promise));
  assertEquals(await auth, await topic);
  await manager.close();
  return await auth;
}

Deno.test("aMQTT 28: the policy turns the answers into one verdict", async () => {
  const cases: Array<[Answer[], all: boolean, first: boolean]> = [
    [[true], true, true],
    [[false], false, false],
    [[null], false, false],
    [[undefined, null], false, false],
    [[undefined, true], true, true],
    [[null, false], false, false],
    [[true, true], true, true],
    [[true, false], false, true],
    [[false, true], false, false],
    [[true, undefined], true, true],
    [[1], false, false],
    [["yes"], false, false],
    [[{ allow: true }], false, false],
    [[true, {}], false, true],
  ];
  for (const [answers, all, first] of cases) {
    const verdict = (allowed: boolean) => allowed ? true : DENIED;
    // Every mix of plain answers and promises.
    for (let mix = 0; mix < 2 ** answers.length; mix++) {
      const mixed = () =>
        answers.map((answer, index) =>
          mix >> index & 1 ? Promise.resolve(answer) : answer
        );
      assertEquals(await decideAll(mixed(), "all"), verdict(all));
      assertEquals(await decideAll(mixed(), "deny-overrides"), verdict(all));
      assertEquals(await decideAll(mixed(), "first"), verdict(first));
    }
  }
});

Deno.test("a denial keeps its reason, if the reason code is one", async () => {
  const reason = { allow: false, reasonCode: 0x97, reasonString: "quota" };
  assertEquals(await decideAll([reason], "all"), reason);
  assertEquals(await decideAll([Promise.resolve(reason)], "first"), reason);
  assertEquals(await decideAll([{ allow: false, reasonString: "no" }], "all"), {
    ...DENIED,
    reasonString: "no",
  });
  assertEquals(
    await decideAll([{ allow: false, reasonCode: 0 }], "all"),
    DENIED,
  );
});

Deno.test("without plugins nobody connects, and every topic is allowed", async () => {
  const manager = await loadManager([]);
  assertEquals(manager.authenticate(AUTH), DENIED);
  assertEquals(manager.topicFiltering(topicEvent("t")), true);
  assertEquals(
    await manager.enhancedAuthenticate(enhancedEvent("m")),
    undefined,
  );
  assertEquals(
    [
      manager.authenticates,
      manager.filtersTopics,
      manager.authenticatesEnhanced,
    ],
    [false, false, false],
  );
  await manager.close();
});

Deno.test("a plugin decides only about what it is used for", async () => {
  const plugin = { authenticate: () => false, topicFiltering: () => false };
  const manager = await loadManager([
    { plugin: { authenticate: () => true }, path: "a" },
    { plugin, path: "b", use: { auth: false } },
    { plugin, path: "c", use: { auth: false, topic: false } },
  ]);
  assertEquals(manager.authenticate(AUTH), true);
  assertEquals(manager.topicFiltering(topicEvent("t")), DENIED);
  await manager.close();
});

Deno.test("plugins are asked in order, the next when the one before has answered", async () => {
  const seen: string[] = [];
  const plugin = (name: string) => ({
    async topicFiltering() {
      seen.push(`${name} asked`);
      await Promise.resolve();
      seen.push(`${name} answers`);
      return true;
    },
  });
  const manager = await loadManager([
    { plugin: plugin("a"), path: "a" },
    { plugin: plugin("b"), path: "b" },
  ]);
  const verdict = manager.topicFiltering(topicEvent("t"));
  assertInstanceOf(verdict, Promise);
  assertEquals(await verdict, true);
  assertEquals(seen, ["a asked", "a answers", "b asked", "b answers"]);
  await manager.close();
});

Deno.test("a throw, a rejection and a time-out deny, also beside a plugin that agrees", async () => {
  const answers: Array<[string, () => unknown]> = [
    ["trouble", () => {
      throw new Error("trouble");
    }],
    ["trouble", () => Promise.reject(new Error("trouble"))],
    ["no answer after 5 ms", () => new Promise(() => {})],
  ];
  for (const [message, answer] of answers) {
    const logger = new MemoryLogger();
    const plugin = {
      authenticate: answer,
      topicFiltering: answer,
      enhancedAuthenticate: answer,
    };
    const yes = { authenticate: () => true, topicFiltering: () => true };
    const manager = await loadManager([
      { plugin: yes, path: "a" },
      { plugin, path: "b", name: "bad" },
      { plugin: yes, path: "c" },
    ], { logger, decisionTimeout: 5 });
    const failed = { allow: false, reasonCode: 0x87, failed: true } as const;
    assertEquals(await manager.authenticate(AUTH), failed);
    assertEquals(await manager.topicFiltering(topicEvent("t")), failed);
    assertEquals(
      await manager.enhancedAuthenticate(enhancedEvent("m")),
      failed,
    );
    assertEquals(manager.describe()[1].failures, 3);
    assertStringIncludes(
      logger.text,
      `The plugin "bad" failed in authenticate(): ${message}`,
    );
    await manager.close();
  }
});

Deno.test("enhancedAuthenticate() takes the first plugin that knows the method", async () => {
  const knows = (known: string, answer: EnhancedAuthResult) => ({
    enhancedAuthenticate: ({ method }: { method: string }) =>
      method === known ? answer : undefined,
  });
  const data = new Uint8Array([1]);
  const manager = await loadManager([
    { plugin: knows("a", { result: "continue", data }), path: "a" },
    { plugin: knows("a", { result: "success" }), path: "b" },
    { plugin: knows("b", false), path: "c" },
    { plugin: knows("c", { allow: false, reasonCode: 0x8c }), path: "d" },
    { plugin: knows("d", {} as EnhancedAuthResult), path: "e" },
  ]);
  const ask = (method: string) =>
    manager.enhancedAuthenticate(enhancedEvent(method));
  assertEquals(await ask("a"), { result: "continue", data });
  assertEquals(await ask("b"), DENIED);
  assertEquals(await ask("c"), { allow: false, reasonCode: 0x8c });
  assertEquals(await ask("d"), DENIED);
  assertEquals(await ask("x"), undefined);
  await manager.close();
});

function enhancedEvent(method: string) {
  return {
    session: SESSION,
    method,
    data: undefined,
    reauthentication: false,
    step: 1,
  };
}
