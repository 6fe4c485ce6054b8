// A program for people: what it has to say goes to the terminal.
// deno-lint-ignore-file no-console
/**
 * `deno task bench:plugins`: measures what plugins cost, end to end.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { cpuPerCount, median } from "../figures.ts";
import { measure, type Result } from "../measure.ts";
import { SCENARIOS } from "../scenarios.ts";
import { table } from "../table.ts";
import { VARIANTS } from "./variants.ts";

const USAGE = `Measures DinoMQ with different plugins on this machine.

Usage: deno task bench:plugins [OPTIONS]

Options:
  --runs N    Runs of each, of which the median counts. Default: 5
  --window S  Seconds that are measured in each. Default: 1
  --help      Shows this text

A cell has messages per second as a share of those without plugins, and the
broker's CPU time for each. Close other programs; where they run nevertheless,
trust the shares more than the figures, and the CPU time most.
`;

/** The columns. */
const MEASURED = ["point-to-point", "qos1", "fan-out"];

/**
 * Measures what the command line asks for, and prints it.
 *
 * @param args The arguments.
 * @returns The exit code: 0 if all runs went well, 1 if not, 2 if the arguments are wrong.
 */
export async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], {
    string: ["runs", "window"],
    boolean: ["help"],
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const runs = Number(flags.runs ?? 5);
  const window = Number(flags.window ?? 1) * 1000;
  if (!(Number.isInteger(runs) && runs > 0 && window > 0)) {
    console.error("error: --runs and --window need a number above 0");
    return 2;
  }
  const options = {
    scenarios: SCENARIOS.filter(({ name }) => MEASURED.includes(name)),
    brokers: VARIANTS,
    runs,
    warmUp: 700,
    window,
    idle: 0,
    json: undefined,
  };
  const folder = await Deno.makeTempDir({ prefix: "dinomq-bench-" });
  try {
    const columns: Result[][] = [];
    for (const scenario of options.scenarios) {
      columns.push(await measure(scenario, VARIANTS, options, folder));
    }
    console.log(tableOf(columns));
    const errors = columns.flat().flatMap((result) => result.errors);
    for (const error of errors) console.error(`A run failed. ${error}`);
    return errors.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function tableOf(columns: readonly (readonly Result[])[]): string {
  const head = columns.map(([{ scenario }]) => scenario.title);
  const rows = VARIANTS.map(({ title }, row) => [
    title,
    ...columns.map((results) => cell(results[row], results[0])),
  ]);
  return table([["Plugins", ...head], ...rows], ["Plugins"]);
}

function cell(result: Result, first: Result): string {
  const rate = median(result, ({ count, seconds }) => count / seconds);
  const best = median(first, ({ count, seconds }) => count / seconds);
  const cpu = median(result, cpuPerCount);
  if (rate === undefined || best === undefined) return "-";
  const share = `${Math.round(rate / best * 100)} %`;
  return cpu === undefined ? share : `${share}, ${cpu.toFixed(2)} µs`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
