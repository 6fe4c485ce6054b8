/**
 * Floods a broker in every way that this folder knows, on this machine only:
 *
 * ```sh
 * deno task flood --seconds 60
 * deno task flood --seconds 10 --scale 0.2 --only wills
 * ```
 *
 * Each attack gets a broker of its own, with a thousand clients that use it as they
 * should. The exit code is 1 if one of them lost a message or its connection, if
 * the broker took more memory than the bound, or did not recover.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ATTACKS } from "./attacks.ts";
import { BrokerProcess } from "./broker_process.ts";
import { GoodClients, quantile } from "./good_clients.ts";
import { attack, fromElsewhere } from "./run.ts";

const MIB = 1 << 20;
const QUIET_SECONDS = 5;
/** What the broker is told to stay below; the other limits are the default ones. */
const MAX_MEMORY = 1024 * MIB;
/** What the process may have: with what the collector has not collected yet. */
const BOUND = 2 * MAX_MEMORY + 256 * MIB;

async function main(args: string[]): Promise<number> {
  const options = parseArgs(args, {
    string: ["seconds", "scale", "only", "good"],
    default: { seconds: "60", scale: "1", good: "1000" },
  });
  const [seconds, scale, count] = [options.seconds, options.scale, options.good]
    .map(Number);
  const names = Object.keys(ATTACKS).filter((name) =>
    options.only === undefined || name.includes(options.only)
  );
  if (!(seconds > 0 && scale > 0 && scale <= 1 && count > 0) || !names.length) {
    say("Usage: deno task flood [--seconds N] [--scale 0..1] [--only ATTACK]");
    say(`Attacks: ${Object.keys(ATTACKS).join(", ")}`);
    return 2;
  }
  let failures = 0;
  for (const name of names) {
    const problems = await flood(name, seconds, scale, count);
    for (const problem of problems) say(`  ${problem}`);
    if (problems.length > 0) failures++;
  }
  say(failures === 0 ? "Nothing fell over" : `${failures} attacks did harm`);
  return failures === 0 ? 0 : 1;
}

async function flood(
  name: string,
  seconds: number,
  scale: number,
  count: number,
): Promise<string[]> {
  await using broker = await BrokerProcess.start({ maxMemory: MAX_MEMORY });
  await using good = await GoodClients.connect(broker.port, count, count / 2);
  const before = await broker.health();
  good.take();
  await new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000));
  const quiet = good.take();
  const by = fromElsewhere;
  const result = await attack(broker, good, { name, seconds, scale, by });
  const { stats, sessions } = result.health;
  const { limits, dropped } = stats;
  say(
    `${name}: memory ${mib(before.rss)} -> at most ${
      mib(result.rssMaximum)
    }, ` +
      `then ${mib(result.health.rss)}; p50/p99 of the others ` +
      `${quantile(quiet.latencies, 0.5).toFixed(1)}/` +
      `${quantile(quiet.latencies, 0.99).toFixed(1)} ms quiet, ` +
      `${result.median.toFixed(1)}/${result.p99.toFixed(1)} ms flooded; ` +
      `${stats.packetsReceived} packets, ${stats.clientsMaximum} clients, ` +
      `${sessions} sessions left; ${
        JSON.stringify({ limits, dropped: nonZero(dropped) })
      }`,
  );
  const problems = [...result.problems];
  if (result.lost > 0) problems.push(`${result.lost} messages were lost`);
  if (result.rssMaximum > BOUND) {
    problems.push(`${mib(result.rssMaximum)} are more than ${mib(BOUND)}`);
  }
  return problems;
}

function nonZero(counts: Readonly<Record<string, number>>): unknown {
  return Object.fromEntries(
    Object.entries(counts).filter(([, count]) => count > 0),
  );
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
