/**
 * The part of a run that is measured.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { usageOf } from "../process_usage.ts";
import type { Outcome } from "./job.ts";

/** What a window shows by itself. */
export type WindowOutcome = Pick<
  Outcome,
  "count" | "seconds" | "brokerCpu" | "ownCpu" | "memory"
>;

/**
 * Measures for a while.
 *
 * @param pid Process of the broker.
 * @param milliseconds How long.
 * @param counted What is counted, so far.
 * @returns What was counted and used meanwhile.
 */
export async function measureWindow(
  pid: number,
  milliseconds: number,
  counted: () => number,
): Promise<WindowOutcome> {
  const [broker, own] = [usageOf(pid), usageOf(Deno.pid)];
  const [begin, first] = [performance.now(), counted()];
  await sleep(milliseconds);
  const [count, end] = [counted() - first, performance.now()];
  const [brokerAfter, ownAfter] = [usageOf(pid), usageOf(Deno.pid)];
  return {
    count,
    seconds: (end - begin) / 1000,
    brokerCpu: broker && brokerAfter && brokerAfter.cpu - broker.cpu,
    ownCpu: own && ownAfter && ownAfter.cpu - own.cpu,
    memory: brokerAfter?.memory,
  };
}
