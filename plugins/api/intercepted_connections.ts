/**
 * What interceptors of the begin and the end of a connection get and may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { PeerCertificate, Session } from "./messages.ts";

/**
 * The argument of `interceptAccept`: a connection, before a byte of MQTT is read from
 * it. What TLS, WebSocket and the PROXY protocol have to say is known.
 *
 * @example
 * ```ts
 * import { type AcceptEvent, BasePlugin } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * // Whoever comes from outside comes by TLS.
 * class Inside extends BasePlugin {
 *   override interceptAccept({ remoteAddress, listener }: AcceptEvent): boolean {
 *     return listener === "tls" || remoteAddress.startsWith("10.");
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Inside] });
 * assertEquals((await broker.connect({ remoteAddress: "10.0.0.7" })).code, 0);
 * await assertRejects(() => broker.connect({ remoteAddress: "192.0.2.7" }));
 * ```
 */
export interface AcceptEvent {
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the client; 0 for a Unix socket. */
  readonly remotePort: number;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** The client's certificate, if it showed one that the listener trusts. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/**
 * What `interceptAccept` answers: a refusal closes the connection without a word.
 *
 * @example
 * ```ts
 * import {
 *   type AcceptAnswer,
 *   type AcceptEvent,
 *   type AuthenticationFailedEvent,
 *   BasePlugin,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertRejects } from "@std/assert";
 *
 * // One wrong password, and the address has to wait a minute, also after a restart.
 * class Patience extends BasePlugin {
 *   override async onBrokerClientAuthenticationFailed(
 *     event: AuthenticationFailedEvent,
 *   ) {
 *     await this.context.storage.set(event.remoteAddress, Date.now() + 60_000);
 *   }
 *
 *   override async interceptAccept(
 *     { remoteAddress }: AcceptEvent,
 *   ): Promise<AcceptAnswer> {
 *     const until = await this.context.storage.get<number>(remoteAddress) ?? 0;
 *     if (Date.now() < until) return false;
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [Patience],
 *   allowAnonymous: false,
 * });
 * await broker.connect();
 * await broker.events.next("onBrokerClientAuthenticationFailed");
 * await assertRejects(() => broker.connect());
 * ```
 */
export type AcceptAnswer = true | Refusal | Unchanged;

/**
 * The argument of `interceptDisconnect`: a connection is about to end by a DISCONNECT.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type DisconnectChanges,
 *   type DisconnectEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A sensor has no reason to leave: the will is sent even if it says goodbye.
 * class Sensors extends BasePlugin {
 *   override interceptDisconnect(
 *     event: DisconnectEvent,
 *   ): DisconnectChanges | undefined {
 *     const { session: { clientId }, byClient } = event;
 *     if (byClient && clientId.startsWith("sensor-")) return { sendWill: true };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Sensors] });
 * const watcher = await broker.connect();
 * await watcher.subscribe("lost");
 * const will = { topic: "lost", payload: "sensor 1" };
 * await (await broker.connect({ clientId: "sensor-1", will })).disconnect();
 * assertEquals((await watcher.receive()).text, "sensor 1");
 * ```
 */
export interface DisconnectEvent {
  /** The session. */
  readonly session: Session;
  /** Whether the client sends the DISCONNECT; else the broker does. */
  readonly byClient: boolean;
  /** Reason code of MQTT 5; 0 if a client of MQTT 3 ends it. */
  readonly reasonCode: number;
  /** Text, if there is one. */
  readonly reasonString: string | undefined;
  /** Whether the will is going to be sent. */
  readonly sendWill: boolean;
}

/**
 * What `interceptDisconnect` may change.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type DisconnectChanges,
 *   type DisconnectEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Contact extends BasePlugin<{ contact: string }> {
 *   override interceptDisconnect(
 *     { byClient, reasonString = "" }: DisconnectEvent,
 *   ): DisconnectChanges {
 *     if (byClient) return {};
 *     return { reasonString: `${reasonString} (ask ${this.config.contact})` };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Contact, options: { contact: "ops@example.com" } }],
 * });
 * const client = await broker.connect({ clientId: "alice" });
 * broker.context.disconnect("alice", { reasonString: "not paid" });
 * const { properties } = (await client.closed())!;
 * assertEquals(properties?.reasonString, "not paid (ask ops@example.com)");
 * ```
 */
export interface DisconnectChanges {
  /** Whether the will is sent. */
  sendWill?: boolean;
  /** Reason code that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonCode?: number;
  /** Text that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonString?: string;
}

/**
 * What `interceptDisconnect` answers. A promise is a mistake: the end cannot wait. A
 * plugin that fails changes nothing.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type DisconnectAnswer,
 *   type DisconnectEvent,
 * } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // A client that another connection has taken over is not gone: no will.
 * class Roaming extends BasePlugin {
 *   override interceptDisconnect({ reasonCode }: DisconnectEvent): DisconnectAnswer {
 *     if (reasonCode === 0x8e) return { sendWill: false };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Roaming] });
 * const watcher = await broker.connect();
 * await watcher.subscribe("lost");
 * const will = { topic: "lost", payload: "phone" };
 * const phone = await broker.connect({ clientId: "phone", will });
 * await broker.connect({ clientId: "phone" });
 * await phone.closed();
 * assertEquals(await watcher.received(), []);
 * ```
 */
export type DisconnectAnswer = DisconnectChanges | Unchanged;
