/**
 * The properties of a message as MQTT.js has them, and the marks by which a bridge
 * recognises what it has carried before.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IPublishPacket } from "mqtt";
import type { MessageProperties } from "../mod.ts";

/** User property that each bridge adds to what it carries. */
export const HOP_PROPERTY = "dinomq-bridge";

// More brokers in a row than anybody has; then it goes in circles all the same.
const MAX_HOPS = 16;

type WireProperties = NonNullable<IPublishPacket["properties"]>;

/**
 * Whether a bridge has carried a message before, or too many others have.
 *
 * @param properties The properties of the message.
 * @param link Name of the bridge.
 * @returns Whether it must not go on.
 */
export function wentThrough(
  properties: MessageProperties | undefined,
  link: string,
): boolean {
  const hops =
    properties?.userProperties?.filter(([name]) => name === HOP_PROPERTY) ?? [];
  return hops.length >= MAX_HOPS || hops.some(([, value]) => value === link);
}

/**
 * Adds the mark of a bridge.
 *
 * @param properties The properties of the message.
 * @param link Name of the bridge.
 * @returns The properties with the mark.
 */
export function withHop(
  properties: MessageProperties | undefined,
  link: string,
): MessageProperties {
  return {
    ...properties,
    userProperties: [
      ...properties?.userProperties ?? [],
      [HOP_PROPERTY, link],
    ],
  };
}

/**
 * Writes properties for MQTT.js.
 *
 * @param properties The properties of a message.
 * @returns The same for a packet.
 */
export function toWire(properties: MessageProperties): WireProperties {
  const { correlationData, userProperties, ...others } = properties;
  const wire: WireProperties = { ...others };
  if (correlationData !== undefined) {
    wire.correlationData = Buffer.from(correlationData);
  }
  if (userProperties !== undefined) {
    // Not a plain object: its names are the client's.
    const byName: Record<string, string[]> = Object.create(null);
    for (const [name, value] of userProperties) {
      (byName[name] ??= []).push(value);
    }
    wire.userProperties = byName;
  }
  return wire;
}

/**
 * Reads properties of MQTT.js.
 *
 * @param wire The properties of a packet.
 * @returns The same for a message; nothing if there are none.
 */
export function fromWire(
  wire: WireProperties | undefined,
): MessageProperties | undefined {
  if (wire === undefined) return undefined;
  const {
    payloadFormatIndicator,
    messageExpiryInterval,
    contentType,
    responseTopic,
    correlationData,
  } = wire;
  const userProperties = Object.entries(wire.userProperties ?? {})
    .flatMap(([name, values]) =>
      [values].flat().map((value) => [name, value] as const)
    );
  return {
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
    ...(userProperties.length > 0 && { userProperties }),
  };
}
