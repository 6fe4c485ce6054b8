/**
 * Floods a broker in every way that this folder knows, on this machine only:
 *
 * ```sh
 * deno task flood --seconds 60
 * deno task flood --seconds 10 --only wills --seed 7
 * ```
 *
 * Each attack gets a broker of its own, with a thousand clients that use it as they
 * should: first in peace, then while one attacker is there, then in the whole flood.
 * The exit code is 1 if one of them lost a message or its connection, if the broker
 * took more memory than the bound, or did not recover. How long messages took is
 * shown, and no reason to fail: it depends on what else the machine does.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ATTACKS } from "./attacks.ts";
import { BrokerProcess } from "./broker_process.ts";
import { GoodClients, quantile } from "./good_clients.ts";
import { attack, type AttackResult, fromElsewhere } from "./run.ts";

const MIB = 1 << 20;
const QUIET_SECONDS = 10;
const GOOD_CLIENTS = 1000;
/** Messages of all good clients together in a second. */
const RATE = 500;
/** What the broker is told to stay below; the other limits are the default ones. */
const MAX_MEMORY = 1024 * MIB;
/** What the process may have: with what the collector has not collected yet. */
const BOUND = 1.5 * MAX_MEMORY + 128 * MIB;

const COLUMNS = [
  ["attack", -46],
  ["memory, MiB", 20],
  ["bound", 6],
  ["lost", 5],
  ["p99 ms: quiet, one attacker, all", 33],
  ["recovered", 10],
  ["limits", -1],
] as const;

async function main(args: string[]): Promise<number> {
  const options = parseArgs(args, {
    string: ["seconds", "seed", "only"],
    default: { seconds: "60", seed: `${Math.floor(Math.random() * 1e9)}` },
  });
  const [seconds, seed] = [options.seconds, options.seed].map(Number);
  const names = Object.keys(ATTACKS).filter((name) =>
    options.only === undefined || name.includes(options.only)
  );
  if (!(seconds > 0 && Number.isInteger(seed)) || names.length === 0) {
    say("Usage: deno task flood [--seconds N] [--only ATTACK] [--seed N]");
    say(`Attacks: ${Object.keys(ATTACKS).join(", ")}`);
    return 2;
  }
  say(`Seed ${seed}, ${seconds} seconds, ${GOOD_CLIENTS} good clients`);
  row(COLUMNS.map(([title]) => title));
  let failures = 0;
  for (const name of names) {
    const problems = await flood(name, seconds, seed);
    for (const problem of problems) say(`  ${problem}`);
    if (problems.length > 0) failures++;
  }
  say(failures === 0 ? "Nothing fell over" : `${failures} attacks did harm`);
  return failures === 0 ? 0 : 1;
}

/** Floods a new broker, and shows how it went; what was wrong is returned. */
async function flood(
  name: string,
  seconds: number,
  seed: number,
): Promise<string[]> {
  await using broker = await BrokerProcess.start({ maxMemory: MAX_MEMORY });
  await using good = await GoodClients.connect(broker.port, GOOD_CLIENTS, RATE);
  const before = await broker.health();
  good.take();
  await new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000));
  const quiet = quantile(good.take().latencies, 0.99);
  const order = { name, scale: 1, seed, by: fromElsewhere, lead: 1000 };
  const one = await attack(broker, good, {
    ...order,
    alone: true,
    seconds: Math.min(10, seconds),
  });
  const all = await attack(broker, good, { ...order, alone: false, seconds });
  const { rssMaximum, health, lost, recovery } = all;
  row([
    name,
    `${mib(before.rss)}, at most ${mib(rssMaximum)}`,
    mib(BOUND),
    `${lost}`,
    [quiet, one.p99, all.p99].map((time) => time.toFixed(1)).join(", "),
    `${recovery.toFixed(1)} s`,
    Object.keys(health.stats.limits).join(", "),
  ]);
  return [...problemsOf(one), ...problemsOf(all)];
}

function problemsOf({ problems, lost, rssMaximum }: AttackResult): string[] {
  const all = [...problems];
  if (lost > 0) all.push(`${lost} messages were lost`);
  if (rssMaximum > BOUND) {
    all.push(`${mib(rssMaximum)} MiB are more than ${mib(BOUND)}`);
  }
  return all;
}

function row(cells: readonly string[]): void {
  say(
    cells.map((cell, i) => {
      const width = COLUMNS[i][1];
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    }).join("  ").trimEnd(),
  );
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)}`;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
