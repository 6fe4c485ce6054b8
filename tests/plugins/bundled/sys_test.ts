import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { matches } from "../../../broker/topics/filter.ts";
import denoJson from "../../../deno.json" with { type: "json" };
import type { BrokerStats } from "../../../plugins/mod.ts";
import Sys, { type SysOptions } from "../../../plugins/sys.ts";
import { checkedOptions, type FakeContext, fakeContext } from "./_context.ts";

const STARTED_AT = Date.UTC(2025, 0, 31, 12, 0, 0);
const STATS: BrokerStats = {
  startedAt: STARTED_AT,
  bytesReceived: 1,
  bytesSent: 2,
  packetsReceived: 3,
  packetsSent: 4,
  publishReceived: 5,
  publishSent: 6,
  dropped: {},
  limits: {},
  clientsConnected: 10,
  clientsDisconnected: 20,
  clientsMaximum: 15,
  inflightIn: 100,
  inflightOut: 200,
  queued: 1000,
  queuedBytes: 8000,
  retained: 2000,
  subscriptions: 7,
};

async function start(options: unknown): Promise<FakeContext<SysOptions>> {
  const config = await checkedOptions<SysOptions>(Sys, options);
  const fake = fakeContext(config, { stats: STATS });
  await new Sys(fake.context).onBrokerPostStart?.();
  return fake;
}

Deno.test("aMQTT 37: sys publishes all 24 topics with aMQTT's names", async () => {
  const { intervals, published, retained } = await start({ sysInterval: 1 });
  assertEquals(intervals[0].milliseconds, 1000);
  assertEquals(published, []);
  intervals[0].callback();
  const topics = [...retained.keys(), ...published.map(([topic]) => topic)];
  assertEquals(
    topics.sort(),
    [
      "clients/connected",
      "clients/disconnected",
      "clients/maximum",
      "clients/total",
      "cpu/maximum",
      "cpu/percent",
      "heap/maximum",
      "heap/size",
      "load/bytes/received",
      "load/bytes/sent",
      "messages/inflight",
      "messages/inflight/in",
      "messages/inflight/out",
      "messages/inflight/stored",
      "messages/publish/received",
      "messages/publish/sent",
      "messages/received",
      "messages/retained/count",
      "messages/sent",
      "messages/subscriptions/count",
      "time",
      "uptime",
      "uptime/formatted",
      "version",
    ].map((name) => `$SYS/broker/${name}`),
  );
});

Deno.test("aMQTT 37: sys publishes the broker's counters", async () => {
  const { intervals, published } = await start({ sysInterval: 1 });
  const before = Date.now();
  intervals[0].callback();
  const after = Date.now();
  const values = Object.fromEntries(
    published.map(([topic, text]) => [topic.replace("$SYS/broker/", ""), text]),
  );
  const { time, uptime, ...rest } = values;
  assert(Number(time) >= Math.floor(before / 1000));
  assert(Number(time) <= after / 1000);
  const started = STARTED_AT / 1000;
  assert(Math.abs(Number(time) - Number(uptime) - started) <= 1);
  for (const name of ["heap/size", "heap/maximum"]) {
    assertMatch(rest[name], /^\d+\.\d{3}$/);
    assert(Number(rest[name]) > 1);
    delete rest[name];
  }
  for (const name of ["cpu/percent", "cpu/maximum"]) {
    assertMatch(rest[name], /^\d+\.\d{3}$/);
    delete rest[name];
  }
  assertEquals(rest, {
    "load/bytes/received": "1",
    "load/bytes/sent": "2",
    "messages/received": "3",
    "messages/sent": "4",
    "messages/publish/received": "5",
    "messages/publish/sent": "6",
    "clients/connected": "10",
    "clients/disconnected": "20",
    "clients/total": "30",
    "clients/maximum": "15",
    "messages/inflight": "300",
    "messages/inflight/in": "100",
    "messages/inflight/out": "200",
    "messages/inflight/stored": "3000",
    "messages/retained/count": "2000",
    "messages/subscriptions/count": "7",
    "uptime/formatted": "2025-01-31 12:00:00+00:00",
  });
});

Deno.test("sys publishes how often each limit was reached, once it was", async () => {
  const { context, intervals, published } = fakeContext(
    await checkedOptions<SysOptions>(Sys, { sysInterval: 1 }),
    { stats: { ...STATS, limits: { maxConnections: 3, byteRate: 1 } } },
  );
  await new Sys(context).onBrokerPostStart?.();
  intervals[0].callback();
  assertEquals(
    published.filter(([topic]) => topic.startsWith("$SYS/broker/limits/")),
    [
      ["$SYS/broker/limits/max-connections", "3"],
      ["$SYS/broker/limits/byte-rate", "1"],
    ],
  );
});

Deno.test("sys takes another interval; the earlier one has nothing more to do", async () => {
  const config = await checkedOptions<SysOptions>(Sys, { sysInterval: 1 });
  const { context, intervals, published } = fakeContext(config, {
    stats: STATS,
  });
  const plugin = new Sys(context);
  await plugin.onBrokerPostStart?.();
  plugin.onConfigChanged({ sysInterval: 1 })?.();
  assertEquals(intervals.length, 1);
  plugin.onConfigChanged({ sysInterval: 5 })?.();
  assertEquals(intervals.map(({ milliseconds }) => milliseconds), [1000, 5000]);
  intervals[0].callback();
  assertEquals(published, []);
  intervals[1].callback();
  assertEquals(published.length, 23);
  plugin.onConfigChanged({ sysInterval: 0 })?.();
  intervals[1].callback();
  assertEquals([intervals.length, published.length], [2, 23]);
});

Deno.test("aMQTT 37: sys retains the version of the package", async () => {
  const { retained } = await start({});
  assertEquals([...retained], [
    ["$SYS/broker/version", `DinoMQ ${denoJson.version}`],
  ]);
});

Deno.test("sys publishes every 20 seconds by default", async () => {
  const { intervals, logger } = await start({});
  assertEquals(intervals[0].milliseconds, 20_000);
  assertEquals(logger.lines, []);
});

for (const sysInterval of [0, null]) {
  Deno.test(`aMQTT 37: sys publishes only the version and warns at the interval ${sysInterval}`, async () => {
    const { intervals, logger, retained } = await start({ sysInterval });
    assertEquals(intervals, []);
    assertEquals(retained.size, 1);
    assertEquals(logger.lines, [
      `warn: "sys-interval" is ${sysInterval}: of $SYS only the version is published`,
    ]);
  });
}

Deno.test("aMQTT 38: sys publishes nothing that a filter with a leading wildcard selects", async () => {
  const { intervals, published, retained } = await start({ sysInterval: 1 });
  intervals[0].callback();
  const topics = [...retained.keys(), ...published.map(([topic]) => topic)];
  const filters = ["#", "+/broker/#", "+/broker/time", "+/broker/+/maximum"];
  for (const filter of filters) {
    assertEquals(topics.filter((topic) => matches(filter, topic)), []);
  }
  const all = topics.filter((topic) => matches("$SYS/broker/#", topic));
  assertEquals(all.length, 24);
});

Deno.test("sys keeps the maximum of memory and processor use", async () => {
  const { intervals, published } = await start({ sysInterval: 1 });
  for (let i = 0; i < 3; i++) intervals[0].callback();
  for (const kind of ["heap/size", "cpu/percent"]) {
    const all = (name: string) =>
      published.filter(([topic]) => topic === `$SYS/broker/${name}`)
        .map(([, text]) => Number(text));
    const seen = all(kind);
    const maximum = all(kind.replace(/[^/]+$/, "maximum"));
    assertEquals(
      maximum,
      seen.map((_, i) => Math.max(...seen.slice(0, i + 1))),
    );
  }
});

Deno.test("sys refuses an interval that is negative, too long or not a number", async () => {
  for (const sysInterval of [-1, 3_000_000, "20"]) {
    await assertRejects(() => start({ sysInterval }), TypeError);
  }
});
