/**
 * Runs of scenarios that are about clients, not messages.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { usageOf } from "../process_usage.ts";
import { Client } from "./client.ts";
import { connectMany } from "./connect.ts";
import type { Job, Outcome } from "./job.ts";
import { Latency } from "./latency.ts";
import { measureWindow } from "./window.ts";

const ROOM = 128;
const FIRST_CLIENTS = 32;
const DISCONNECT = Uint8Array.of(0xe0, 0);

/**
 * Clients connect, are accepted, disconnect, and others follow.
 *
 * @param job What to do; its subscribers are as many as are there at one time.
 * @returns What came out.
 */
export async function runConnect(job: Job): Promise<Outcome> {
  const { scenario, port, pid } = job;
  const latency = new Latency();
  let count = 0;
  let running = true;
  const comeAndGo = async (_: unknown, worker: number) => {
    for (let i = 0; running; i++) {
      const begin = performance.now();
      const id = `c${worker}-${i}`;
      const client = await Client.connect(port, id, scenario.version, ROOM);
      latency.add(performance.now() - begin);
      count++;
      await client.write(DISCONNECT);
      client.close();
    }
  };
  const measure = async () => {
    await sleep(job.warmUp);
    latency.clear();
    const outcome = await measureWindow(pid, job.window, () => count);
    return { ...outcome, lost: 0, latency: latency.summary() };
  };
  const measured = measure();
  const ended = Promise.all(
    Array.from({ length: scenario.subscribers }, comeAndGo),
  );
  try {
    // One that fails ends the run.
    return await Promise.race([measured, ended.then(() => measured)]);
  } finally {
    running = false;
    await ended.catch(() => {});
  }
}

/**
 * Clients connect, subscribe and stay.
 *
 * @param job What to do; `window` is how long they stay before the broker's memory is read.
 * @returns What came out.
 */
export async function runIdle(job: Job): Promise<Outcome> {
  const { scenario, port, pid } = job;
  const options = { port, scenario, room: ROOM, subscribe: true };
  // What the broker loads and compiles for its first clients is not counted.
  const first = await connectMany({
    ...options,
    prefix: "first",
    count: FIRST_CLIENTS,
  });
  await sleep(job.warmUp);
  const count = scenario.subscribers;
  const before = usageOf(pid);
  const begin = performance.now();
  const clients = await connectMany({ ...options, prefix: "i", count });
  const seconds = (performance.now() - begin) / 1000;
  await sleep(job.window);
  const after = usageOf(pid);
  for (const client of [...first, ...clients]) client.close();
  return {
    count,
    seconds,
    lost: 0,
    latency: {},
    memory: after?.memory,
    memoryPerClient: before && after && (after.memory - before.memory) / count,
  };
}
