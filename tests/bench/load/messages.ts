/**
 * Runs of scenarios with messages.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "../scenarios.ts";
import { type Client, PacketType } from "./client.ts";
import { connectMany } from "./connect.ts";
import type { Job, Outcome } from "./job.ts";
import { pace } from "./pace.ts";
import { publish } from "./publisher.ts";
import { receive } from "./subscriber.ts";
import { Traffic } from "./traffic.ts";
import { measureWindow } from "./window.ts";

// Messages that do not come for so long are lost.
const PATIENCE = 3000;
const ROOM = 1 << 16;

/**
 * Connects the clients, has them send, measures for a while, and waits for what is
 * still under way.
 *
 * @param job What to do.
 * @returns What came out.
 */
export async function runMessages(job: Job): Promise<Outcome> {
  const { scenario, port } = job;
  const traffic = new Traffic(scenario);
  const options = { port, scenario, room: ROOM };
  const subscribers = await connectMany({
    ...options,
    prefix: "s",
    count: scenario.subscribers,
    subscribe: true,
  });
  const publishers = await connectMany({
    ...options,
    prefix: "p",
    count: scenario.publishers,
    subscribe: false,
  });
  const connections = [
    ...subscribers.map((client) => receive(client, traffic, scenario)),
    ...send(publishers, traffic, scenario),
  ];
  // None of them ends while all is well.
  const broken = Promise.race(connections).then(() => {
    throw new Error("Cannot go on: the broker has closed a connection");
  });
  try {
    return await Promise.race([broken, measure(traffic, job)]);
  } finally {
    traffic.stop();
    for (const client of [...subscribers, ...publishers]) client.close();
    await Promise.allSettled([broken, ...connections]);
  }
}

/** Has the publishers begin; the promises resolve when a connection ends. */
function send(
  publishers: readonly Client[],
  traffic: Traffic,
  scenario: Scenario,
): Promise<void>[] {
  if (scenario.load === "flood") {
    return publishers.map((client, i) => publish(client, traffic, scenario, i));
  }
  for (const client of publishers) {
    client.onPacket = (first) => {
      if (first >> 4 === PacketType.puback) traffic.acknowledged++;
    };
  }
  void pace(publishers, traffic, scenario);
  return publishers.map((client) => client.read());
}

async function measure(traffic: Traffic, job: Job): Promise<Outcome> {
  await sleep(job.warmUp);
  traffic.latency.clear();
  const outcome = await measureWindow(
    job.pid,
    job.window,
    () => traffic.delivered,
  );
  const latency = traffic.latency.summary();
  traffic.stop();
  const lost = await drain(traffic, job.scenario);
  return { ...outcome, lost, latency };
}

/** Waits until everything has arrived; what does not come is lost. */
async function drain(traffic: Traffic, { qos }: Scenario): Promise<number> {
  let seen = -1;
  let since = performance.now();
  for (;;) {
    const missing = traffic.underWay +
      (qos > 0 ? traffic.published - traffic.acknowledged : 0);
    if (missing === 0 || performance.now() - since > PATIENCE) return missing;
    const now = traffic.delivered + traffic.acknowledged;
    if (now !== seen) since = performance.now();
    seen = now;
    await sleep(20);
  }
}
