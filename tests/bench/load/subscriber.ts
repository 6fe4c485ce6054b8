/**
 * Counts messages, and acknowledges them.
 *
 * @module
 */

import type { Scenario } from "../scenarios.ts";
import { type Client, PacketType } from "./client.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Has a client receive what it has subscribed to.
 *
 * @param client The client.
 * @param traffic Where messages are counted.
 * @param scenario What is received; if it is paced, payloads begin with the time.
 * @returns Resolves when the connection ends.
 */
export function receive(
  client: Client,
  traffic: Traffic,
  scenario: Scenario,
): Promise<void> {
  const { qos, size } = scenario;
  const paced = scenario.load === "paced";
  client.onPacket = (first, at, end) => {
    switch (first >> 4) {
      case PacketType.publish: {
        traffic.delivered++;
        if (paced) {
          const { input } = client;
          const sent = new DataView(input.buffer, end - size).getFloat64(0);
          traffic.latency.add(performance.now() - sent);
        }
        if (qos === 0) return;
        const { input } = client;
        const idAt = at + 2 + ((input[at] << 8) | input[at + 1]);
        client.acknowledge(qos === 1 ? 0x40 : 0x50, idAt);
        return;
      }
      case PacketType.pubrel:
        client.acknowledge(0x70, at);
    }
  };
  client.onRead = () => {
    client.flush();
    traffic.eased();
  };
  return client.read();
}
