/**
 * Fuzzes the codec, whole sessions and the cuts between reads, for a time:
 *
 * ```sh
 * deno task fuzz --seconds 300 --seed 1
 * ```
 *
 * A finding is printed with the seed of its round; `--seed` with that number begins
 * with this round. The exit code is 1 if there is a finding.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Finding, type Target, TARGETS } from "./campaign.ts";

const NUMBER = /^\d+$/;

async function main(args: string[]): Promise<number> {
  const options = parseArgs(args, {
    string: ["seconds", "seed", "only"],
    default: { seconds: "60", seed: `${Math.floor(Math.random() * 1e9)}` },
  });
  const chosen = TARGETS.filter(({ name }) =>
    options.only === undefined || name.startsWith(options.only)
  );
  if (
    !NUMBER.test(options.seconds) || !NUMBER.test(options.seed) ||
    chosen.length === 0
  ) {
    const names = TARGETS.map(({ name }) => name).join(", ");
    say("Usage: deno task fuzz [--seconds N] [--seed N] [--only TARGET]");
    say(`Targets: ${names}`);
    return 2;
  }
  const seed = Number(options.seed);
  say(`Seed ${seed}, ${options.seconds} seconds`);
  const end = Date.now() + Number(options.seconds) * 1000;
  let rounds = 0;
  const inputs = new Map<string, number>();
  for (; rounds === 0 || Date.now() < end; rounds++) {
    for (const target of chosen) {
      const finding = await target.check(seed + rounds, target.runs);
      if (finding !== undefined) {
        report(target, seed + rounds, finding);
        return 1;
      }
      inputs.set(target.name, (inputs.get(target.name) ?? 0) + target.runs);
    }
  }
  const done = [...inputs].map(([name, count]) => `${count} ${name}`);
  say(`Nothing found in ${rounds} rounds: ${done.join(", ")}`);
  return 0;
}

function report({ name }: Target, seed: number, finding: Finding): void {
  const options = { depth: 20, breakLength: 100, iterableLimit: 1000 };
  say(`Found with ${name}; again with: --seed ${seed} --only "${name}"`);
  say(Deno.inspect(finding.input, options));
  say(Deno.inspect(finding.error, options));
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
