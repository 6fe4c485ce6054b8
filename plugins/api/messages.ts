/**
 * Messages, sessions and subscriptions as plugins see them.
 *
 * @module
 */

/**
 * Quality of service: at most once, at least once, exactly once.
 *
 * @example
 * ```ts
 * import type { QoS } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * function lower(first: QoS, second: QoS): QoS {
 *   return first < second ? first : second;
 * }
 *
 * // What a subscriber gets: the QoS of the message, but not more than it asked for.
 * assertEquals(lower(2, 1), 1);
 * ```
 */
export type QoS = 0 | 1 | 2;

/**
 * The properties of a message that MQTT 5 adds.
 *
 * @example
 * ```ts
 * import { BasePlugin, type MessageEvent, type MessageProperties } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Answers the requests at `time`.
 * class TimeServer extends BasePlugin {
 *   override onBrokerMessageBroadcast(
 *     { message: { topic, properties } }: MessageEvent,
 *   ): void {
 *     const { responseTopic, correlationData }: MessageProperties = properties ?? {};
 *     if (topic !== "time" || responseTopic === undefined) return;
 *     this.context.publish(responseTopic, `${Date.now()}`, {
 *       properties: { correlationData },
 *     });
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [TimeServer] });
 * const client = await broker.connect();
 * await client.subscribe("answers");
 * const correlationData = Buffer.from("1");
 * await client.publish("time", "", {
 *   properties: { responseTopic: "answers", correlationData },
 * });
 * assertEquals((await client.receive()).properties?.correlationData, correlationData);
 * ```
 */
export interface MessageProperties {
  /** Whether the payload is UTF-8 text. */
  payloadFormatIndicator?: boolean;
  /** Seconds that the message has left to live. */
  messageExpiryInterval?: number;
  /** MIME type, or any other name, of the payload. */
  contentType?: string;
  /** Where an answer goes. */
  responseTopic?: string;
  /** What the answer must carry, so that it is recognised. */
  correlationData?: Uint8Array;
  /** Names and values in their order; a name may occur more than once. */
  userProperties?: ReadonlyArray<readonly [name: string, value: string]>;
}

/**
 * A message on its way through the broker.
 *
 * @example
 * ```ts
 * import type { ApplicationMessage } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function jsonOf({ topic, payload }: ApplicationMessage): unknown {
 *   try {
 *     return JSON.parse(new TextDecoder().decode(payload));
 *   } catch (cause) {
 *     throw new Error(`the message of "${topic}" is not JSON`, { cause });
 *   }
 * }
 *
 * await using broker = await TestBroker.start();
 * broker.context.retained.set("state/door", '{"open":true}');
 * const [message] = broker.context.retained.match("state/+");
 * assertEquals(jsonOf(message), { open: true });
 * ```
 */
export interface ApplicationMessage {
  /** Topic name. */
  readonly topic: string;
  /** The payload. Do not change it: others see the same bytes. */
  readonly payload: Uint8Array;
  /** QoS that the publisher chose. */
  readonly qos: QoS;
  /** Whether the publisher asked for the message to be retained. */
  readonly retain: boolean;
  /** MQTT 5 properties; absent if there are none. */
  readonly properties?: MessageProperties;
  /** Client that published it; absent if the broker or a plugin did. */
  readonly publisher?: string;
}

/**
 * What the broker knows of a client's certificate.
 *
 * @example
 * ```ts
 * import {
 *   type AuthenticateEvent,
 *   BaseAuthPlugin,
 *   type Decision,
 *   type PeerCertificate,
 * } from "@dinomq/broker/plugins";
 *
 * class Workloads extends BaseAuthPlugin<{ trustDomain: string }> {
 *   authenticate({ session }: AuthenticateEvent): Decision {
 *     const id = this.#idOf(session.peerCertificate);
 *     if (id === undefined) return; // It has to log in by other means.
 *     session.username = id;
 *     return true;
 *   }
 *
 *   #idOf(certificate: PeerCertificate | undefined): string | undefined {
 *     const prefix = `spiffe://${this.config.trustDomain}/`;
 *     return certificate?.uris.find((uri) => uri.startsWith(prefix));
 *   }
 * }
 * ```
 */
export interface PeerCertificate {
  /** Common name of the subject. */
  readonly commonName: string;
  /**
   * Subject alternative names as OpenSSL writes them: `URI:spiffe://…, DNS:…`. For
   * people: a name may itself hold a comma and another name.
   */
  readonly subjectAltName: string;
  /** The URIs among the subject alternative names, in their order. */
  readonly uris: readonly string[];
  /** SHA-256 fingerprint, hexadecimal with colons. */
  readonly fingerprint256: string;
}

/**
 * A client's session as plugins see it. It outlives the connection if the client
 * asked for that.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type PublishEvent,
 *   type Refusal,
 *   type Session,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Quota extends BasePlugin<{ messages: number }> {
 *   override interceptPublish({ session }: PublishEvent): Refusal | undefined {
 *     if (this.#count(session) > this.config.messages) return false;
 *   }
 *
 *   // Counts in the session, and so forgets when it ends.
 *   #count({ attributes }: Session): number {
 *     const count = Number(attributes.get("quota.count") ?? 0) + 1;
 *     attributes.set("quota.count", count);
 *     return count;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Quota, options: { messages: 1 } }],
 * });
 * const client = await broker.connect();
 * assertEquals(await client.publish("a", "x"), 0x10);
 * assertEquals(await client.publish("a", "x"), 0x87);
 * ```
 */
export interface Session {
  /** Client identifier, also when the broker assigned it. */
  readonly clientId: string;
  /** User name; absent if the client sent none. */
  readonly username: string | undefined;
  /** Password; present only while the client is being authenticated. */
  readonly password: Uint8Array | undefined;
  /** Whether the client connected without a user name. */
  readonly isAnonymous: boolean;
  /** Protocol level: 3 (MQTT 3.1), 4 (3.1.1) or 5. */
  readonly protocolVersion: 3 | 4 | 5;
  /** Whether the client asked for a new session. */
  readonly cleanStart: boolean;
  /** Seconds that the session outlives its connection; `Infinity`: for ever. */
  readonly expiryInterval: number;
  /** Keep alive in seconds; 0: none. */
  readonly keepAlive: number;
  /** Whether the client is connected now. */
  readonly connected: boolean;
  /** Whether this connection found an earlier session. */
  readonly sessionPresent: boolean;
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the client; 0 for a Unix socket. */
  readonly remotePort: number;
  /** Name of the listener that accepted the connection. */
  readonly listener: string;
  /** The client's certificate, if it showed one that the listener trusts. */
  readonly peerCertificate: PeerCertificate | undefined;
  /** The will, if the client left one and it was not sent or deleted. */
  readonly will: ApplicationMessage | undefined;
  /** Time of the last CONNECT, in milliseconds since 1970. */
  readonly connectedAt: number;
  /** Time of the last disconnection; 0 if there was none. */
  readonly disconnectedAt: number;
  /** Messages that were sent and are not acknowledged yet. */
  readonly inflightCount: number;
  /** Messages that wait to be sent. */
  readonly queuedCount: number;
  /** Room for plugins; prefix the keys with the plugin's name. Lives as long as the session. */
  readonly attributes: Map<string, unknown>;
}

/**
 * A subscription of a client.
 *
 * @example
 * ```ts
 * import type { BrokerContext, SubscriptionInfo } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function whoListens(context: BrokerContext, topic: string): string[] {
 *   const listens = ({ filter }: SubscriptionInfo) => context.matches(filter, topic);
 *   return [...context.subscriptions()].filter(listens).map(({ clientId }) => clientId);
 * }
 *
 * await using broker = await TestBroker.start();
 * broker.context.addSubscription("alice", "home/#");
 * broker.context.addSubscription("bob", "garden/#");
 * assertEquals(whoListens(broker.context, "home/door"), ["alice"]);
 * ```
 */
export interface SubscriptionInfo {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it, `$share/…` included. */
  readonly filter: string;
  /** Maximum QoS. */
  readonly qos: QoS;
}
