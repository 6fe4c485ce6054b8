/**
 * `deno task bench:scale`: what many subscriptions and retained messages cost.
 *
 * @module
 */
// A program for people: what it has to say goes to the terminal.
// deno-lint-ignore-file no-console

import { parseArgs } from "@std/cli";
import { table } from "../table.ts";
import { measureReplay, type ReplayCosts } from "./replay.ts";
import { measureRetained, type RetainedCosts } from "./retained.ts";
import {
  measureSubscriptions,
  type SubscriptionCosts,
} from "./subscriptions.ts";
import type { Timing } from "./timing.ts";

const USAGE = `Measures what many subscriptions and retained messages cost.

Usage: deno task bench:scale [OPTIONS]

Options:
  --size N  So many subscriptions, then so many retained messages; may be given
            several times. Default: 10000, 100000, 1000000
  --help    Shows this text
`;

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], {
    string: ["size"],
    boolean: ["help"],
    collect: ["size"],
    unknown: (argument) => {
      console.error(`error: Cannot use "${argument}": there is no such flag`);
      Deno.exit(2);
    },
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const sizes = flags.size.map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1000)) {
    console.error("error: Cannot use --size: it must be a number from 1000");
    return 2;
  }
  if (sizes.length === 0) sizes.push(10_000, 100_000, 1_000_000);
  const tables = [
    () => measured("Subscriptions", sizes, measureSubscriptions, SUBSCRIPTIONS),
    () => measured("Retained messages", sizes, measureRetained, RETAINED),
    () => measured("A subscription to #", sizes, measureReplay, REPLAY),
  ];
  for (const print of tables) console.log(`${await print()}\n`);
  return 0;
}

/** Names and values of the rows below the first. */
type Rows<Costs> = readonly (readonly [string, (costs: Costs) => string])[];

const SUBSCRIPTIONS: Rows<SubscriptionCosts> = [
  ["Subscribe", ({ subscribe }) => mean(subscribe)],
  ["Subscribe, the longest", ({ subscribe }) => longest(subscribe)],
  ["Publish to three of them", ({ publish }) => mean(publish)],
  ["Unsubscribe", ({ unsubscribe }) => mean(unsubscribe)],
  ["Unsubscribe, the longest", ({ unsubscribe }) => longest(unsubscribe)],
  ["Memory for each", ({ bytesEach }) => bytes(bytesEach)],
  ["Memory when all are gone", ({ bytesLeft }) => bytes(bytesLeft)],
];

const RETAINED: Rows<RetainedCosts> = [
  ["Set", ({ set }) => mean(set)],
  ["Set, the longest", ({ set }) => longest(set)],
  ["Get by topic", ({ get }) => mean(get)],
  ["Match one by a filter", ({ match }) => mean(match)],
  ["Match all, for each", ({ matchAll }) => mean(matchAll)],
  ["Match all, the longest step", ({ matchAll }) => longest(matchAll)],
  ["Clear", ({ clear }) => mean(clear)],
  ["Memory for each", ({ bytesEach }) => bytes(bytesEach)],
  ["Memory when all are gone", ({ bytesLeft }) => bytes(bytesLeft)],
];

const REPLAY: Rows<ReplayCosts> = [
  ["All have arrived after", ({ seconds }) => `${seconds.toFixed(2)} s`],
  ["Another's ping before, median", ({ before }) => ms(before.p50)],
  ["Before, 99th percentile", ({ before }) => ms(before.p99)],
  ["Before, the longest", ({ before }) => ms(before.longest)],
  ["Another's ping meanwhile, median", ({ meanwhile }) => ms(meanwhile.p50)],
  ["Meanwhile, 99th percentile", ({ meanwhile }) => ms(meanwhile.p99)],
  ["Meanwhile, the longest", ({ meanwhile }) => ms(meanwhile.longest)],
  ["The process's memory for each", ({ bytesEach }) => bytes(bytesEach)],
];

/** Measures each size, and lays out what came out. */
async function measured<Costs>(
  title: string,
  sizes: readonly number[],
  measure: (size: number) => Promise<Costs>,
  rows: Rows<Costs>,
): Promise<string> {
  const costs: Costs[] = [];
  for (const size of sizes) costs.push(await measure(size));
  return table([
    [title, ...sizes.map((size) => size.toLocaleString("en"))],
    ...rows.map(([name, value]) => [name, ...costs.map(value)]),
  ], [title]);
}

function mean({ mean }: Timing): string {
  return `${mean.toFixed(2)} µs`;
}

function longest({ longest }: Timing): string {
  return ms(longest / 1000);
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function bytes(value: number | undefined): string {
  return value === undefined ? "-" : `${Math.round(value)} bytes`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
