/** Plugins that are not ready: the broker does not listen before they are. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { BrokerContext } from "../../../mod.ts";
import { RecordingLogger } from "../bundled/_context.ts";
import { startProbes } from "./_probe.ts";

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isOpen(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

function refused(
  port: number,
  onConstruct: (context: BrokerContext) => void,
  onPreStart: (context: BrokerContext) => unknown = () => {},
): Promise<Error> {
  const config = {
    listeners: { default: { bind: `127.0.0.1:${port}` } },
    readyTimeout: 0.05,
  };
  return assertRejects(
    () => startProbes(config, { names: ["slow"], onConstruct, onPreStart }),
    Error,
  );
}

Deno.test("the broker listens when every plugin is ready", async () => {
  const [port, adminPort] = [freePort(), freePort()];
  const backEnd = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const contexts: BrokerContext[] = [];
  const starting = startProbes({
    listeners: { default: { bind: `127.0.0.1:${port}` } },
    admin: { bind: `127.0.0.1:${adminPort}` },
  }, {
    names: ["one", "two"],
    onConstruct(context) {
      contexts.push(context);
      if (context.name === "one") context.notReady("reads a list");
      else context.notReady("waits for its server", backEnd.promise);
    },
    onPreStart: ({ name }) => name === "two" && waiting.resolve(),
  });
  await waiting.promise;
  const readyz = async () => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return await answer.text();
  };
  assertEquals(
    await readyz(),
    "not ready\nbroker: starting\none: reads a list\ntwo: waits for its server\n",
  );
  assertEquals(await isOpen(port), false);
  contexts[0].ready();
  assertEquals(
    await readyz(),
    "not ready\nbroker: starting\ntwo: waits for its server\n",
  );
  assertEquals(await isOpen(port), false);
  backEnd.resolve();
  await using _broker = await starting;
  assertEquals(await isOpen(port), true);
  assertEquals(await readyz(), "ready\n");
});

Deno.test("a plugin that is not ready in time keeps the broker from starting", async () => {
  const port = freePort();
  const { message } = await refused(
    port,
    (context) => context.notReady("reads a list"),
  );
  assertEquals(
    message,
    'Cannot start the broker: after 0.05 seconds these plugins are not ready: "slow" (reads a list). Mend what they wait for, or raise ready-timeout',
  );
  assertEquals(await isOpen(port), false);
});

Deno.test("a plugin that will not be ready ends the start at once", async () => {
  const error = new Error("no such host");
  const thrown = await refused(0, (context) => {
    context.notReady("waits for its server", Promise.reject(error));
  });
  assertEquals(
    thrown.message,
    'Cannot start the broker: the plugin "slow" is not ready (waits for its server): no such host',
  );
  assertEquals(thrown.cause, error);
});

Deno.test("a failure in onBrokerPreStart() of a plugin that is not ready says what it was", async () => {
  const logger = new RecordingLogger("error");
  await assertRejects(
    () =>
      startProbes({ readyTimeout: 0.05 }, {
        logger,
        onConstruct: (context) => context.notReady("reads a list"),
        onPreStart: () => Promise.reject(new Error("the list is empty")),
      }),
    Error,
    "reads a list",
  );
  assert(logger.lines.some((line) => line.includes("the list is empty")));
});

Deno.test("a broker that did not start can be started again", async () => {
  let ok = false;
  const { broker } = await startProbes();
  await broker.shutdown();
  const { default: Probe } = await import("./fixtures/probe.ts");
  try {
    Probe.onConstruct = (context) => {
      if (!ok) context.notReady("is unlucky", Promise.reject(new Error("no")));
    };
    await assertRejects(() => broker.start(), Error, "is unlucky");
    assertEquals(broker.state, "stopped");
    ok = true;
    await broker.start();
    assertEquals(broker.state, "started");
  } finally {
    Probe.onConstruct = undefined;
    await broker.shutdown();
  }
});

Deno.test("what a plugin waited for before does not count any more", async () => {
  const admin = { bind: "127.0.0.1:0" };
  await using probes = await startProbes({ admin });
  const { context, broker } = probes;
  const readyz = async () =>
    (await (await fetch(`${broker.adminUrl}/readyz`)).text()).trim();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  context.notReady("first", first.promise);
  context.notReady("second", second.promise);
  first.resolve();
  assertEquals(await readyz(), "not ready\nprobe: second");
  second.reject(new Error("broken"));
  assertEquals(await readyz(), "not ready\nprobe: second: broken");
  context.ready();
  assertEquals(await readyz(), "ready");
  context.notReady("third", third.promise);
  context.ready();
  third.reject(new Error("late"));
  assertEquals(await readyz(), "ready");
});
