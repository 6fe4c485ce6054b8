/**
 * One attack on one broker, while others use it as they should.
 *
 * @module
 */

import { ATTACKS } from "./attacks.ts";
import type { BrokerProcess, Health } from "./broker_process.ts";
import { type GoodClients, quantile } from "./good_clients.ts";

/** How an attack is run. */
export interface AttackOptions {
  /** Name of the attack. */
  readonly name: string;
  /** How long it lasts. */
  readonly seconds: number;
  /** How large it is, 0 to 1. */
  readonly scale: number;
  /** Who attacks; says what was in the way. */
  readonly by: (order: AttackOrder) => Promise<string | undefined>;
}

/** What an attacker is told. */
export interface AttackOrder {
  readonly name: string;
  readonly port: number;
  readonly seconds: number;
  readonly scale: number;
}

/** Attacks from this process. */
export async function fromHere(
  { name, port, seconds, scale }: AttackOrder,
): Promise<undefined> {
  const until = Date.now() + seconds * 1000;
  await ATTACKS[name]({ port, scale, until });
}

/** Attacks from a process of its own, so that the good clients have this one for themselves. */
export async function fromElsewhere(
  order: AttackOrder,
): Promise<string | undefined> {
  const attacker = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check"].concat(
      new URL("attacker.ts", import.meta.url).href,
      JSON.stringify(order),
    ),
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
  /** Good clients' messages that were acknowledged and did not arrive. */
  readonly lost: number;
  /** What else went wrong for good clients. */
  readonly problems: readonly string[];
  /** Milliseconds that 50 and 99 of 100 of their messages took at most. */
  readonly median: number;
  readonly p99: number;
}

/**
 * Attacks a broker.
 *
 * @param broker The broker.
 * @param good The clients that must not notice.
 * @param options The attack.
 * @returns How it went; not before the broker is as it was.
 */
export async function attack(
  broker: BrokerProcess,
  good: GoodClients,
  options: AttackOptions,
): Promise<AttackResult> {
  good.take();
  const failure = await options.by({ port: broker.port, ...options });
  const health = await recovered(broker, good);
  await good.settle();
  const { acknowledged, delivered, problems, latencies } = good.take();
  return {
    rssMaximum: broker.rssMaximum,
    health,
    lost: acknowledged - delivered,
    problems: failure === undefined ? problems : [...problems, failure],
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Waits until nobody is connected but the good clients. */
async function recovered(
  broker: BrokerProcess,
  good: GoodClients,
): Promise<Health> {
  const end = Date.now() + 60_000;
  for (;;) {
    const health = await broker.health();
    if (health.stats.clientsConnected === good.count) return health;
    if (Date.now() > end) {
      throw new Error(`The broker does not recover: ${Deno.inspect(health)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
