/** Plugins that do what no plugin should, and clients that must not notice. @module */

import { assertEquals } from "@std/assert";
import type { Broker, BrokerConfig } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";

/** The methods of a plugin, whatever they answer. */
export type Methods = Record<string, (...args: never[]) => unknown>;

/** Ways to fail. */
export const WAYS: ReadonlyArray<readonly [way: string, act: () => unknown]> = [
  ["throws", () => {
    throw new Error("broken on purpose");
  }],
  ["throws nothing", () => {
    throw undefined;
  }],
  ["rejects", () => Promise.reject(new Error("broken on purpose"))],
  ["answers what cannot be read", () => ({
    get then() {
      throw new Error("broken on purpose");
    },
  })],
  ["never answers", () => new Promise(() => {})],
  ["recurses for ever", function recurse(): unknown {
    return [recurse()];
  }],
];

/** A broker that lets everybody in, with plugins that it soon ceases to wait for. */
export function brokerWith(
  plugins: readonly object[],
  config: BrokerConfig = {},
): Promise<Broker> {
  return startBroker({
    plugins: ["auth_anonymous", ...plugins] as BrokerConfig["plugins"],
    pluginTimeout: 0.1,
    shutdownTimeout: 0.2,
    ...config,
  });
}

/** How often plugins failed. */
export function failures(broker: Broker): number {
  return broker.describePlugins().reduce((sum, one) => sum + one.failures, 0);
}

/** Two clients do everything that clients do; nothing of it may be missing. */
export async function useEverything(broker: Broker): Promise<void> {
  const id = crypto.randomUUID().slice(0, 8);
  const lasting = {
    version: 5,
    clientId: `lasting-${id}`,
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  {
    await using away = await TestClient.connect(broker, lasting);
    assertEquals(await away.subscribe("later", 1), [1]);
  }
  await using reader = await TestClient.connect(broker, { version: 5 });
  assertEquals(await reader.subscribe(["t/#", "w"], 2), [2, 2]);
  {
    await using writer = await TestClient.connect(broker, {
      version: 4,
      will: { topic: "w", payload: Buffer.from("bye"), qos: 0, retain: false },
    });
    for (const qos of [0, 1, 2] as const) {
      await writer.publish(`t/${qos}`, id, { qos, retain: true });
      assertEquals(await reader.message(), `t/${qos}: ${id}`);
    }
    await writer.publish("later", id, { qos: 1 });
    await writer.publish("t/1", "", { qos: 1, retain: true });
    assertEquals(await reader.message(), "t/1: ");
    assertEquals(broker.context.retained.get("t/1"), undefined);
  }
  assertEquals(await reader.message(), "w: bye");
  await using back = await TestClient.connect(broker, lasting);
  assertEquals(back.connack?.sessionPresent, true);
  assertEquals(await back.message(), `later: ${id}`);
  await reader.unsubscribe("t/#");
  await back.publish("t/0", id);
  await reader.ping();
  assertEquals(reader.unread, 0);
  broker.context.disconnect(lasting.clientId, { deleteSession: true });
  await back.expect("disconnect");
  for (const qos of [0, 2]) broker.context.retained.clear(`t/${qos}`);
}
