/**
 * Runs the scenarios: one broker at a time, in turn.
 *
 * @module
 */

import { type BrokerKind, type RunningBroker, startBroker } from "./brokers.ts";
import type { Job, Outcome } from "./load/job.ts";
import type { BenchOptions } from "./options.ts";
import { usageOf } from "./process_usage.ts";
import type { Scenario } from "./scenarios.ts";

/** The runs of one broker in one scenario. */
export interface Result {
  readonly scenario: Scenario;
  readonly broker: BrokerKind;
  /** What each run has shown. */
  readonly outcomes: readonly Outcome[];
  /** Why runs have failed. */
  readonly errors: readonly string[];
}

const LOAD = new URL("load/main.ts", import.meta.url).href;

/**
 * Starts each broker once.
 *
 * @param brokers Those that are asked for.
 * @param folder Where they may have their files.
 * @param tell Is told of those that do not start.
 * @returns Those that start.
 */
export async function available(
  brokers: readonly BrokerKind[],
  folder: string,
  tell: (text: string) => void,
): Promise<BrokerKind[]> {
  const there: BrokerKind[] = [];
  for (const broker of brokers) {
    try {
      await (await startBroker(broker, folder)).stop();
      there.push(broker);
    } catch (error) {
      tell(`${broker.title} is left out. ${(error as Error).message}`);
    }
  }
  return there;
}

/**
 * Measures one scenario. Each run has a fresh broker, and the brokers take turns, so
 * that what else happens on the machine meets all of them.
 *
 * @param scenario The scenario.
 * @param brokers The brokers.
 * @param options How often and how long.
 * @param folder Where the brokers may have their files.
 * @returns A result for each broker that knows what the scenario needs.
 */
export async function measure(
  scenario: Scenario,
  brokers: readonly BrokerKind[],
  options: BenchOptions,
  folder: string,
): Promise<Result[]> {
  const results = brokers.filter((broker) => broker.supports(scenario))
    .map((broker) => ({
      scenario,
      broker,
      outcomes: [] as Outcome[],
      errors: [] as string[],
    }));
  const runs = runsOf(scenario, options);
  for (let run = 0; run < runs; run++) {
    for (const { broker, outcomes, errors } of results) {
      try {
        outcomes.push(await runOnce(scenario, broker, options, folder));
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
  }
  return results;
}

function runsOf({ load }: Scenario, { runs }: BenchOptions): number {
  // Idle clients take long, and starts are over soon.
  return load === "idle" ? 1 : load === "start" ? 3 * runs + 1 : runs;
}

async function runOnce(
  scenario: Scenario,
  kind: BrokerKind,
  options: BenchOptions,
  folder: string,
): Promise<Outcome> {
  const isStart = scenario.load === "start";
  const broker = await startBroker(kind, folder, isStart);
  try {
    if (isStart) return startOf(broker);
    return await generateLoad(scenario, broker, options);
  } finally {
    await broker.stop();
  }
}

function startOf({ startedIn, pid }: RunningBroker): Outcome {
  const memory = usageOf(pid)?.memory;
  return { count: 1, seconds: startedIn, lost: 0, latency: {}, memory };
}

async function generateLoad(
  scenario: Scenario,
  { port, pid }: RunningBroker,
  { warmUp, window, idle }: BenchOptions,
): Promise<Outcome> {
  const job: Job = {
    scenario,
    port,
    pid,
    warmUp,
    window: scenario.load === "idle" ? idle : window,
  };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", LOAD, JSON.stringify(job)],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  let outcome: Outcome & { error?: string };
  try {
    outcome = JSON.parse(text.decode(stdout));
  } catch {
    throw new Error(`Cannot generate load: ${text.decode(stderr).trim()}`);
  }
  if (outcome.error !== undefined) throw new Error(outcome.error);
  return outcome;
}
