import { assert, assertEquals, assertThrows } from "@std/assert";
import { runInNewContext } from "node:vm";
import { collectGarbage } from "../broker/garbage.ts";
import { HeapTrim } from "../broker/heap_trim.ts";
import { Broker, silentLogger, type Transport } from "../mod.ts";

/** A trim whose clock moves when it is told to. */
function trim() {
  const due: (() => void)[] = [];
  const core = {
    gate: { open: 0 },
    stats: { packetsReceived: 0 },
    clock: {
      schedule: (_: number, callback: () => void) => due.push(callback),
    },
  };
  let collected = 0;
  const trim = new HeapTrim(
    core as unknown as ConstructorParameters<typeof HeapTrim>[0],
    () => collected++,
  );
  return {
    core,
    open(count: number): void {
      for (let i = 0; i < count; i++) {
        core.gate.open++;
        trim.opened();
      }
    },
    /** Time passes, in which packets arrive. */
    pass(packets: number): void {
      core.stats.packetsReceived += packets;
      for (const callback of due.splice(0)) callback();
    },
    /** How many times it was collected since the last call. */
    collected(): number {
      const count = collected;
      collected = 0;
      return count;
    },
    get watches(): boolean {
      return due.length > 0;
    },
  };
}

Deno.test("HeapTrim collects once when many clients have come and it is quiet", () => {
  const { open, pass, collected, core } = trim();
  open(499);
  pass(0);
  assertEquals(collected(), 0);
  open(1);
  pass(1000);
  pass(101);
  assertEquals(collected(), 0);
  pass(100);
  assertEquals(collected(), 1);
  pass(0);
  open(499);
  pass(0);
  assertEquals(collected(), 0);
  assertEquals(core.gate.open, 999);
});

Deno.test("HeapTrim collects in the middle of a storm that does not end", () => {
  const { open, pass, collected } = trim();
  for (let i = 0; i < 10; i++) {
    open(600);
    pass(1000);
  }
  assertEquals(collected(), 3);
});

Deno.test("HeapTrim takes clients that come and go for no more than they are", () => {
  const one = trim();
  one.open(1000);
  one.pass(0);
  assertEquals(one.collected(), 1);
  for (let i = 0; i < 5000; i++) {
    one.core.gate.open--;
    one.open(1);
  }
  assert(!one.watches);
  // Most have gone, and others come.
  one.core.gate.open = 100;
  one.open(501);
  one.pass(0);
  assertEquals(one.collected(), 1);
  // Gone before it was quiet.
  one.open(500);
  one.pass(1000);
  one.core.gate.open = 200;
  one.pass(0);
  assertEquals(one.collected(), 0);
  assert(!one.watches);
});

Deno.test("A broker has garbage collected after many clients have come", async () => {
  const collected = Promise.withResolvers<void>();
  await using broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_anonymous: { allowAnonymous: true } },
  }, { logger: silentLogger, collectGarbage: () => collected.resolve() });
  await broker.start();
  for (let i = 0; i < 500; i++) broker.handleTransport(silent());
  await collected.promise;
});

Deno.test("collectGarbage() collects, and leaves no flag behind", async () => {
  const garbage = (() => new WeakRef({}))();
  // Until the end of the turn what a WeakRef refers to is kept.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage(0);
  assert(garbage.deref() !== undefined);
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage(Infinity);
  assertEquals(garbage.deref(), undefined);
  assertThrows(() => runInNewContext("gc"), "gc is not defined");
});

/** A connection of a client that says nothing. */
function silent(): Transport {
  const closed = Promise.withResolvers<null>();
  return {
    kind: "external",
    remoteAddress: "",
    remotePort: 0,
    read: () => closed.promise,
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => closed.resolve(null),
  };
}
