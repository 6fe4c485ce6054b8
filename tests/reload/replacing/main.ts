/**
 * Replaces a plugin 1,000 times while 10,000 messages a second pass, and says what
 * became of them, and how much memory each replacement costs.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "@std/cli/parse-args";
import { PLUGIN, replaceUnderLoad } from "./replacing.ts";

// About as many as each version gets in the time that it has.
const CALLS = 200;

/** Bytes of the heap that are in use. */
function heap(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}

/**
 * What Deno keeps of a module that was imported, whose class was used, and that is
 * not needed any more: without a broker.
 */
async function bytesPerModule(count: number): Promise<number> {
  const folder = await Deno.makeTempDir();
  const module = `${folder}/plugin.js`;
  (globalThis as Record<string, unknown>).replacingCounts = {};
  await Deno.writeTextFile(module, PLUGIN);
  const load = async (version: string) => {
    const { default: Plugin } = await import(`file://${module}?v=${version}`);
    const plugin = new Plugin();
    for (let call = 0; call < CALLS; call++) {
      await plugin.topicFiltering();
      await plugin.onBrokerMessageReceived();
    }
    plugin.close();
  };
  await load("warm-up");
  const before = heap();
  for (let i = 0; i < count; i++) await load(`${i}`);
  const bytes = (heap() - before) / count;
  await Deno.remove(folder, { recursive: true });
  return bytes;
}

function print(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    default: { replacements: 1000, rate: 10_000, pause: 20 },
  });
  const replacements = Number(flags.replacements);
  // What the first replacements allocate once is no growth.
  const warmUp = Math.ceil(replacements / 10);
  let before = 0;
  let rss = 0;
  let grown = 0;
  let grownRss = 0;
  const outcome = await replaceUnderLoad({
    replacements,
    rate: Number(flags.rate),
    replaced: async (count) => {
      await sleep(Number(flags.pause));
      if (count === warmUp) {
        before = heap();
        rss = Deno.memoryUsage().rss;
      }
      if (count !== replacements) return;
      grown = (heap() - before) / (replacements - warmUp);
      grownRss = (Deno.memoryUsage().rss - rss) / (replacements - warmUp);
    },
  });
  const { load, counts } = outcome;
  // The average of some: each of them waits for a hundred timers.
  const perModule = await bytesPerModule(Math.min(replacements, 100));
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  print(JSON.stringify(outcome, null, 2));
  print(`rate: ${Math.round(load.published / load.seconds)} messages/s`);
  print(`replacements: ${replacements} in ${load.seconds.toFixed(1)} s`);
  print(`heap per replacement: ${kib(grown)}, resident ${kib(grownRss)}`);
  print(`heap that Deno keeps per module: ${kib(perModule)}`);
  const isWhole = load.error === undefined && load.misplaced === 0 &&
    load.received === load.published && load.acknowledged === load.published &&
    counts.seen === load.published && counts.late === 0 &&
    outcome.connected === 2;
  if (!isWhole) {
    print("FAILED");
    Deno.exit(1);
  }
}
