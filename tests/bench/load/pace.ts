/**
 * Publishes at a fixed rate.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "../scenarios.ts";
import type { Client } from "./client.ts";
import { publishFrames } from "./frames.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Has clients publish in turn, until the traffic stops. Each payload begins with
 * the time at which it was sent.
 *
 * @param clients The publishers.
 * @param traffic Where messages are counted.
 * @param scenario What is published, and how fast.
 */
export async function pace(
  clients: readonly Client[],
  traffic: Traffic,
  scenario: Scenario,
): Promise<void> {
  const frames = clients.map((_, i) => publishFrames(scenario, i, 1024));
  const begin = performance.now();
  while (traffic.running) {
    const due = (performance.now() - begin) / 1000 * scenario.rate;
    while (traffic.published < due) {
      const turn = traffic.published % clients.length;
      const { bytes, size, count, payloadAt } = frames[turn];
      const round = Math.floor(traffic.published / clients.length);
      const start = (round % count) * size;
      const time = new DataView(bytes.buffer, start + payloadAt);
      time.setFloat64(0, performance.now());
      clients[turn].append(bytes.subarray(start, start + size));
      clients[turn].flush();
      traffic.published++;
    }
    await sleep(1);
  }
}
