/** Metrics of the broker and of plugins, as the admin listener shows them. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { inConfiguration } from "../../../broker/limits/limit_reports.ts";
import {
  BROKER_LIMITS,
  LISTENER_LIMITS,
} from "../../../broker/config/limit_schema.ts";
import { TestClient } from "../../_client.ts";
import { RecordingLogger } from "../bundled/_context.ts";
import { readExposition, type ReadMetric } from "./_exposition.ts";
import { type Probes, startProbes } from "./_probe.ts";

const ADMIN = { admin: { bind: "127.0.0.1:0" } };
const OPEN = "application/openmetrics-text; version=1.0.0,text/plain;q=0.5";

async function scrape(
  { broker }: Probes,
  accept = OPEN,
): Promise<Map<string, ReadMetric>> {
  const response = await fetch(`${broker.adminUrl}/metrics`, {
    headers: { accept },
  });
  assertEquals(response.status, 200);
  const open = accept === OPEN;
  assertEquals(
    response.headers.get("content-type"),
    open
      ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
      : "text/plain; version=0.0.4; charset=utf-8",
  );
  return readExposition(await response.text(), open);
}

function values(metric: ReadMetric | undefined): Record<string, number> {
  return Object.fromEntries(metric?.samples ?? []);
}

Deno.test("counters, gauges and histograms of a plugin are shown under its name", async () => {
  await using broker = await startProbes(ADMIN, { names: ["my-Plugin 1"] });
  const { metrics } = broker.context;
  const prefix = "dinomq_plugin_my_plugin_1_";
  const seen = metrics.counter(
    "seen",
    'What was seen.\nWith a \\ and a "sign".',
  );
  const level = metrics.gauge("level", "", ["room", "floor"]);
  const times = metrics.histogram("seconds", "Times.", ["kind"], [0.5, 1, 20]);
  seen.inc();
  seen.inc(2.5);
  level.labels({ floor: 1, room: 'a"b\\c\nd' }).set(-4.5);
  level.labels({ floor: 1, room: 'a"b\\c\nd' }).inc();
  level.labels({ floor: true, room: "" }).dec(2);
  level.labels({ floor: "€", room: "inf" }).set(Infinity);
  const a = times.labels({ kind: "a" });
  for (const value of [0.5, 0.6, 1, 1.1, 20, 21, -1]) a.observe(value);
  for (const accept of [OPEN, "*/*"]) {
    const open = accept === OPEN;
    const all = await scrape(broker, accept);
    const counter = all.get(`${prefix}seen${open ? "" : "_total"}`);
    assertEquals(counter?.type, "counter");
    assertEquals(counter?.help, 'What was seen.\nWith a \\ and a "sign".');
    assertEquals(values(counter), { [`${prefix}seen_total`]: 3.5 });
    const gauge = all.get(`${prefix}level`);
    assertEquals(gauge?.type, "gauge");
    assertEquals(values(gauge), {
      [`${prefix}level${JSON.stringify({ room: 'a"b\\c\nd', floor: "1" })}`]:
        -3.5,
      [`${prefix}level${JSON.stringify({ room: "", floor: "true" })}`]: -2,
      [`${prefix}level${JSON.stringify({ room: "inf", floor: "€" })}`]:
        Infinity,
    });
    const histogram = all.get(`${prefix}seconds`);
    const bucket = (le: string) =>
      `${prefix}seconds_bucket${JSON.stringify({ kind: "a", le })}`;
    assertEquals(values(histogram), {
      [bucket("0.5")]: 2,
      [bucket(open ? "1.0" : "1")]: 4,
      [bucket(open ? "20.0" : "20")]: 6,
      [bucket("+Inf")]: 7,
      [`${prefix}seconds_sum{"kind":"a"}`]: 43.2,
      [`${prefix}seconds_count{"kind":"a"}`]: 7,
    });
  }
});

Deno.test("a metric that is asked for again is the same one", async () => {
  await using broker = await startProbes(ADMIN);
  const { metrics } = broker.context;
  metrics.counter("a", "A.").inc();
  metrics.counter("a_total", "A.").inc();
  const all = await scrape(broker);
  assertEquals(values(all.get("dinomq_plugin_probe_a")), {
    "dinomq_plugin_probe_a_total": 2,
  });
});

Deno.test("wrong names, labels and values of metrics are refused", async () => {
  await using broker = await startProbes({}, { names: ["a-b", "a_b"] });
  const { metrics } = broker.context;
  for (const name of ["", "A", "1a", "a-b", "a b", "ä", "a\n"]) {
    assertThrows(() => metrics.gauge(name, ""), TypeError, "messages_seen");
  }
  for (const labels of [["le"], ["__a"], ["a-b"], [""], ["a", "a"]]) {
    assertThrows(() => metrics.gauge("g", "", labels), TypeError, "labels");
  }
  for (const buckets of [[], [1, 1], [2, 1], [1, Infinity], [NaN]]) {
    assertThrows(
      () => metrics.histogram("h", "", [], buckets),
      TypeError,
      "ascend",
    );
  }
  const counter = metrics.counter("c", "", ["x"]);
  assertThrows(() => counter.inc(), TypeError, "labels({ x })");
  assertThrows(() => counter.labels({}), TypeError, 'the label "x"');
  assertThrows(() => counter.labels({ x: 1, y: 1 }), TypeError, 'no label "y"');
  for (const by of [-1, NaN, Infinity]) {
    assertThrows(() => counter.labels({ x: 1 }).inc(by), RangeError);
  }
  const histogram = metrics.histogram("h", "");
  assertThrows(() => histogram.observe(NaN), RangeError);
  // Kinds, samples and other plugins in the way.
  assertThrows(() => metrics.gauge("h", ""), TypeError, "already");
  assertThrows(() => metrics.gauge("h_count", ""), TypeError, "belongs to");
  assertThrows(() => metrics.counter("c", "", ["z"]), TypeError, "already");
  const other = broker.probes.a_b.context;
  assertThrows(() => other.metrics.counter("c", ""), TypeError, '"a-b"');
});

Deno.test("a metric keeps at most 10,000 series, and says so once", async () => {
  const logger = new RecordingLogger("warn");
  await using broker = await startProbes(ADMIN, { logger });
  const counter = broker.context.metrics.counter("c", "", ["id"]);
  for (let id = 0; id < 10_100; id++) counter.labels({ id }).inc();
  counter.labels({ id: 0 }).inc();
  const { samples } = (await scrape(broker)).get("dinomq_plugin_probe_c")!;
  assertEquals(samples.size, 10_000);
  assertEquals(samples.get('dinomq_plugin_probe_c_total{"id":"0"}'), 2);
  const warnings = logger.lines.filter((line) => line.includes("series"));
  assertEquals(warnings.length, 1);
});

Deno.test("/metrics shows what the broker counts, each drop and each limit", async () => {
  await using broker = await startProbes({
    ...ADMIN,
    maxRetainedMessages: 1,
    allowDollarPublish: true,
  });
  await using client = await TestClient.connect(broker.broker);
  await client.subscribe("a");
  for (const topic of ["a", "b"]) {
    await client.send({
      cmd: "publish",
      topic,
      payload: "x",
      qos: 0,
      retain: true,
      dup: false,
    });
  }
  assertEquals(await client.message(), "a: x");
  await client.ping();
  broker.context.count("things", 3);
  await broker.context.storage.set("key", "value");
  const all = await scrape(broker);
  const one = (name: string): number => {
    const { samples } = all.get(`dinomq_${name}`) ?? { samples: new Map() };
    assertEquals(samples.size, 1, name);
    return [...samples.values()][0];
  };
  assertEquals(one("clients_connected"), 1);
  assertEquals(one("publish_received"), 2);
  assertEquals(one("publish_sent"), 1);
  assertEquals(one("subscriptions"), 1);
  assertEquals(one("messages_retained"), 1);
  assertEquals(one("ready"), 1);
  assertEquals(one("store_failed"), 0);
  assert(one("received_bytes") > 20);
  assert(one("messages_retained_bytes") > 0);
  assertEquals(all.get("dinomq_build")?.type, "info");
  assert(
    [...all.get("process_resident_memory_bytes")!.samples.values()][0] > 1e6,
  );
  const dropped = values(all.get("dinomq_messages_dropped"));
  assertEquals(
    Object.keys(dropped).length,
    Object.keys(broker.context.stats().dropped).length,
  );
  assertEquals(
    dropped['dinomq_messages_dropped_total{"reason":"queue_full"}'],
    0,
  );
  const limits = values(all.get("dinomq_limit_reached"));
  const limit = (key: string) =>
    limits[`dinomq_limit_reached_total{"limit":"${inConfiguration(key)}"}`];
  assertEquals(limit("maxRetainedMessages"), 1);
  const uncounted = Object.keys({ ...BROKER_LIMITS, ...LISTENER_LIMITS })
    .filter((key) => limit(key) === undefined);
  assertEquals(uncounted.sort(), [
    ...["flappingBanTime", "flappingWindow", "loginBanTime"],
    ...["maxKeepAlive", "sessionExpiryInterval"],
  ]);
  assertEquals(
    values(all.get("dinomq_plugins_counter")),
    {
      'dinomq_plugins_counter_total{"plugin":"probe","counter":"things"}': 3,
    },
  );
  assertEquals(
    values(all.get("dinomq_plugins_storage_bytes")),
    { 'dinomq_plugins_storage_bytes{"plugin":"probe"}': 8 },
  );
});

Deno.test("plugins make metrics in their constructors, and again in the next run", async () => {
  const probes = await startProbes(ADMIN, {
    onConstruct: ({ metrics }) => metrics.counter("made", "Made.").inc(),
  });
  const { broker } = probes;
  const made = async () =>
    values((await scrape(probes)).get("dinomq_plugin_probe_made"));
  assertEquals(await made(), { "dinomq_plugin_probe_made_total": 1 });
  const { metrics } = probes.context;
  await broker.shutdown();
  await broker.start();
  // The instance of the first run is gone, with what it made.
  metrics.counter("late", "").inc();
  const all = await scrape(probes);
  assertEquals(
    [...all.keys()].filter((name) => name.startsWith("dinomq_plugin_")),
    [],
  );
  await broker.shutdown();
});

Deno.test("a host program has metrics too", async () => {
  const probes = await startProbes(ADMIN);
  const { broker } = probes;
  broker.context.metrics.gauge("temperature", "Outside.").set(21);
  assertEquals(
    values((await scrape(probes)).get("dinomq_plugin_host_temperature")),
    {
      "dinomq_plugin_host_temperature": 21,
    },
  );
  await broker.shutdown();
  assertEquals(broker.adminUrl, undefined);
});

Deno.test("the reader of metrics refuses what is not allowed", () => {
  const good = '# TYPE a counter\n# HELP a x\na_total{b="c"} 1\n# EOF\n';
  readExposition(good, true);
  for (
    const [from, to] of [
      ["# EOF\n", ""],
      ["a_total{", "a{"],
      ['"c"', '"c'],
      ['"c"', '"\\c"'],
      [" 1\n", " one\n"],
      [" 1\n", " -1\n"],
      [" 1\n", ' 1\na_total{b="c"} 1\n'],
      ["counter", "number"],
      ["# HELP a", "# HELP b"],
      ['b="c"', 'b="c",b="c"'],
    ]
  ) {
    const text = good.replace(from, to);
    assert(text !== good);
    assertThrows(() => readExposition(text, true), Error, undefined, text);
  }
  const histogram = '# TYPE a histogram\na_bucket{le="1.0"} 2\n' +
    'a_bucket{le="+Inf"} 3\na_sum 1\na_count 3\n# EOF\n';
  readExposition(histogram, true);
  for (
    const [from, to] of [
      ["1.0", "1"],
      ['"} 2', '"} 4'],
      ["count 3", "count 2"],
      ["+Inf", "7.0"],
      ["a_sum 1\n", ""],
    ]
  ) {
    const text = histogram.replace(from, to);
    assertThrows(() => readExposition(text, true), Error, undefined, text);
  }
});
