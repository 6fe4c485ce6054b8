/**
 * Many subscriptions: half of the filters are exact, half have wildcards.
 *
 * @module
 */

import { startQuietBroker } from "./broker.ts";
import { liveMemory, time, type Timing } from "./timing.ts";

const PER_CLIENT = 100;
const LOOKUPS = 20_000;

/** What some number of subscriptions costs. */
export interface SubscriptionCosts {
  readonly subscribe: Timing;
  /** One message that three subscriptions match, to a topic that was not seen before. */
  readonly publish: Timing;
  readonly unsubscribe: Timing;
  /** Bytes for each subscription, sessions included. */
  readonly bytesEach: number;
  /** Bytes that are still there for each when all are gone. */
  readonly bytesLeft: number;
}

/** Four filters for each device; three of them match its temperature. */
function filterOf(index: number): string {
  const device = index >> 2;
  const site = device % 1000;
  switch (index & 3) {
    case 0:
      return `site/${site}/device/${device}/temperature`;
    case 1:
      return `site/${site}/device/${device}/humidity`;
    case 2:
      return `site/+/device/${device}/#`;
    default:
      return `site/${site}/device/${device}/+`;
  }
}

/**
 * Measures subscriptions.
 *
 * @param size How many.
 * @returns What they cost.
 */
export async function measureSubscriptions(
  size: number,
): Promise<SubscriptionCosts> {
  const clients = Math.ceil(size / PER_CLIENT);
  // The subscriptions of one client have nothing in common.
  const clientOf = (index: number) => `client-${index % clients}`;
  await using broker = await startQuietBroker();
  const { context } = broker;
  const before = liveMemory();
  const subscribe = time(size, (i) => {
    context.addSubscription(clientOf(i), filterOf(i));
  });
  const full = liveMemory();
  const devices = size >> 2;
  const { offline } = context.stats().dropped;
  const publish = time(LOOKUPS, (i) => {
    // A large odd number visits the devices in no order.
    const device = (i * 7_368_787) % devices;
    context.publish(`site/${device % 1000}/device/${device}/temperature`, "1");
  });
  const matched = context.stats().dropped.offline - offline;
  if (matched !== 3 * LOOKUPS) {
    throw new Error(`Cannot measure: ${matched} subscriptions matched`);
  }
  const unsubscribe = time(size, (i) => {
    context.removeSubscription(clientOf(i), filterOf(i));
  });
  for (const { clientId } of [...context.sessions]) {
    context.disconnect(clientId, { deleteSession: true });
  }
  const after = liveMemory();
  return {
    subscribe,
    publish,
    unsubscribe,
    bytesEach: (full - before) / size,
    bytesLeft: (after - before) / size,
  };
}
