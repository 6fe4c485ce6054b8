/** `deno task bench` itself: it must not rot while nobody measures. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { BROKERS } from "./brokers.ts";
import type { Outcome } from "./load/job.ts";
import { available, measure } from "./measure.ts";
import { type BenchOptions, parseOptions, UsageError } from "./options.ts";
import { VARIANTS } from "./plugins/variants.ts";
import { comparison, costs, warnings } from "./report.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

const [dinomq, mosquitto] = BROKERS;
const OPTIONS: BenchOptions = {
  scenarios: [],
  brokers: [dinomq],
  runs: 1,
  warmUp: 50,
  window: 500,
  idle: 50,
  json: undefined,
};

/** Runs a scenario against DinoMQ, smaller than it is. */
async function run(
  name: string,
  change: Partial<Scenario> = {},
): Promise<Outcome> {
  const scenario = { ...find(name), ...change };
  const folder = await Deno.makeTempDir();
  try {
    const [{ outcomes, errors }] = await measure(
      scenario,
      [dinomq],
      OPTIONS,
      folder,
    );
    assertEquals(errors, []);
    return outcomes[0];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function find(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name);
  assert(scenario, name);
  return scenario;
}

Deno.test("bench: the command line measures a scenario and prints tables", async () => {
  const folder = await Deno.makeTempDir();
  const json = `${folder}/runs.json`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", new URL("main.ts", import.meta.url).href, "--quick"],
      ...["--scenario", "point-to-point", "--broker", "dinomq"],
      ...["--json", json],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  const lines = text.decode(stdout).split("\n");
  assertMatch(lines[1], /^DinoMQ \d+\.\d+\.\d+.*, on Deno \d/);
  const row = lines.find((line) => line.startsWith("| QoS 0, one publisher"));
  assertMatch(row ?? "", /\| +[\d,]+ \|$/);
  const { results } = JSON.parse(await Deno.readTextFile(json));
  assertGreater(results[0].outcomes[0].count, 0);
  assertEquals(results[0].outcomes[0].lost, 0);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("bench: a run of QoS 2 with MQTT 5 and a shared group loses nothing", async () => {
  const outcome = await run("shared", {
    qos: 2,
    publishers: 2,
    subscribers: 2,
  });
  assertGreater(outcome.count, 0);
  assertEquals(outcome.lost, 0);
});

Deno.test("bench: a paced run times its messages", async () => {
  const pair = { publishers: 2, subscribers: 2, rate: 500 };
  const { latency, lost } = await run("paced-qos1", pair);
  assertGreater(latency.p50 ?? 0, 0);
  assert((latency.p99 ?? 0) >= (latency.p50 ?? 0));
  assertEquals(lost, 0);
});

Deno.test("bench: clients come and go, or stay", async () => {
  assertGreater((await run("connect", { subscribers: 2 })).count, 0);
  const { count, memory } = await run("idle", { subscribers: 40 });
  assertEquals(count, 40);
  if (Deno.build.os === "linux") assertGreater(memory ?? 0, 1e6);
});

Deno.test("bench: the broker starts with the example configuration", async () => {
  const { count, seconds } = await run("start");
  assertEquals(count, 1);
  assertGreater(seconds, 0);
});

Deno.test("bench: the broker starts with each set of plugins, and delivers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const results = await measure(
      find("point-to-point"),
      VARIANTS,
      { ...OPTIONS, window: 100 },
      folder,
    );
    for (const { broker, outcomes, errors } of results) {
      assertEquals(errors, [], broker.title);
      assertGreater(outcomes[0].count, 0, broker.title);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bench: a broker that does not start is left out, and why is told", async () => {
  const broken = {
    ...dinomq,
    title: "Broken",
    command: () => ({
      command: Deno.execPath(),
      args: ["eval", "console.error('no room'); Deno.exit(3)"],
    }),
  };
  const missing = {
    ...mosquitto,
    title: "Missing",
    command: () => ({ command: "no-such-broker", args: [] }),
  };
  const told: string[] = [];
  const there = await available(
    [broken, missing],
    "",
    (text) => told.push(text),
  );
  assertEquals(there, []);
  assertStringIncludes(told[0], "Broken is left out. ");
  assertStringIncludes(told[0], "no room");
  assertStringIncludes(told[1], "Missing is left out. ");
});

Deno.test("bench: parseOptions() understands its flags and refuses others", () => {
  const options = parseOptions([
    ...["--scenario", "idle", "--scenario=fan-in", "--broker", "aedes"],
    ...["--runs", "2"],
  ]);
  assertEquals(options?.scenarios.map(({ name }) => name), ["fan-in", "idle"]);
  assertEquals(options?.brokers.map(({ name }) => name), ["aedes"]);
  assertEquals(options?.runs, 2);
  assertEquals(parseOptions(["--help"]), undefined);
  const wrong = [
    ["--scenario", "none"],
    ["--broker", "none"],
    ["--runs", "0"],
    ["--json"],
    ["--fast"],
    ["idle"],
  ];
  for (const args of wrong) {
    assertThrows(() => parseOptions(args), UsageError, undefined, String(args));
  }
});

Deno.test("bench: tables have medians and ratios, and doubts are told", () => {
  const scenario = find("qos1");
  const outcome = (count: number, ownCpu: number): Outcome => ({
    count,
    seconds: 2,
    lost: 1,
    latency: {},
    brokerCpu: 1,
    ownCpu,
    memory: 5e7,
  });
  const results = [
    {
      scenario,
      broker: dinomq,
      outcomes: [9e6, 6e6, 3e6].map((count) => outcome(count, 1.5)),
      errors: [],
    },
    {
      scenario,
      broker: mosquitto,
      outcomes: [outcome(4e5, 0.5)],
      errors: ["It broke."],
    },
  ];
  assertEquals(
    comparison(results, [dinomq, mosquitto]),
    [
      "| Scenario        |    DinoMQ | mosquitto | ÷ mosquitto |",
      "| --------------- | --------: | --------: | ----------: |",
      "| QoS 1, 50 pairs | 3,000,000 |   200,000 |          15 |",
    ].join("\n"),
  );
  assertStringIncludes(
    costs(results),
    "| qos1     | DinoMQ    |  0.17 µs |  50 MB |    3 |           150 % |",
  );
  assertEquals(warnings(results), [
    "DinoMQ, qos1: the load generator took more CPU than the broker, which could do more than this",
    "mosquitto, qos1: a run failed. It broke.",
  ]);
});
