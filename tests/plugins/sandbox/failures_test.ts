/** A sandboxed plugin that fails is ended and comes back; the broker goes on. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually, TestClient } from "../../_client.ts";
import type { MemoryLogger } from "../manager_support.ts";
import { type SandboxedBroker, withSandboxed } from "./_support.ts";

/** The plugin does `act` when the topic `act` is asked about; else it says yes. */
function acting(act: string, more = ""): string {
  return `export default class Subject extends BasePlugin {
    constructor(context) {
      super(context);
      context.logger.info("process " + Deno.pid + " ");
      ${more}
    }
    async topicFiltering({ topic }) {
      if (topic === "act") { ${act} }
      return true;
    }
  }`;
}

const ENDINGS = [
  {
    name: "loops for ever",
    source: acting("while (true) {}"),
    sandbox: { deadline: 2 },
    reason: "it has not reacted for 2 seconds",
  },
  {
    name: "loops for ever in promises",
    source: acting("while (true) await null;"),
    sandbox: { deadline: 2 },
    reason: "it has not reacted for 2 seconds",
  },
  {
    name: "fills its heap",
    source: acting(
      "const all = []; while (true) all.push(new Array(1000).fill({}));",
    ),
    // A machine that is busy may find it idle first.
    sandbox: { memory: 32, deadline: 60 },
    reason: "it took more memory than its 32 MiB",
  },
  {
    name: "takes memory outside its heap",
    source: acting(
      "const all = []; while (true) { all.push(new Uint8Array(4e6).fill(1)); await new Promise((go) => setTimeout(go)); }",
    ),
    sandbox: { memory: 32, deadline: 60 },
    reason: "it took more memory than its 32 MiB",
  },
  {
    name: "exits",
    source: acting("Deno.exit(3);"),
    reason: "its process ended by itself with code 3",
  },
  {
    name: "writes what is no message",
    source: acting(
      `await Deno.stdout.write(new TextEncoder().encode("GET / HTTP/1.1")); await new Promise(() => {});`,
    ),
    reason: "what came is no message",
  },
] as const;

for (const { name, source, reason, ...others } of ENDINGS) {
  Deno.test(`a sandboxed plugin that ${name} is ended and comes back`, async () => {
    const sandbox = "sandbox" in others ? others.sandbox : undefined;
    await withSandboxed({ source, sandbox }, async (running) => {
      const { broker, logger } = running;
      await using client = await TestClient.connect(broker, { version: 5 });
      assertEquals(await client.tryPublish("before"), 0x10);
      const [first] = processes(logger);
      // Its decision is a no.
      assertEquals(await client.tryPublish("act"), 0x87);
      await eventually(() => logger.text.includes("has ended"), "end");
      assertStringIncludes(logger.text, reason);
      assert(!isRunning(first), "its process still runs");
      // While it is away every decision of it is one, and what needs none goes on.
      const meanwhile = await client.tryPublish("meanwhile");
      // On a busy machine it may be back already.
      if (!logger.text.includes("runs again")) assertEquals(meanwhile, 0x87);
      await client.ping();
      await eventually(() => logger.text.includes("runs again"), "return");
      assertEquals(await client.tryPublish("after"), 0x10);
      assertEquals(processes(logger).length, 2);
      assertEquals(countersOf(running).sandboxRestarts, 1);
    });
  });
}

Deno.test("an alarm tells that a sandboxed plugin is away, and that it is back", async () => {
  const told: string[] = [];
  const watcher = {
    onBrokerAlarmRaised: ({ alarm, message }: Record<string, string>) =>
      told.push(`raised ${alarm}: ${message}`),
    onBrokerAlarmCleared: ({ alarm }: Record<string, string>) =>
      told.push(`cleared ${alarm}`),
  };
  await withSandboxed(
    { source: acting("Deno.exit(3);"), others: [watcher] },
    async ({ broker }) => {
      await using client = await TestClient.connect(broker, { version: 5 });
      await client.tryPublish("act");
      await eventually(() => told.length === 2, "alarms");
      assertStringIncludes(told[0], "raised plugin:subject: The sandbox");
      assertStringIncludes(told[0], "started again in 1 s");
      assertEquals(told[1], "cleared plugin:subject");
    },
  );
});

Deno.test("a sandboxed plugin that cannot be started again is tried less and less often", async () => {
  const source = `export default class Subject extends BasePlugin {
    constructor(context) {
      super(context);
      const { mark } = context.config;
      if (Deno.readTextFileSync(mark) === "broken") throw new Error("a bad day");
    }
    topicFiltering({ topic }) { if (topic === "act") Deno.exit(1); return true; }
  }`;
  const mark = await Deno.makeTempFile();
  const sandbox = { read: [mark], deadline: 60 };
  try {
    await withSandboxed(
      { source, sandbox, options: { mark } },
      async ({ broker, logger }) => {
        await using client = await TestClient.connect(broker, { version: 5 });
        await Deno.writeTextFile(mark, "broken");
        await client.tryPublish("act");
        await eventually(() => logger.text.includes("in 2 s"), "second try");
        assertStringIncludes(logger.text, "code 1. It is started again in 1 s");
        assertStringIncludes(
          logger.text,
          "a bad day. It is started again in 2 s",
        );
        await Deno.writeTextFile(mark, "");
        await eventually(() => logger.text.includes("runs again"), "return");
        assertEquals(await client.tryPublish("after"), 0x10);
      },
    );
  } finally {
    await Deno.remove(mark);
  }
});

Deno.test("the second process gets the life cycle events again", async () => {
  const source = `export default class Subject extends BasePlugin {
    #ready = "no";
    onBrokerPreStart() { this.#ready = "half"; }
    onBrokerPostStart() { this.context.logger.info("ready after " + this.#ready); }
    topicFiltering({ topic }) { if (topic === "act") Deno.exit(1); return true; }
  }`;
  await withSandboxed({ source }, async ({ broker, logger }) => {
    await using client = await TestClient.connect(broker, { version: 5 });
    await client.tryPublish("act");
    await eventually(() => logger.text.includes("runs again"), "return");
    assertEquals(logger.text.split("ready after half").length, 3);
  });
});

Deno.test("what one call of a sandboxed plugin does wrong stays in that call", async () => {
  const source = `export default class Subject extends BasePlugin {
    async topicFiltering({ topic }) {
      if (topic === "reject") return Promise.reject(new Error("no idea"));
      if (topic === "throw-text") throw "just a text";
      if (topic === "function") return () => true;
      if (topic === "deep") { const one = {}; one.one = one; return one; }
      if (topic === "truthy") return "yes";
      if (topic === "uncaught") { setTimeout(() => { throw new Error("lost"); }); Promise.reject(new Error("lost too")); }
      return true;
    }
    onBrokerClientSubscribed() { throw new Error("not for me"); }
  }`;
  await withSandboxed({ source }, async (running) => {
    const { broker, logger } = running;
    await using client = await TestClient.connect(broker, { version: 5 });
    const denied = ["reject", "throw-text", "function", "deep", "truthy"];
    for (const topic of denied) {
      assertEquals(await client.tryPublish(topic), 0x87, topic);
    }
    assertEquals(await client.tryPublish("uncaught"), 0x10);
    assertEquals(await client.subscribe("a"), [0]);
    await eventually(() => failuresOf(running) === 8, "failures");
    assertEquals(await client.tryPublish("after"), 0x10);
    assertStringIncludes(logger.text, "failed in topicFiltering(): no idea");
    assertEquals(countersOf(running).sandboxRestarts, undefined);
  });
});

Deno.test("a sandboxed plugin that talks without end is slowed down, not the broker", async () => {
  const source = acting(
    `for (let i = 0; ; i++) { this.context.count("words"); if (i % 1000 === 0) await new Promise((go) => setTimeout(go)); }`,
  );
  await withSandboxed(
    { source, config: { pluginTimeout: 1 } },
    async (running) => {
      const { broker } = running;
      await using flooder = await TestClient.connect(broker, { version: 5 });
      await using client = await TestClient.connect(broker, { version: 5 });
      assertEquals(await flooder.tryPublish("act"), 0x87);
      await eventually(() => countersOf(running).words > 20_000, "words");
      for (let i = 0; i < 10; i++) await client.ping();
    },
  );
});

Deno.test("a sandboxed plugin that does not end when it is closed is ended", async () => {
  const source = acting("", "").replace(
    /\}$/,
    "close() { this.context.logger.info('closing'); while (true) {} } }",
  );
  let logger: MemoryLogger | undefined;
  await withSandboxed({ source, sandbox: { deadline: 2 } }, (running) => {
    logger = running.logger;
    return Promise.resolve();
  });
  assertStringIncludes(logger!.text, "failed in close()");
  assert(!isRunning(processes(logger!)[0]));
});

Deno.test("closing does not wait for what a sandboxed plugin is asked", async () => {
  const source = acting("await new Promise(() => {});");
  let logger: MemoryLogger | undefined;
  await withSandboxed({ source }, async (running) => {
    logger = running.logger;
    await using client = await TestClient.connect(running.broker);
    await client.send({
      cmd: "publish",
      topic: "act",
      payload: "x",
      qos: 0,
      dup: false,
      retain: false,
    });
    await eventually(() => processes(logger!).length === 1, "process");
  });
  assert(!isRunning(processes(logger!)[0]));
});

Deno.test("a broker can be stopped while a sandboxed plugin is away", async () => {
  await withSandboxed({ source: acting("Deno.exit(1);") }, async (running) => {
    await using client = await TestClient.connect(running.broker, {
      version: 5,
    });
    await client.tryPublish("act");
    await eventually(() => running.logger.text.includes("has ended"), "end");
  });
});

/** The processes that the plugin has told of. */
function processes({ text }: MemoryLogger): number[] {
  return [...text.matchAll(/process (\d+) /g)].map(([, pid]) => Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

function countersOf({ broker }: SandboxedBroker): Record<string, number> {
  return { ...subject(broker).counters };
}

function failuresOf({ broker }: SandboxedBroker): number {
  return subject(broker).failures;
}

function subject(broker: SandboxedBroker["broker"]) {
  return broker.describePlugins().find(({ name }) => name === "subject")!;
}
