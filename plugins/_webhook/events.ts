/**
 * What is told of each event.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type {
  ApplicationMessage,
  BrokerEventName,
  BrokerEvents,
  ClientEvent,
} from "../mod.ts";

/** What an event says, beside its name and time. */
type Fields = Record<string, unknown>;

/** How one event is told. */
export interface EventKind {
  /** The method of the plugin that gets it. */
  readonly method: BrokerEventName;
  /** What is told of it. */
  readonly describe: (event: never) => Fields;
  /** The topic of the message that it is about. */
  readonly topicOf?: (event: never) => string;
}

/** Name of an event that can be sent, which is aMQTT's. */
export type WebhookEventName =
  | "broker_pre_start"
  | "broker_post_start"
  | "broker_pre_shutdown"
  | "broker_post_shutdown"
  | "broker_client_connected"
  | "broker_client_disconnected"
  | "broker_client_subscribed"
  | "broker_client_unsubscribed"
  | "broker_message_received"
  | "broker_message_broadcast"
  | "broker_retained_message";

/** The events that can be sent. */
export const EVENT_KINDS: Readonly<Record<WebhookEventName, EventKind>> = {
  "broker_pre_start": kind("onBrokerPreStart", () => ({})),
  "broker_post_start": kind("onBrokerPostStart", () => ({})),
  "broker_pre_shutdown": kind("onBrokerPreShutdown", () => ({})),
  "broker_post_shutdown": kind("onBrokerPostShutdown", () => ({})),
  "broker_client_connected": kind("onBrokerClientConnected", describeClient),
  "broker_client_disconnected": kind(
    "onBrokerClientDisconnected",
    describeClient,
  ),
  "broker_client_subscribed": kind(
    "onBrokerClientSubscribed",
    ({ clientId, topic, qos }) => ({ "client_id": clientId, topic, qos }),
  ),
  "broker_client_unsubscribed": kind(
    "onBrokerClientUnsubscribed",
    ({ clientId, topic }) => ({ "client_id": clientId, topic }),
  ),
  "broker_message_received": kind(
    "onBrokerMessageReceived",
    ({ clientId, message }) => ({
      "client_id": clientId,
      ...describeMessage(message),
    }),
    ({ message }) => message.topic,
  ),
  "broker_message_broadcast": kind(
    "onBrokerMessageBroadcast",
    ({ clientId, message }) => ({
      "client_id": clientId,
      ...describeMessage(message),
    }),
    ({ message }) => message.topic,
  ),
  "broker_retained_message": kind(
    "onBrokerRetainedMessage",
    ({ clientId, retainedMessage }) => ({
      "client_id": clientId,
      ...describeMessage(retainedMessage),
    }),
    ({ retainedMessage }) => retainedMessage.topic,
  ),
};

function kind<Name extends BrokerEventName>(
  method: Name,
  describe: (event: BrokerEvents[Name]) => Fields,
  topicOf?: (event: BrokerEvents[Name]) => string,
): EventKind {
  return { method, describe, topicOf };
}

/** Names each field, so that nothing is told by accident. */
function describeClient({ clientId, clientSession }: ClientEvent): Fields {
  return {
    "client_id": clientId,
    username: clientSession.username ?? null,
    listener: clientSession.listener,
    "remote_address": clientSession.remoteAddress,
    "remote_port": clientSession.remotePort,
    "protocol_version": clientSession.protocolVersion,
    "clean_start": clientSession.cleanStart,
    "keep_alive": clientSession.keepAlive,
  };
}

function describeMessage(message: ApplicationMessage): Fields {
  const { topic, qos, retain, payload, properties } = message;
  return {
    topic,
    qos,
    retain,
    ...describePayload(payload),
    ...(properties !== undefined && {
      properties: {
        "payload_format_indicator": properties.payloadFormatIndicator,
        "message_expiry_interval": properties.messageExpiryInterval,
        "content_type": properties.contentType,
        "response_topic": properties.responseTopic,
        "correlation_data": properties.correlationData &&
          base64(properties.correlationData),
        "user_properties": properties.userProperties,
      },
    }),
  };
}

function describePayload(payload: Uint8Array): Fields {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(payload);
    return { payload: text, "payload_encoding": "utf-8" };
  } catch {
    return { payload: base64(payload), "payload_encoding": "base64" };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("base64");
}
