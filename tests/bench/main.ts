// A program for people: what it has to say goes to the terminal.
// deno-lint-ignore-file no-console
/**
 * `deno task bench`: measures DinoMQ and other brokers, end to end.
 *
 * @module
 */

import { cpus } from "node:os";
import { figuresOf, median } from "./figures.ts";
import { available, measure, type Result } from "./measure.ts";
import {
  type BenchOptions,
  parseOptions,
  USAGE,
  UsageError,
} from "./options.ts";
import { comparison, costs, warnings } from "./report.ts";

/**
 * Measures what the command line asks for, and prints it.
 *
 * @param args The arguments.
 * @returns The exit code: 0 if all runs went well, 1 if not, 2 if the arguments are wrong.
 */
export async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions | undefined;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`error: ${error.message}\nTry --help.`);
    return 2;
  }
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  const folder = await Deno.makeTempDir({ prefix: "dinomq-bench-" });
  try {
    return await run(options, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(options: BenchOptions, folder: string): Promise<number> {
  const brokers = await available(options.brokers, folder, console.error);
  if (brokers.length === 0) return 1;
  const machine = describeMachine();
  const versions = brokers.map((broker) => broker.describe());
  console.log([machine, ...versions].join("\n"));
  const results: Result[] = [];
  for (const scenario of options.scenarios) {
    const some = await measure(scenario, brokers, options, folder);
    for (const result of some) console.log(progress(result));
    results.push(...some);
  }
  console.log(`\n${comparison(results, brokers)}\n\n${costs(results)}\n`);
  for (const warning of warnings(results)) console.log(warning);
  if (options.json !== undefined) {
    const all = { machine, versions, results };
    await Deno.writeTextFile(options.json, JSON.stringify(all, null, 2));
  }
  return results.every(({ errors }) => errors.length === 0) ? 0 : 1;
}

function describeMachine(): string {
  const { os, arch } = Deno.build;
  const all = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${all.length} x ${all[0]?.model.trim()}, ${os} ${arch}`;
}

function progress(result: Result): string {
  const figures = figuresOf(result.scenario).map((figure) => {
    const value = median(result, figure.of);
    return value === undefined ? "-" : figure.format(value);
  });
  const { scenario, broker } = result;
  return `${scenario.name}, ${broker.title}: ${figures.join(", ")}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
