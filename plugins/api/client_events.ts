/**
 * What observers get of clients and their sessions.
 *
 * @module
 */

import type { QoS, Session } from "./messages.ts";

/**
 * `onBrokerClientConnected`, `onBrokerClientDisconnected`: a client came or went.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Devices extends BasePlugin {
 *   override onBrokerClientConnected({ clientId, clientSession }: ClientEvent): void {
 *     const { username = "nobody", remoteAddress } = clientSession;
 *     const device = JSON.stringify({ username, remoteAddress });
 *     this.context.retained.set(`devices/${clientId}`, device);
 *   }
 *
 *   override onBrokerClientDisconnected({ clientId }: ClientEvent): void {
 *     this.context.retained.clear(`devices/${clientId}`);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Devices] });
 * const client = await broker.connect({ clientId: "pump" });
 * assertEquals(await client.subscribe("devices/+"), 2);
 * assertEquals(
 *   (await client.receive("devices/pump")).text,
 *   '{"username":"nobody","remoteAddress":"192.0.2.1"}',
 * );
 * ```
 */
export interface ClientEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Its session. */
  readonly clientSession: Session;
}

/**
 * `onBrokerClientSubscribed`: one filter was granted.
 *
 * @example
 * ```ts
 * import { BasePlugin, type SubscribedEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Greeting extends BasePlugin {
 *   override onBrokerClientSubscribed({ clientId, topic, qos }: SubscribedEvent): void {
 *     if (topic !== "chat/lobby") return;
 *     this.context.publishTo(clientId, topic, `welcome, ${clientId}`, { qos });
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Greeting] });
 * const client = await broker.connect({ clientId: "alice" });
 * await client.subscribe("chat/lobby");
 * assertEquals((await client.receive()).text, "welcome, alice");
 * ```
 */
export interface SubscribedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it. */
  readonly topic: string;
  /** QoS that was asked for. */
  readonly qos: QoS;
}

/**
 * `onBrokerClientUnsubscribed`: one filter was removed.
 *
 * @example
 * ```ts
 * import { BasePlugin, type UnsubscribedEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Tells a camera to stop when its last viewer has left.
 * class Cameras extends BasePlugin {
 *   override onBrokerClientUnsubscribed({ topic }: UnsubscribedEvent): void {
 *     for (const { filter } of this.context.subscriptions()) {
 *       if (filter === topic) return;
 *     }
 *     this.context.publish(`${topic}/stop`, "");
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Cameras] });
 * const camera = await broker.connect();
 * await camera.subscribe("camera/1/stop");
 * const viewer = await broker.connect();
 * await viewer.subscribe("camera/1");
 * await viewer.unsubscribe("camera/1");
 * assertEquals((await camera.receive()).topic, "camera/1/stop");
 * ```
 */
export interface UnsubscribedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** Topic filter as the client sent it. */
  readonly topic: string;
}

/**
 * `onBrokerClientAuthenticationFailed`: a CONNECT was answered with a refusal.
 *
 * @example
 * ```ts
 * import { type AuthenticationFailedEvent, BasePlugin } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertStringIncludes } from "@std/assert";
 *
 * // Writes what a tool such as fail2ban looks for.
 * class FailedLogins extends BasePlugin {
 *   override onBrokerClientAuthenticationFailed(
 *     event: AuthenticationFailedEvent,
 *   ): void {
 *     const { reasonCode, remoteAddress, username } = event;
 *     if (reasonCode !== 0x86 && reasonCode !== 0x87) return; // It was not the password.
 *     this.context.logger.warn(`failed login from ${remoteAddress}`, { username });
 *   }
 * }
 *
 * let log = "";
 * await using broker = await TestBroker.start({
 *   plugins: [FailedLogins],
 *   allowAnonymous: false,
 *   log: (line) => log += line,
 * });
 * await broker.connect({ username: "mallory" });
 * assertStringIncludes(log, "failed login from 192.0.2.1");
 * ```
 */
export interface AuthenticationFailedEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** User name; absent if the client sent none. */
  readonly username: string | undefined;
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Name of the listener that accepted the connection. */
  readonly listener: string;
  /** Reason code of MQTT 5 that says why; 0x86 and 0x87 mean that nobody vouched for it. */
  readonly reasonCode: number;
}

/**
 * `onBrokerSessionCreated` and the like: a session began, goes on or has ended.
 *
 * @example
 * ```ts
 * import { BasePlugin, type SessionEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Every session has an inbox, without subscribing to it.
 * class Inbox extends BasePlugin {
 *   override onBrokerSessionCreated({ clientId }: SessionEvent): void {
 *     this.context.addSubscription(clientId, `inbox/${clientId}`, 1);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Inbox] });
 * const alice = await broker.connect({ clientId: "alice" });
 * const bob = await broker.connect({ clientId: "bob" });
 * await bob.publish("inbox/alice", "hello");
 * assertEquals((await alice.receive()).text, "hello");
 * ```
 */
export interface SessionEvent {
  /** Client identifier. */
  readonly clientId: string;
  /** The session. */
  readonly clientSession: Session;
}
