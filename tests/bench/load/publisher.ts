/**
 * Publishes as fast as the broker takes it.
 *
 * @module
 */

import type { Scenario } from "../scenarios.ts";
import { type Client, PacketType } from "./client.ts";
import { publishFrames } from "./frames.ts";
import type { Traffic } from "./traffic.ts";

/** Messages of QoS 1 and 2 that one publisher does not wait with. */
const WINDOW = 64;
// So much is written at one time, by all publishers together.
const CHUNKS = 1 << 19;
const LARGEST_CHUNK = 1 << 16;

/**
 * Has a client publish until the traffic stops.
 *
 * @param client The client.
 * @param traffic Where messages are counted.
 * @param scenario What is published.
 * @param index Number of the client.
 * @returns Resolves when the connection ends.
 */
export function publish(
  client: Client,
  traffic: Traffic,
  scenario: Scenario,
  index: number,
): Promise<void> {
  if (scenario.qos > 0) publishInWindow(client, traffic, scenario, index);
  else void publishInChunks(client, traffic, scenario, index);
  return client.read();
}

async function publishInChunks(
  client: Client,
  traffic: Traffic,
  scenario: Scenario,
  index: number,
): Promise<void> {
  const { size } = publishFrames(scenario, index, 1);
  const room = Math.min(LARGEST_CHUNK, CHUNKS / scenario.publishers);
  // A chunk of a fan-out becomes many.
  const count = Math.max(1, Math.floor(room / size / scenario.copies));
  const { bytes } = publishFrames(scenario, index, count);
  while (traffic.running) {
    await traffic.room();
    traffic.published += count;
    try {
      await client.write(bytes);
    } catch {
      // The reader hears of it, too, and tells.
      return;
    }
  }
}

/** The next messages leave when earlier ones are acknowledged. */
function publishInWindow(
  client: Client,
  traffic: Traffic,
  scenario: Scenario,
  index: number,
): void {
  const { bytes, size, count } = publishFrames(scenario, index, 16 * WINDOW);
  let next = 0;
  let inFlight = 0;
  const send = () => {
    while (traffic.running && inFlight < WINDOW) {
      const many = Math.min(WINDOW - inFlight, count - next);
      client.append(bytes.subarray(next * size, (next + many) * size));
      next = (next + many) % count;
      inFlight += many;
      traffic.published += many;
    }
  };
  client.onPacket = (first, at) => {
    switch (first >> 4) {
      case PacketType.pubrec:
        client.acknowledge(0x62, at);
        return;
      case PacketType.puback:
      case PacketType.pubcomp:
        inFlight--;
        traffic.acknowledged++;
    }
  };
  client.onRead = () => {
    send();
    client.flush();
  };
  client.onRead();
}
