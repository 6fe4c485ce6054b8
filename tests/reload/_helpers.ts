/** Configurations and clients for tests of reloads. */

import { Buffer } from "node:buffer";
import type { Broker, BrokerConfig } from "../../mod.ts";
import { TestClient } from "../_client.ts";

/** A configuration with such plugins. */
export function config(plugins: Record<string, unknown>): BrokerConfig {
  return {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: plugins as never,
  };
}

/** Connects as a user. */
export function connect(
  broker: Broker,
  username: string,
  password = "x",
): Promise<TestClient> {
  return TestClient.connect(broker, {
    version: 5,
    username,
    password: Buffer.from(password),
  });
}

/** Whether a user gets in. */
export async function login(
  broker: Broker,
  username: string,
  password?: string,
): Promise<boolean> {
  await using client = await connect(broker, username, password);
  return client.code === 0;
}

/** Whether a client may subscribe. */
export async function subscribes(
  client: TestClient,
  filter: string,
): Promise<boolean> {
  return (await client.subscribe(filter))[0] < 0x80;
}
