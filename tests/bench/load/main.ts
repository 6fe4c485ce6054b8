/**
 * The load generator: a process of its own, so that it is not measured with the
 * broker. It gets a job as its argument and prints the outcome.
 *
 * @module
 */

import { runConnect, runIdle } from "./clients.ts";
import type { Job, Outcome } from "./job.ts";
import { runMessages } from "./messages.ts";

function run(job: Job): Promise<Outcome> {
  switch (job.scenario.load) {
    case "flood":
    case "paced":
      return runMessages(job);
    case "connect":
      return runConnect(job);
    case "idle":
      return runIdle(job);
    case "start":
      throw new Error("Cannot generate load: a start has none");
  }
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  try {
    await print(JSON.stringify(await run(JSON.parse(Deno.args[0]))));
    Deno.exit(0);
  } catch (error) {
    await print(JSON.stringify({ error: String(error) }));
    Deno.exit(1);
  }
}
