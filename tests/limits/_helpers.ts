/** What the tests of the limits have in common. */

import type { Broker, Logger } from "../../mod.ts";
import { eventually, TestClient } from "../_client.ts";

/** How often each limit was reached. */
export function limitsOf(broker: Broker): Readonly<Record<string, number>> {
  return broker.context.stats().limits;
}

/** Waits until limits were reached as often as `expected` says. */
export async function reached(
  broker: Broker,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  await eventually(
    () =>
      Object.entries(expected).every(([name, count]) =>
        limitsOf(broker)[name] === count
      ),
    `limits ${JSON.stringify(expected)}: ${JSON.stringify(limitsOf(broker))}`,
  );
}

/** A connection that the broker closes without a word. */
export async function assertRefused(broker: Broker): Promise<void> {
  await using client = await TestClient.open(broker);
  await client.closed();
}

/** What was logged as a warning: the message with its fields. */
export interface Warning {
  message: string;
  fields: Record<string, unknown>;
}

/** A logger that keeps the warnings. */
export function recordWarnings(warnings: Warning[]): Logger {
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message, fields = {}) => void warnings.push({ message, fields }),
    error() {},
    child: () => logger,
    isEnabled: () => true,
  };
  return logger;
}
