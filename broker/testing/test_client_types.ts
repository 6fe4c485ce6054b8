/** What a test tells a client, and what it gets from it. @module */

import type { Packet, QoS } from "../../plugins/mod.ts";

/**
 * A packet of one kind, as the package `mqtt-packet` describes it.
 *
 * @example
 * ```ts
 * import { type PacketOf, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const publish: PacketOf<"publish"> = {
 *   cmd: "publish",
 *   topic: "a",
 *   payload: "b",
 *   qos: 0,
 *   dup: false,
 *   retain: false,
 * };
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * await client.subscribe("a");
 * await client.send(publish);
 * assertEquals((await client.receive()).text, "b");
 * ```
 */
export type PacketOf<Cmd extends Packet["cmd"]> = Extract<Packet, { cmd: Cmd }>;

/**
 * How a {@linkcode TestClient} connects: any field of a CONNECT.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * await broker.connect({
 *   clientId: "alice",
 *   version: 4,
 *   username: "al",
 *   remoteAddress: "192.0.2.7",
 * });
 * const [session] = broker.context.sessions;
 * assertEquals(session.username, "al");
 * assertEquals(session.protocolVersion, 4);
 * assertEquals(session.remoteAddress, "192.0.2.7");
 * ```
 */
export interface TestClientOptions
  extends
    Partial<Omit<PacketOf<"connect">, "cmd" | "protocolVersion" | "password">> {
  /** Protocol level: 3 (MQTT 3.1), 4 (3.1.1) or 5. Default: 5. */
  version?: 3 | 4 | 5;
  /** Password. */
  password?: string | Uint8Array;
  /** Address that the broker and its plugins see. Default: `"192.0.2.1"`. */
  remoteAddress?: string;
  /** Name of the listener that plugins see. Default: `"default"`. */
  listener?: string;
}

/**
 * How a {@linkcode TestClient} publishes.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * await client.publish("lamp", "on", {
 *   retain: true,
 *   properties: { contentType: "text/plain" },
 * });
 * await client.subscribe("lamp");
 * const message = await client.receive("lamp");
 * assertEquals(message.retain, true);
 * assertEquals(message.properties?.contentType, "text/plain");
 * ```
 */
export interface TestPublishOptions {
  /** QoS. Default: 1, so that the broker says what it thinks of the message. */
  qos?: QoS;
  /** Whether the message is to be retained. Default: `false`. */
  retain?: boolean;
  /** MQTT 5 properties. */
  properties?: PacketOf<"publish">["properties"];
}

/**
 * How a {@linkcode TestClient} subscribes.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * await client.subscribe("all/#");
 * await client.subscribe("others/#", { qos: 1, noLocal: true });
 * await client.publish("others/a", "not for me");
 * await client.publish("all/a", "for me, too");
 * const texts = (await client.received()).map(({ text }) => text);
 * assertEquals(texts, ["for me, too"]);
 * ```
 */
export interface TestSubscribeOptions {
  /** Maximum QoS. Default: 2. */
  qos?: QoS;
  /** Whether the client's own messages are left out. Default: `false`. */
  noLocal?: boolean;
  /** Whether messages keep their retain flag. Default: `false`. */
  retainAsPublished?: boolean;
  /** 0 sends retained messages, 1 only of a new subscription, 2 never. Default: 0. */
  retainHandling?: 0 | 1 | 2;
  /** MQTT 5 properties. */
  properties?: PacketOf<"subscribe">["properties"];
}

/**
 * A message that a {@linkcode TestClient} got.
 *
 * @example
 * ```ts
 * import { type ReceivedMessage, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * function degrees({ topic, text }: ReceivedMessage): [string, number] {
 *   return [topic, JSON.parse(text).degrees];
 * }
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * await client.subscribe("sensor/+");
 * await client.publish("sensor/1", '{ "degrees": 21 }');
 * assertEquals(degrees(await client.receive()), ["sensor/1", 21]);
 * ```
 */
export interface ReceivedMessage {
  /** Topic name. */
  readonly topic: string;
  /** The payload. */
  readonly payload: Uint8Array;
  /** The payload as text. */
  readonly text: string;
  /** QoS with which it came. */
  readonly qos: QoS;
  /** The retain flag. */
  readonly retain: boolean;
  /** MQTT 5 properties; absent for MQTT 3. */
  readonly properties: PacketOf<"publish">["properties"];
}
