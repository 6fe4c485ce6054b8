import { Buffer } from "node:buffer";
import type { Broker } from "../../../mod.ts";
import type { InterceptorName } from "../../../plugins/mod.ts";
import { connectPacket, eventually, TestClient } from "../../_client.ts";

/** Has happen what a hook is asked about; says whether it went through. */
export type Trigger = (broker: Broker, version: 4 | 5) => Promise<boolean>;

let topics = 0;

/** One for each hook that can refuse. Each leaves the broker as it was. */
export const TRIGGERS: Readonly<Partial<Record<InterceptorName, Trigger>>> = {
  async interceptAccept(broker, version) {
    await using client = await TestClient.open(broker, version);
    try {
      await client.send(connectPacket({ version }));
      return (await client.next()).cmd === "connack";
    } catch {
      // It was closed.
      return false;
    }
  },
  interceptConnect: connects,
  interceptConnack: connects,
  async interceptSubscribe(broker, version) {
    await using client = await TestClient.connect(broker, { version });
    return (await client.subscribe("a"))[0] < 0x80;
  },
  async interceptUnsubscribe(broker, version) {
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("a");
    await client.unsubscribe("a");
    return [...broker.context.subscriptions()].length === 0;
  },
  async interceptPublish(broker, version) {
    await using client = await TestClient.connect(broker, { version });
    const { dropped } = broker.context.stats();
    await client.publish("a", "x", { qos: 1 });
    return broker.context.stats().dropped.intercepted === dropped.intercepted;
  },
  async interceptDeliver(broker, version) {
    await using client = await TestClient.connect(broker, { version });
    await client.subscribe("a");
    const before = broker.context.stats();
    broker.context.publish("a", "x");
    const sent = () => broker.context.stats().publishSent - before.publishSent;
    const dropped = () =>
      broker.context.stats().dropped.intercepted - before.dropped.intercepted;
    await eventually(() => sent() + dropped() === 1, "delivery");
    return sent() === 1;
  },
  async interceptWill(broker, version) {
    await using client = await TestClient.connect(broker, {
      version,
      will: {
        topic: "will",
        payload: Buffer.from("x"),
        qos: 0,
        retain: false,
      },
    });
    // Not sent, so that the hook is asked once.
    if (client.code === 0) await client.disconnect();
    return client.code === 0;
  },
  interceptRetain(broker) {
    const topic = `retained/${topics++}`;
    broker.context.publish(topic, "x", { retain: true });
    return Promise.resolve(broker.context.retained.get(topic) !== undefined);
  },
};

async function connects(broker: Broker, version: 4 | 5): Promise<boolean> {
  await using client = await TestClient.connect(broker, { version });
  return client.code === 0;
}
