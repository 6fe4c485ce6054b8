/** The limits of a configuration: as they are written, and filled in. @module */

/**
 * A number of bytes, or a text such as `"64KB"` (64,000) or `"2MiB"` (2,097,152).
 *
 * @example
 * ```ts
 * import type { Size } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function largestPacket(
 *   maxPacketSize: Size,
 * ): Promise<number | undefined> {
 *   await using broker = await TestBroker.start({ config: { maxPacketSize } });
 *   return (await broker.connect()).connack.properties?.maximumPacketSize;
 * }
 *
 * assertEquals(await largestPacket(5000), 5000);
 * assertEquals(await largestPacket("64KB"), 64_000);
 * assertEquals(await largestPacket("64KiB"), 65_536);
 * ```
 */
export type Size = number | string;

/**
 * Limits that a listener may have of its own; what it does not say is the
 * configuration's. 0 means no limit where it says so.
 *
 * @example
 * ```ts
 * import { type ListenerLimitsInput, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // What a listener does not say for itself it takes from the configuration.
 * const outside: ListenerLimitsInput = { messageRate: 10 };
 * const listeners = { outside, inside: { bind: 1884 } };
 * const path = await Deno.makeTempFile({ suffix: ".json" });
 * const text = JSON.stringify({
 *   listeners,
 *   messageRate: 500,
 *   byteRate: "1MB",
 * });
 * await Deno.writeTextFile(path, text);
 * const [first, second] = (await loadConfig(path)).listeners;
 * await Deno.remove(path);
 * assertEquals([first.limits.messageRate, second.limits.messageRate], [
 *   10,
 *   500,
 * ]);
 * assertEquals(first.limits.byteRate, 1_000_000);
 * ```
 */
export interface ListenerLimitsInput {
  /** Seconds that a new connection has for its CONNECT. Default: 10. */
  connectTimeout?: number;
  /** Largest packet from a client. Default: 2 MiB. */
  maxPacketSize?: Size;
  /** Largest CONNECT packet. Default: 128 KiB. */
  maxConnectPacketSize?: Size;
  /** Largest WebSocket frame from a client; 0: no limit. Default: 16 MiB. */
  maxFrameSize?: Size;
  /**
   * Most connections of one address at one time, over all listeners; of IPv6 a /64
   * network counts as one address. 0: no limit. Default: 0.
   */
  maxConnectionsPerAddress?: number;
  /** Most new connections of one address in a second; 0: no limit. Default: 0. */
  connectionRate?: number;
  /** Messages that one client may publish in a second; 0: no limit. Default: 0. */
  messageRate?: number;
  /** Bytes that one client may send in a second; 0: no limit. Default: 0. */
  byteRate?: Size;
}

/**
 * The limits of a broker as they are written. 0 means no limit where it says so.
 *
 * @example
 * ```ts
 * import type { LimitsInput } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // For a small machine. What is not said keeps its default.
 * const config: LimitsInput = { maxQueuedMessages: 2, maxKeepAlive: 120 };
 *
 * await using broker = await TestBroker.start({ config });
 * const { connack } = await broker.connect({ keepalive: 3600 });
 * assertEquals(connack.properties?.serverKeepAlive, 120);
 *
 * const { context } = broker;
 * context.addSubscription("away", "news", 1);
 * for (const text of ["a", "b", "c"]) {
 *   context.publish("news", text, { qos: 1 });
 * }
 * assertEquals(context.getSession("away")?.queuedCount, 2);
 * ```
 */
export interface LimitsInput extends ListenerLimitsInput {
  /** Most connections at one time, over all listeners; 0: no limit. Default: 100000. */
  maxConnections?: number;
  /** Most connections whose client is not authenticated yet; 0: no limit. Default: 10000. */
  maxPendingConnections?: number;
  /** Longest keep alive in seconds, 1 to 65535. Default: 65535. */
  maxKeepAlive?: number;
  /** Most seconds that a session outlives its connection. Default: for ever. */
  sessionExpiryInterval?: number;
  /** Most sessions, connected or not; 0: no limit. Default: 1000000. */
  maxSessions?: number;
  /** Most sessions of one user name; 0: no limit. Default: 0. */
  maxSessionsPerUser?: number;
  /** Most unacknowledged messages to one client, 1 to 65535. Default: 1000. */
  maxInflight?: number;
  /** Most unacknowledged messages from one client, 1 to 65535. Default: 1000. */
  receiveMaximum?: number;
  /** Most topic aliases that a client may set, 0 to 65535. Default: 100. */
  topicAliasMaximum?: number;
  /** Most messages that wait for one client. Default: 10000. */
  maxQueuedMessages?: number;
  /** Most bytes of messages that wait for one client. Default: 16 MiB. */
  maxQueuedBytes?: Size;
  /** Most messages that wait for all clients together; 0: no limit. Default: 5000000. */
  maxTotalQueuedMessages?: number;
  /** Most bytes of messages that wait for all clients together; 0: no limit. Default: 1 GiB. */
  maxTotalQueuedBytes?: Size;
  /** Most bytes that wait to be written to one connection. Default: 16 MiB. */
  maxOutputBytes?: Size;
  /** Seconds in which a client takes nothing of what waits for it; 0: no limit. Default: 60. */
  sendTimeout?: number;
  /**
   * Most memory of the process, in bytes; 0: four fifths of what the machine has. Objects never
   * have more than four fifths of what V8 has for them. Default: 0.
   */
  maxMemory?: Size;
  /** Most levels of a topic. Default: 128. */
  maxTopicLevels?: number;
  /** Most bytes of a topic name or topic filter, 1 to 65535. Default: 4096. */
  maxTopicLength?: number;
  /** Most user properties of one packet. Default: 256. */
  maxUserProperties?: number;
  /** Most subscriptions of one client; 0: no limit. Default: 10000. */
  maxSubscriptionsPerClient?: number;
  /** Most subscriptions of all clients together; 0: no limit. Default: 1000000. */
  maxSubscriptions?: number;
  /** Most retained messages; 0: no limit. Default: 1000000. */
  maxRetainedMessages?: number;
  /** Most bytes of retained messages; 0: no limit. Default: 1 GiB. */
  maxRetainedBytes?: Size;
  /** Most bytes that one plugin may store, keys included; 0: no limit. Default: 16 MiB. */
  maxPluginStorage?: Size;
  /** Most bytes of one value that a plugin stores. Default: 1 MiB. */
  maxPluginValue?: Size;
  /** Failed logins of one address before it is refused for a while; 0: no limit. Default: 20. */
  maxLoginFailuresPerAddress?: number;
  /** Failed logins of one user name before it is refused for a while; 0: no limit. Default: 20. */
  maxLoginFailuresPerUser?: number;
  /** Seconds that failed logins are remembered, and that a refusal lasts. Default: 60. */
  loginBanTime?: number;
  /** Connections of one client within `flappingWindow` before it is refused; 0: no limit. Default: 0. */
  flappingLimit?: number;
  /** Seconds in which a client's connections are counted. Default: 60. */
  flappingWindow?: number;
  /** Seconds that a client is refused that connected too often. Default: 300. */
  flappingBanTime?: number;
}

/**
 * The limits of one listener, filled in; 0: no limit.
 *
 * @example
 * ```ts
 * import { type ListenerLimits, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * function withoutRate(limits: ListenerLimits): boolean {
 *   return limits.messageRate === 0 && limits.byteRate === 0; // 0: no limit
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   `
 * listeners:
 *   office: { bind: 1883, byte-rate: 1MiB }
 *   factory: { bind: 1884 }
 * `,
 * );
 * const { listeners } = await loadConfig(path);
 * await Deno.remove(path);
 * const open = listeners.filter(({ limits }) => withoutRate(limits));
 * assertEquals(open.map(({ name }) => name), ["factory"]);
 * ```
 */
export interface ListenerLimits {
  /** Seconds. */
  connectTimeout: number;
  /** Bytes. */
  maxPacketSize: number;
  /** Bytes; never more than `maxPacketSize`. */
  maxConnectPacketSize: number;
  /** Bytes; 0: no limit. */
  maxFrameSize: number;
  /** 0: no limit. */
  maxConnectionsPerAddress: number;
  /** New connections in a second; 0: no limit. */
  connectionRate: number;
  /** Messages in a second; 0: no limit. */
  messageRate: number;
  /** Bytes in a second; 0: no limit. */
  byteRate: number;
}

/**
 * The limits of a broker, filled in; 0: no limit where it says so.
 *
 * @example
 * ```ts
 * import { type Limits, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // Bytes of messages: those that are retained, and those that wait.
 * function messageBytes(
 *   { maxRetainedBytes, maxTotalQueuedBytes }: Limits,
 * ): number {
 *   // 0 is no limit.
 *   return (maxRetainedBytes || Infinity) + (maxTotalQueuedBytes || Infinity);
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "max-retained-bytes: 512MiB\n");
 * assertEquals(messageBytes(await loadConfig(path)), 1.5 * 1024 ** 3);
 * await Deno.remove(path);
 * ```
 */
export interface Limits extends ListenerLimits {
  /** 0: no limit. */
  maxConnections: number;
  /** 0: no limit. */
  maxPendingConnections: number;
  /** Seconds. */
  maxKeepAlive: number;
  /** Seconds; `Infinity`: for ever. */
  sessionExpiryInterval: number;
  /** 0: no limit. */
  maxSessions: number;
  /** 0: no limit. */
  maxSessionsPerUser: number;
  /** Messages, 1 to 65535. */
  maxInflight: number;
  /** Messages, 1 to 65535. */
  receiveMaximum: number;
  /** Aliases, 0 to 65535. */
  topicAliasMaximum: number;
  /** Messages. */
  maxQueuedMessages: number;
  /** Bytes. */
  maxQueuedBytes: number;
  /** Messages; 0: no limit. */
  maxTotalQueuedMessages: number;
  /** Bytes; 0: no limit. */
  maxTotalQueuedBytes: number;
  /** Bytes. */
  maxOutputBytes: number;
  /** Seconds; 0: no limit. */
  sendTimeout: number;
  /** Bytes; 0: four fifths of what the machine has. */
  maxMemory: number;
  /** Levels. */
  maxTopicLevels: number;
  /** Bytes, 1 to 65535. */
  maxTopicLength: number;
  /** User properties. */
  maxUserProperties: number;
  /** 0: no limit. */
  maxSubscriptionsPerClient: number;
  /** 0: no limit. */
  maxSubscriptions: number;
  /** 0: no limit. */
  maxRetainedMessages: number;
  /** Bytes; 0: no limit. */
  maxRetainedBytes: number;
  /** Bytes; 0: no limit. */
  maxPluginStorage: number;
  /** Bytes. */
  maxPluginValue: number;
  /** 0: no limit. */
  maxLoginFailuresPerAddress: number;
  /** 0: no limit. */
  maxLoginFailuresPerUser: number;
  /** Seconds. */
  loginBanTime: number;
  /** 0: no limit. */
  flappingLimit: number;
  /** Seconds. */
  flappingWindow: number;
  /** Seconds. */
  flappingBanTime: number;
}
