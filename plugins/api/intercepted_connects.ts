/**
 * What interceptors of CONNECT and CONNACK get, and what they may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { Session } from "./messages.ts";

/**
 * The argument of `interceptConnect`: a CONNECT, before anyone asked who it is.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnectAnswer, type ConnectEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Turns old firmware away, of clients that can say what they have.
 * class Firmware extends BasePlugin {
 *   override interceptConnect(
 *     { session, userProperties = [] }: ConnectEvent,
 *   ): ConnectAnswer {
 *     const version = Number(new Map(userProperties).get("firmware"));
 *     if (version >= 2 || session.protocolVersion < 5) return;
 *     return { allow: false, reasonString: "update the firmware" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Firmware] });
 * const properties = { userProperties: { firmware: "2.1" } };
 * assertEquals((await broker.connect({ properties })).code, 0);
 * assertEquals((await broker.connect()).code, 0x87);
 * ```
 */
export interface ConnectEvent {
  /** The session that the client would get; its `password` is set. */
  readonly session: Session;
  /** User properties of the CONNECT; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/**
 * What `interceptConnect` may change.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnectChanges, type ConnectEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Has gateways give a sign of life every minute, and keeps their sessions for a day.
 * class Gateways extends BasePlugin {
 *   override interceptConnect({ session }: ConnectEvent): ConnectChanges | undefined {
 *     if (!session.clientId.startsWith("gateway-")) return;
 *     return { keepAlive: 60, expiryInterval: 86_400, cleanStart: false };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Gateways] });
 * const { connack } = await broker.connect({ clientId: "gateway-7", keepalive: 3600 });
 * assertEquals(connack.properties?.serverKeepAlive, 60);
 * assertEquals(connack.properties?.sessionExpiryInterval, 86_400);
 * ```
 */
export interface ConnectChanges {
  /** Client identifier. */
  clientId?: string;
  /** User name. */
  username?: string;
  /** Password. */
  password?: Uint8Array;
  /**
   * Keep alive in seconds, 0 to 65535. Only a client of MQTT 5 is told: another one
   * that is given less than it asked for may be cut off.
   */
  keepAlive?: number;
  /** Seconds that the session outlives its connection; not above the broker's limit. */
  expiryInterval?: number;
  /** Whether an earlier session is deleted. */
  cleanStart?: boolean;
}

/**
 * What `interceptConnect` answers.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnectAnswer, type ConnectEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // `alice@acme` is the user `alice` of the tenant `acme`.
 * class Tenants extends BasePlugin {
 *   override interceptConnect({ session }: ConnectEvent): ConnectAnswer {
 *     const [username, tenant] = session.username?.split("@") ?? [];
 *     if (tenant === undefined) return false;
 *     return { username, clientId: `${tenant}/${session.clientId}` };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Tenants] });
 * await broker.connect({ clientId: "phone", username: "alice@acme" });
 * assertEquals(broker.context.getSession("acme/phone")?.username, "alice");
 * assertEquals((await broker.connect({ username: "bob" })).code, 0x87);
 * ```
 */
export type ConnectAnswer = ConnectChanges | Refusal | Unchanged;

/**
 * The argument of `interceptConnack`: the client is authenticated, and its session is
 * about to become its.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnackChanges, type ConnackEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Tells a client that comes back how much has waited for it.
 * class Waiting extends BasePlugin {
 *   override interceptConnack(event: ConnackEvent): ConnackChanges | undefined {
 *     const earlier = this.context.getSession(event.session.clientId);
 *     if (earlier === undefined || !event.sessionPresent) return;
 *     return { userProperties: [["waiting", `${earlier.queuedCount}`]] };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Waiting] });
 * broker.context.addSubscription("alice", "news", 1);
 * broker.context.publish("news", "rain", { qos: 1 });
 * const { connack } = await broker.connect({ clientId: "alice", clean: false });
 * assertEquals(connack.properties?.userProperties?.waiting, "1");
 * ```
 */
export interface ConnackEvent {
  /** The session that the client asks for. */
  readonly session: Session;
  /** Whether an earlier session will be found. */
  readonly sessionPresent: boolean;
  /** User properties that the CONNACK will have. */
  readonly userProperties: ReadonlyArray<
    readonly [name: string, value: string]
  >;
  /** Text that the CONNACK will have. */
  readonly reasonString: string | undefined;
  /** Response information that the client will get if it asked for it. */
  readonly responseInformation: string | undefined;
}

/**
 * What `interceptConnack` may change; only clients of MQTT 5 see it.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnackChanges, type ConnackEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // Tells clients where they may have the answers to their requests sent.
 * class Replies extends BasePlugin {
 *   override interceptConnack({ session }: ConnackEvent): ConnackChanges {
 *     return { responseInformation: `replies/${session.clientId}/` };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Replies] });
 * const { connack } = await broker.connect({
 *   clientId: "alice",
 *   properties: { requestResponseInformation: true },
 * });
 * assertEquals(connack.properties?.responseInformation, "replies/alice/");
 * ```
 */
export interface ConnackChanges {
  /** User properties, added to those of other plugins. */
  userProperties?: ReadonlyArray<readonly [name: string, value: string]>;
  /** Text for the client. */
  reasonString?: string;
  /** Response information (MQTT 5, section 3.2.2.3.15), if the client asked for it. */
  responseInformation?: string;
}

/**
 * What `interceptConnack` answers: a refusal is the last chance to turn a client away.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConnackAnswer, type ConnackEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * // One connection for each user, who is known for certain by now.
 * class OnlyOne extends BasePlugin {
 *   override interceptConnack({ session }: ConnackEvent): ConnackAnswer {
 *     const { username, clientId } = session;
 *     const others = this.context.clients({ username, connected: true }).items
 *       .filter((other) => other.clientId !== clientId);
 *     if (others.length > 0) return { allow: false, reasonCode: 0x97 };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [OnlyOne] });
 * assertEquals((await broker.connect({ username: "alice" })).code, 0);
 * assertEquals((await broker.connect({ username: "alice" })).code, 0x97);
 * ```
 */
export type ConnackAnswer = ConnackChanges | Refusal | Unchanged;
