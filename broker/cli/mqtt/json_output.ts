/**
 * Messages as JSON, in the form of `mosquitto_sub`.
 *
 * @module
 */

import { formatDate } from "./date_format.ts";
import type { ReceivedMessage } from "./received.ts";

/** Options of {@linkcode messageJson}. */
export interface MessageJsonOptions {
  /** Whether the payload is JSON that becomes a part of the result. */
  embed: boolean;
  /** Whether the result has lines and indentation. */
  pretty: boolean;
}

/**
 * A message as JSON.
 *
 * @param message The message.
 * @param options How its payload is written.
 * @returns The JSON text.
 * @throws {SyntaxError} If the payload is to be embedded and is no JSON.
 */
export function messageJson(
  message: ReceivedMessage,
  { embed, pretty }: MessageJsonOptions,
): string {
  const { topic, payload, qos, retain, messageId, time } = message;
  const microseconds = formatDate("N", time).slice(0, 6);
  const properties = readable(message.properties);
  const head = {
    tst: `${formatDate("Y-m-d", time)}T${
      formatDate("H:M:S", time)
    }.${microseconds}${formatDate("z", time)}`,
    topic,
    qos,
    retain: retain ? 1 : 0,
    payloadlen: payload.length,
    ...(qos > 0 && { mid: messageId }),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
  const body = payloadJson(payload, embed);
  const line = `${JSON.stringify(head).slice(0, -1)},"payload":${body}}`;
  return pretty ? JSON.stringify(JSON.parse(line), null, 2) : line;
}

function payloadJson(payload: Uint8Array, embed: boolean): string {
  if (payload.length === 0) return "null";
  const text = new TextDecoder().decode(payload);
  if (!embed) return JSON.stringify(text);
  JSON.parse(text);
  // Only what stands between the values goes: numbers keep their digits.
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}

function readable(
  properties: ReceivedMessage["properties"],
): Record<string, unknown> {
  const {
    topicAlias,
    contentType,
    correlationData,
    payloadFormatIndicator,
    responseTopic,
    subscriptionIdentifier,
    userProperties,
    messageExpiryInterval,
  } = properties;
  const all = {
    "topic-alias": topicAlias,
    "content-type": contentType,
    "correlation-data": correlationData &&
      new TextDecoder().decode(correlationData),
    "payload-format-indicator": payloadFormatIndicator === undefined
      ? undefined
      : Number(payloadFormatIndicator),
    "response-topic": responseTopic,
    "subscription-identifier": subscriptionIdentifier,
    "user-properties": userProperties,
    "message-expiry-interval": messageExpiryInterval,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  );
}
