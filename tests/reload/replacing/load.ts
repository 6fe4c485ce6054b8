/**
 * Load on a broker, from a process of its own: one client publishes numbered
 * messages of QoS 1 at a rate, another one gets them. It ends when its standard
 * input does, and prints what has become of the messages.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Buffer } from "node:buffer";
import type { Packet } from "../../../codec/mod.ts";
import { TestClient } from "../../_client.ts";

/** What the load has shown; one line on standard output, as JSON. */
export interface LoadOutcome {
  /** Messages that were sent. */
  published: number;
  /** Messages that were acknowledged. */
  acknowledged: number;
  /** Messages that arrived. */
  received: number;
  /** Messages that arrived twice, or not in their place. */
  misplaced: number;
  /** How long it was published, in seconds. */
  seconds: number;
  /** Why a connection ended, if one did. */
  error?: string;
}

const TOPIC = "load";
// The broker queues more for a client, and drops nothing.
const UNDERWAY = 500;

async function run(port: number, rate: number): Promise<LoadOutcome> {
  await using receiver = await TestClient.connect(port, { clientId: "in" });
  await receiver.subscribe(TOPIC, 1);
  await using sender = await TestClient.connect(port, { clientId: "out" });
  const outcome: LoadOutcome = {
    published: 0,
    acknowledged: 0,
    received: 0,
    misplaced: 0,
    seconds: 0,
  };
  let stopped = false;
  const isDone = () =>
    stopped && outcome.received >= outcome.published &&
    outcome.acknowledged >= outcome.published;
  const failed = (error: unknown) => {
    if (!isDone()) outcome.error ??= String(error);
    stopped = true;
  };
  const receiving = receive(receiver, outcome, isDone).catch(failed);
  const acknowledging = acknowledge(sender, outcome, isDone).catch(failed);
  void readAll(Deno.stdin.readable).then(() => stopped = true);
  const begin = performance.now();
  while (!stopped) {
    const due = (performance.now() - begin) / 1000 * rate;
    const count = Math.min(
      Math.ceil(due) - outcome.published,
      outcome.received + UNDERWAY - outcome.published,
      outcome.acknowledged + UNDERWAY - outcome.published,
    );
    if (count > 0) {
      await sender.send(...messages(outcome.published, count)).catch(failed);
      outcome.published += count;
    }
    await sleep(1);
  }
  outcome.seconds = (performance.now() - begin) / 1000;
  // What has not come by then is lost.
  const patience = AbortSignal.timeout(60_000);
  while (!isDone() && !patience.aborted && outcome.error === undefined) {
    await sleep(5);
  }
  await receiver.close();
  await sender.close();
  await Promise.all([receiving, acknowledging]);
  return outcome;
}

async function receive(
  client: TestClient,
  outcome: LoadOutcome,
  isDone: () => boolean,
): Promise<void> {
  while (!isDone()) {
    const acknowledgements: Packet[] = [];
    do {
      const { payload, messageId } = await client.expect("publish");
      if (Number(payload) !== outcome.received) outcome.misplaced++;
      outcome.received++;
      acknowledgements.push({ cmd: "puback", messageId });
    } while (client.unread > 0);
    await client.send(...acknowledgements);
  }
}

async function acknowledge(
  client: TestClient,
  outcome: LoadOutcome,
  isDone: () => boolean,
): Promise<void> {
  while (!isDone()) {
    await client.expect("puback");
    outcome.acknowledged++;
  }
}

function messages(first: number, count: number): Packet[] {
  return Array.from({ length: count }, (_, i) => ({
    cmd: "publish",
    topic: TOPIC,
    payload: Buffer.from(String(first + i)),
    qos: 1,
    dup: false,
    retain: false,
    messageId: (first + i) % 65535 + 1,
  }));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

if (import.meta.main) {
  const [port, rate] = Deno.args.map(Number);
  const line = JSON.stringify(await run(port, rate));
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
  Deno.exit(0);
}
