/**
 * A delivery as the packet that plugins observe.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Packet, QoS } from "../plugins/mod.ts";
import type { Message } from "./message.ts";

/**
 * Describes a PUBLISH that the broker sends.
 *
 * @returns The packet as mqtt-packet describes it; its bytes are a copy.
 */
export function publishPacket(
  message: Message,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  identifiers: readonly number[],
): Packet {
  const { userProperties, correlationData, ...properties } =
    message.properties ?? {};
  const users: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of userProperties ?? []) {
    const known = users[name];
    users[name] = known === undefined ? value : [known, value].flat();
  }
  return {
    cmd: "publish",
    topic: message.topic,
    payload: Buffer.from(message.payload),
    qos,
    retain,
    dup,
    ...(qos > 0 && { messageId: packetId }),
    properties: {
      ...properties,
      ...(correlationData !== undefined && {
        correlationData: Buffer.from(correlationData),
      }),
      ...(userProperties !== undefined && { userProperties: users }),
      ...(identifiers.length > 0 && {
        subscriptionIdentifier: [...identifiers],
      }),
    },
  } as unknown as Packet;
}
