/**
 * One attack on one broker, while others use it as they should.
 *
 * @module
 */

import { ATTACKS } from "./attacks.ts";
import type { BrokerProcess, Health } from "./broker_process.ts";
import { TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { type GoodClients, quantile } from "./good_clients.ts";

/** How an attack is run. */
export interface AttackOptions {
  /** Name of the attack. */
  readonly name: string;
  /** How long it lasts. */
  readonly seconds: number;
  /** How large it is, 0 to 1. */
  readonly scale: number;
  /** Whether there is one attacker only. */
  readonly alone: boolean;
  /** What the random numbers begin with. */
  readonly seed: number;
  /** After how many milliseconds it is measured how long messages take. Default: 0. */
  readonly lead?: number;
  /** Who attacks; says what was in the way. */
  readonly by: (order: AttackOrder) => Promise<string | undefined>;
}

/** What an attacker is told. */
export interface AttackOrder {
  readonly name: string;
  readonly port: number;
  readonly seconds: number;
  readonly scale: number;
  readonly alone: boolean;
  readonly seed: number;
}

/** Attacks from this process. */
export async function fromHere(order: AttackOrder): Promise<undefined> {
  const until = Date.now() + order.seconds * 1000;
  await ATTACKS[order.name]({
    ...order,
    until,
    random: randomNumbers(order.seed),
  });
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Attacks from a process of its own. On Linux it gets what the broker and the good
 * clients leave of the processors, as if it were on another machine.
 */
export async function fromElsewhere(
  order: AttackOrder,
): Promise<string | undefined> {
  const [command, ...args] =
    (Deno.build.os === "linux" ? ["chrt", "--idle", "0"] : []).concat(
      Deno.execPath(),
      ["run", "-A", "--no-check"],
      new URL("attacker.ts", import.meta.url).href,
      JSON.stringify(order),
    );
  const attacker = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const { success } = await attacker.status;
  return success ? undefined : "the attacker failed";
}

/** How an attack went. */
export interface AttackResult {
  /** Most memory that the broker had so far, in bytes. */
  readonly rssMaximum: number;
  /** The broker afterwards. */
  readonly health: Health;
  /** How many messages of good clients did not arrive. */
  readonly lost: number;
  /** What else went wrong. */
  readonly problems: readonly string[];
  /** Milliseconds that 99 of 100 of their messages took at most. */
  readonly p99: number;
  /** Seconds from the end of the attack until the broker was as before. */
  readonly recovery: number;
}

/**
 * Attacks a broker.
 *
 * @param broker The broker.
 * @param good The clients that must not notice.
 * @param options The attack.
 * @returns How it went; not before the broker is as it was, or has had a minute for it.
 */
export async function attack(
  broker: BrokerProcess,
  good: GoodClients,
  options: AttackOptions,
): Promise<AttackResult> {
  const attacking = options.by({ port: broker.port, ...options });
  // How long an attacker takes to begin is not the broker's doing.
  await new Promise((resolve) => setTimeout(resolve, options.lead ?? 0));
  const early = good.take();
  const failure = await attacking;
  const during = good.take();
  const end = performance.now();
  const { health, remains } = await recovered(broker, good);
  const recovery = (performance.now() - end) / 1000;
  await good.settle();
  const after = good.take();
  const stranger = await askStranger(broker);
  return {
    rssMaximum: broker.rssMaximum,
    health,
    lost: after.sent - after.delivered,
    problems: [...early.problems, ...during.problems, ...after.problems]
      .concat([failure, remains, stranger].filter((one) => one !== undefined)),
    p99: quantile(during.latencies, 0.99),
    recovery,
  };
}

/** Waits until there is nothing in the broker but what the good clients need. */
async function recovered(
  broker: BrokerProcess,
  good: GoodClients,
): Promise<{ health: Health; remains?: string }> {
  const end = Date.now() + 60_000;
  for (;;) {
    await broker.forget();
    const health = await broker.health();
    const { stats, sessions, shortOfMemory } = health;
    const { clientsConnected, subscriptions, retained, queued } = stats;
    if (
      clientsConnected === good.count && sessions === good.count &&
      subscriptions === good.count && retained === 0 && queued === 0 &&
      !shortOfMemory
    ) return { health };
    if (Date.now() > end) {
      const rest = { clientsConnected, sessions, subscriptions, retained };
      const remains = JSON.stringify({ ...rest, queued, shortOfMemory });
      return { health, remains: `it does not recover: ${remains}` };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether somebody new is served; if not, what is wrong. */
async function askStranger(broker: BrokerProcess): Promise<string | undefined> {
  try {
    await using client = await TestClient.connect(broker.port, {
      clientId: "stranger",
    });
    await client.subscribe("stranger");
    await client.send(publish("stranger", "hello"));
    const answer = await client.message();
    return answer === "stranger: hello" ? undefined : `it answers ${answer}`;
  } catch (error) {
    return `a new client is not served: ${error}`;
  }
}
