/**
 * The packets that the load generator sends. Each is encoded once.
 *
 * @module
 */

import { encode } from "../../../codec/mod.ts";
import type { Scenario } from "../scenarios.ts";

/** Puts the number of a client in a topic or filter. */
export function numbered(pattern: string, client: number): string {
  return pattern.replace("{}", String(client));
}

/** A CONNECT without keep alive, with a clean session. */
export function connectFrame(clientId: string, version: 4 | 5): Uint8Array {
  return encode({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: version,
    clientId,
    clean: true,
    keepalive: 0,
  }, version);
}

/** A SUBSCRIBE for one filter. */
export function subscribeFrame(
  { filter, qos, version }: Scenario,
  client: number,
): Uint8Array {
  return encode({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: numbered(filter, client), qos }],
  }, version);
}

/** One PUBLISH, or several of the same form behind each other. */
export interface PublishFrames {
  readonly bytes: Uint8Array;
  /** Size of one. */
  readonly size: number;
  /** How many there are. */
  readonly count: number;
  /** Where the payload begins in each. */
  readonly payloadAt: number;
}

/**
 * The PUBLISH packets of one client, with the packet identifiers 1 to `count`.
 *
 * @param scenario What it publishes.
 * @param client Number of the client.
 * @param count How many packets.
 */
export function publishFrames(
  { topic, qos, size: payload, version }: Scenario,
  client: number,
  count: number,
): PublishFrames {
  const one = encode({
    cmd: "publish",
    topic: numbered(topic, client),
    payload: "x".repeat(payload),
    qos,
    dup: false,
    retain: false,
    ...(qos > 0 && { messageId: 1 }),
  }, version);
  const size = one.length;
  const bytes = new Uint8Array(size * count);
  const payloadAt = size - payload;
  // In front of the payload; in MQTT 5 the length of the properties is between.
  const idAt = payloadAt - (version === 5 ? 3 : 2);
  for (let i = 0; i < count; i++) {
    bytes.set(one, i * size);
    if (qos === 0) continue;
    bytes[i * size + idAt] = (i + 1) >> 8;
    bytes[i * size + idAt + 1] = (i + 1) & 255;
  }
  return { bytes, size, count, payloadAt };
}
