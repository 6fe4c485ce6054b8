/**
 * Connects many clients.
 *
 * @module
 */

import type { Scenario } from "../scenarios.ts";
import { Client } from "./client.ts";

// More at one time would measure how many the system lets wait for a listener.
const AT_ONE_TIME = 32;

/** How clients are connected. */
export interface ConnectOptions {
  /** Port of the broker. */
  readonly port: number;
  readonly scenario: Scenario;
  /** The client identifiers begin with it. */
  readonly prefix: string;
  /** How many there are. */
  readonly count: number;
  /** Whether they subscribe. */
  readonly subscribe: boolean;
  /** Bytes that each reads at one time at most. */
  readonly room: number;
}

/**
 * Connects clients, a few at a time.
 *
 * @param options How many, and to what.
 * @returns The clients, the first with the number 0.
 */
export async function connectMany(
  { port, scenario, prefix, count, subscribe, room }: ConnectOptions,
): Promise<Client[]> {
  const connectOne = async (index: number) => {
    const client = await Client.connect(
      port,
      `${prefix}${index}`,
      scenario.version,
      room,
    );
    if (subscribe) await client.subscribe(scenario, index);
    return client;
  };
  const clients: Client[] = [];
  while (clients.length < count) {
    const first = clients.length;
    const many = Math.min(AT_ONE_TIME, count - first);
    const some = Array.from({ length: many }, (_, i) => connectOne(first + i));
    clients.push(...await Promise.all(some));
  }
  return clients;
}
